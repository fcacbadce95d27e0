// The worker thread that plays scripts, one after the other, each with plugins and services of its own. It
// says when it begins a step and what it saw, so that whoever watches knows which step did not return.
import { parentPort } from "node:worker_threads";
import { Player } from "./play.ts";
import type { Seen, Step } from "./script.ts";

export type Report =
  | { readonly begin: Step["do"] }
  | { readonly seen: Seen }
  | { readonly done: true }
  /** A mistake of ours, with its stack. */
  | { readonly broken: string };

const port = parentPort;
if (port === null) throw new Error("this file runs as a worker thread only");
const post = (report: Report): void => port.postMessage(report);

function play(steps: readonly Step[]): void {
  const player = new Player();
  for (const step of steps) {
    post({ begin: step.do });
    const seen = player.play(step);
    post({ seen });
    // Nothing can be asked of a plugin that was not loaded.
    if (seen.do === "load" && seen.refused !== null) return;
  }
}

port.on("message", (steps: readonly Step[]) => {
  try {
    play(steps);
    post({ done: true });
  } catch (error) {
    post({ broken: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});

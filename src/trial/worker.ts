// The worker thread that plays one script. It says when it begins a step and what it saw, so that whoever
// watches knows which step did not return.
import { parentPort, workerData } from "node:worker_threads";
import { Player } from "./play.ts";
import type { Seen, Step } from "./script.ts";

export type Report =
  | { readonly begin: Step["do"] }
  | { readonly seen: Seen }
  | { readonly done: true };

const post = (report: Report): void => parentPort?.postMessage(report);

const player = new Player();
for (const step of workerData as readonly Step[]) {
  post({ begin: step.do });
  const seen = player.play(step);
  post({ seen });
  // Nothing can be asked of a plugin that was not loaded.
  if (seen.do === "load" && seen.refused !== null) break;
}
post({ done: true });

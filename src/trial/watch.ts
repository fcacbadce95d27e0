// Plays scripts where they can do no harm: in worker threads, with a watchdog that stops them. A plugin that
// never returns is thereby a measurement: which step, and after how long it was stopped.
import { Worker } from "node:worker_threads";
import type { Run, Seen, Step } from "./script.ts";
import type { Report } from "./worker.ts";

/** A worker whose plugins held more than this is not used again: its memory is given back by ending it. */
const PAGES = 1024;

function pagesOf(seen: Seen): number {
  return seen.do === "load" ? 0 : seen.after.pages;
}

/** One worker at a time, made when it is needed. */
class Lane {
  #worker: Worker | null = null;

  /** Plays `steps`; each step has `limit` milliseconds to return. */
  play(steps: readonly Step[], limit: number): Promise<Run> {
    const worker = this.#open();
    return new Promise((resolve, reject) => {
      const seen: Seen[] = [];
      let timer: NodeJS.Timeout | undefined;
      const settle = (act: () => void, reuse: boolean): void => {
        clearTimeout(timer);
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        if (reuse) act();
        else this.close().then(act, reject);
      };
      const onMessage = (report: Report): void => {
        clearTimeout(timer);
        if ("begin" in report) {
          const hung = { step: report.begin, ms: limit };
          timer = setTimeout(() => settle(() => resolve({ seen, hung }), false), limit);
        } else if ("seen" in report) seen.push(report.seen);
        else if ("done" in report) {
          settle(
            () => resolve({ seen, hung: null }),
            seen.every((one) => pagesOf(one) <= PAGES),
          );
        } else settle(() => reject(new Error(`a trial's script failed: ${report.broken}`)), false);
      };
      const onError = (error: unknown): void => settle(() => reject(error), false);
      const onExit = (code: number): void => {
        settle(() => reject(new Error(`the worker of a trial ended with code ${code}`)), false);
      };
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
      worker.postMessage(steps);
    });
  }

  #open(): Worker {
    // Nothing of the parent's output belongs to a plugin.
    const options = { stdout: true, stderr: true } as const;
    this.#worker ??= new Worker(new URL("./worker.js", import.meta.url), options);
    return this.#worker;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }
}

/** A few workers side by side; who comes first is played first. */
export class Lanes {
  readonly #all: readonly Lane[];
  readonly #free: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  constructor(width: number) {
    this.#all = Array.from({ length: width }, () => new Lane());
    this.#free = [...this.#all];
  }

  async play(steps: readonly Step[], limit: number): Promise<Run> {
    const lane = this.#free.pop() ?? (await new Promise<Lane>((next) => this.#waiting.push(next)));
    try {
      return await lane.play(steps, limit);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(lane);
      else next(lane);
    }
  }

  /** Ends the workers; nothing may be playing. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((lane) => lane.close()));
  }
}

// Plays a script where it can do no harm: in a worker thread, with a watchdog that stops it. A plugin that
// never returns is thereby a measurement: which step, and after how long it was stopped.
import { Worker } from "node:worker_threads";
import type { Run, Seen, Step } from "./script.ts";
import type { Report } from "./worker.ts";

/** Plays `steps`; each step has `limit` milliseconds to return. */
export function watch(steps: readonly Step[], limit: number): Promise<Run> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      workerData: steps,
      // Nothing of the parent's output belongs to a plugin.
      stdout: true,
      stderr: true,
    });
    const seen: Seen[] = [];
    let timer: NodeJS.Timeout | undefined;
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      worker.terminate().then(act, reject);
    };
    worker.on("message", (report: Report) => {
      clearTimeout(timer);
      if ("begin" in report) {
        const step = report.begin;
        timer = setTimeout(() => settle(() => resolve({ seen, hung: { step, ms: limit } })), limit);
      } else if ("seen" in report) seen.push(report.seen);
      else settle(() => resolve({ seen, hung: null }));
    });
    worker.on("error", (error) => settle(() => reject(error)));
    worker.on("exit", (code) => {
      settle(() => reject(new Error(`the worker of a trial ended by itself with code ${code}`)));
    });
  });
}

/** Lets at most `width` tasks run at a time, in the order in which they came. */
export class Lanes {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      // A lane goes straight to the next in line.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

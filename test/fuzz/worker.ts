// Runs seeds of one target in a thread, so that the command line notices a module that never ends. Every seed
// is written to shared memory before it runs; a tally is posted every few seconds.
import { parentPort, workerData } from "node:worker_threads";
import { runSeeds } from "./target.ts";
import { targets } from "./targets.ts";

export interface Work {
  readonly target: string;
  readonly from: number;
  readonly runs: number;
  readonly seconds: number;
  readonly rare: number;
  readonly wasmtime: boolean;
  /** One number: the seed that runs now. */
  readonly now: SharedArrayBuffer;
}

/** Seconds between two posts. */
const PIECE = 5;

const work = workerData as Work;
const now = new Float64Array(work.now);
const target = targets[work.target]!(work);
parentPort!.postMessage({ versions: target.versions });
const until = performance.now() + work.seconds * 1000;
for (let from = work.from; from < work.from + work.runs; ) {
  const left = (until - performance.now()) / 1000;
  if (left <= 0) break;
  const tally = await runSeeds(
    target,
    from,
    work.from + work.runs - from,
    Math.min(left, PIECE),
    (seed) => {
      now[0] = seed;
    },
  );
  from += tally.runs;
  parentPort!.postMessage({ tally, next: from });
}
target.end();

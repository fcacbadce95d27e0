// A thread's heartbeat in shared memory: when it last went round its loop, and which plugin's step it is in. The
// control thread reads it also while the thread hangs; nothing waits for anything.
import type { Phase } from "../chain/seams.ts";

/** Steps by number; 0 is none. */
export const steps = [
  "none",
  "request_headers",
  "request_body",
  "request_trailers",
  "response_headers",
  "response_body",
  "response_trailers",
  "log",
  "start",
  "timer",
  "open",
  "new_connection",
  "downstream_data",
  "upstream_data",
] as const;

export type StepName = (typeof steps)[number];

const BEAT = 0;
const PLUGIN = 1;
const STEP = 2;
const numbers = new Map<string, number>(steps.map((name, number) => [name, number]));

/** A fresh one: beats, the plugin's number, the step's number. */
export const newPulse = (): SharedArrayBuffer => new SharedArrayBuffer(3 * 4);

/** The writing end. */
export class Pulse {
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  beat(): void {
    Atomics.add(this.#cells, BEAT, 1);
  }

  enter(plugin: number, step: Phase | StepName): void {
    this.#cells[PLUGIN] = plugin;
    this.#cells[STEP] = numbers.get(step)!;
  }

  leave(): void {
    this.#cells[STEP] = 0;
  }
}

export interface PulseReading {
  readonly beats: number;
  /** Place of the plugin in the configuration. */
  readonly plugin: number;
  readonly step: StepName;
}

export function readPulse(memory: SharedArrayBuffer): PulseReading {
  const cells = new Int32Array(memory);
  return {
    beats: Atomics.load(cells, BEAT),
    plugin: Atomics.load(cells, PLUGIN),
    step: steps[Atomics.load(cells, STEP)] ?? "none",
  };
}

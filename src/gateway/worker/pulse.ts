// A thread's heartbeat in shared memory: when it last went round its loop, and which plugin's step it is in. The
// control thread reads it also while the thread hangs; nothing waits for anything.
import { STEP, type Step, stepName } from "../chain/steps.ts";

const BEAT = 0;
const PLUGIN = 1;
const AT = 2;

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

  enter(plugin: number, step: Step): void {
    this.#cells[PLUGIN] = plugin;
    this.#cells[AT] = step;
  }

  leave(): void {
    this.#cells[AT] = STEP.none;
  }
}

export interface PulseReading {
  readonly beats: number;
  /** Place of the plugin in the configuration. */
  readonly plugin: number;
  /** The step's name; `none` where it is in no plugin. */
  readonly step: string;
}

export function readPulse(memory: SharedArrayBuffer): PulseReading {
  const cells = new Int32Array(memory);
  return {
    beats: Atomics.load(cells, BEAT),
    plugin: Atomics.load(cells, PLUGIN),
    step: stepName(Atomics.load(cells, AT)),
  };
}

// Records of what plugins do under live traffic (`glovebox run --record DIR`): one recorder a plugin and thread,
// written as a file of its own every few seconds and at the end. `policy learn` and `policy fit` add them up.
import { join } from "node:path";
import { Recorder } from "../../record/recorder.ts";
import { atomicWrite } from "../../util/atomic-write.ts";
import type { Prepared } from "../plugins/prepare.ts";

/** How often what is new is written, in milliseconds. */
const EVERY = 5_000;

export interface RecordingParts {
  readonly folder: string;
  /** Tells the runs of one folder apart; names of files have it. */
  readonly run: string;
  readonly thread: number;
  readonly now: () => number;
  readonly failed: (file: string, reason: string) => void;
}

interface Running {
  readonly recorder: Recorder;
  readonly file: string;
  /** Whether its plugin has ended. */
  readonly gone: () => boolean;
  written: string;
}

export class Recording {
  readonly #parts: RecordingParts;
  #running: Running[] = [];
  #made = 0;
  #last = 0;
  #busy: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(parts: RecordingParts) {
    this.#parts = parts;
    this.#last = parts.now();
  }

  /** A recorder for a plugin that was loaded. `gone` says when nothing more comes. */
  recorder({ config, module, policy }: Prepared, gone: () => boolean): Recorder | null {
    if (module === null || policy === null) return null;
    const { folder, run, thread } = this.#parts;
    const { mode, costs } = policy.limits.fuel;
    const recorder = new Recorder({
      plugin: config.name,
      module: module.digest,
      fuel: module.hardened === "no" ? null : { mode, costs },
    });
    const name = config.name.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 100);
    const file = join(folder, `${name}.${run}.${thread}.${++this.#made}.json`);
    this.#running.push({ recorder, file, gone, written: "" });
    return recorder;
  }

  /** Writes what has changed, where it is time; those of plugins that have ended a last time. */
  tick(): void {
    if (this.#parts.now() - this.#last < EVERY) return;
    void this.flush();
  }

  /** Writes what has changed; one after the other. Never rejects. */
  flush(): Promise<void> {
    this.#last = this.#parts.now();
    this.#busy = this.#busy.then(() => this.#write());
    return this.#busy;
  }

  async #write(): Promise<void> {
    for (const one of this.#running) {
      const gone = one.gone();
      const record = one.recorder.record();
      const text = `${JSON.stringify(record)}\n`;
      if (record.requests > 0 && text !== one.written) await this.#replace(one, text);
      if (gone) this.#running = this.#running.filter((other) => other !== one);
    }
  }

  async #replace(one: Running, text: string): Promise<void> {
    try {
      await atomicWrite(one.file, text);
      one.written = text;
      this.#failed = false;
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      if (!this.#failed) this.#parts.failed(one.file, reason);
      this.#failed = true;
    }
  }
}

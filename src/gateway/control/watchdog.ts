// Sees threads that don't go round their loop any more, and says which plugin's step they are in. It ends nothing:
// a hardened plugin comes back by itself, and one that runs as shipped was asked for.
import type { ThreadHandle } from "./thread-handle.ts";

/** How often it looks, and after how long without a beat a thread counts as hanging, in milliseconds. */
const EVERY = 500;
const HANGS = 2000;

export interface WatchdogParts {
  readonly threads: () => readonly ThreadHandle[];
  readonly plugin: (place: number) => string;
  readonly say: (text: string) => void;
}

interface Seen {
  beats: number;
  still: number;
}

export class Watchdog {
  readonly #parts: WatchdogParts;
  readonly #seen = new Map<number, Seen>();
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.look(), EVERY);
  }

  /** One look, `EVERY` milliseconds after the last. */
  look(): void {
    for (const thread of this.#parts.threads()) {
      const { beats, plugin, step } = thread.pulse();
      const seen = this.#seen.get(thread.number);
      if (seen === undefined || seen.beats !== beats) {
        if (seen !== undefined && seen.still >= HANGS) {
          this.#parts.say(
            `thread ${thread.number} goes on after about ${Math.round(seen.still / 1000)} s`,
          );
        }
        this.#seen.set(thread.number, { beats, still: 0 });
        continue;
      }
      const before = seen.still;
      seen.still += EVERY;
      if (before >= HANGS || seen.still < HANGS) continue;
      const where =
        step === "none" ? "in no plugin" : `in ${step} of plugin ${this.#parts.plugin(plugin)}`;
      this.#parts.say(`thread ${thread.number} hangs ${where}; the other threads go on`);
    }
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

// What plugins and the gateway say in one thread: collected, limited plugin by plugin, and sent to the control
// thread a few times a second. A plugin that floods costs a fixed amount; what is left out is counted and told.
import type { LogLine } from "../../host/log.ts";
import { LogRing } from "../../host/log.ts";
import type { Cell, StatCells } from "../stats/cells.ts";
import type { LogEntry } from "./messages.ts";

export const levels = ["trace", "debug", "info", "warning", "error", "critical"] as const;

/** Lines a second that one plugin may write for long, and at once. */
const RATE = 500;
const BURST = 2000;
/** Entries that wait to be sent; beyond, they are dropped. */
const WAITING = 10_000;

interface Bucket {
  tokens: number;
  last: number;
  dropped: number;
  readonly counter: Cell;
}

export interface ThreadLogParts {
  readonly send: (entries: readonly LogEntry[]) => void;
  readonly stats: StatCells;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
}

/** The host's log, and the gateway's own. */
export class ThreadLog extends LogRing {
  readonly #parts: ThreadLogParts;
  readonly #buckets = new Map<string, Bucket>();
  #entries: LogEntry[] = [];

  constructor(parts: ThreadLogParts) {
    super(1);
    this.#parts = parts;
  }

  override push({ level, text, plugin }: LogLine): void {
    const now = this.#parts.wall();
    const bucket = this.#bucket(plugin, now);
    bucket.tokens = Math.min(BURST, bucket.tokens + ((now - bucket.last) * RATE) / 1000);
    bucket.last = now;
    if (bucket.tokens < 1) {
      bucket.dropped++;
      bucket.counter.add(1);
      return;
    }
    bucket.tokens--;
    if (bucket.dropped > 0) {
      const lost = `${bucket.dropped} lines of this plugin were dropped`;
      bucket.dropped = 0;
      this.#add({ time: now, level: "warning", plugin, text: lost });
    }
    this.#add({ time: now, level: levels[level] ?? "info", plugin, text });
  }

  #bucket(plugin: string, now: number): Bucket {
    let bucket = this.#buckets.get(plugin);
    if (bucket === undefined) {
      const counter = this.#parts.stats.cell("logDropped", { plugin });
      bucket = { tokens: BURST, last: now, dropped: 0, counter };
      this.#buckets.set(plugin, bucket);
    }
    return bucket;
  }

  /** A line of the gateway itself. */
  say(level: LogEntry["level"], text: string): void {
    this.#add({ time: this.#parts.wall(), level, plugin: null, text });
  }

  #add(entry: LogEntry): void {
    if (this.#entries.length < WAITING) this.#entries.push(entry);
  }

  /** Sends what has come together. */
  flush(): void {
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    this.#parts.send(entries);
  }
}

// Ticks and time-outs of all plugins of a thread, with one timer: it is set for the first that is due.
import type { ServedPlugin } from "./served-plugin.ts";

const MILLISECOND = 1_000_000n;
/** The longest sleep, in milliseconds: Node's timers take no more than 31 bits. */
const LONGEST = 60_000;

export class Timers {
  readonly #plugins: () => Iterable<ServedPlugin>;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | null = null;
  #running = false;

  constructor(plugins: () => Iterable<ServedPlugin>, now: () => number) {
    this.#plugins = plugins;
    this.#now = now;
  }

  /** Something may be due sooner than was thought. */
  arm(): void {
    if (this.#running) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), 0);
  }

  #run(): void {
    this.#timer = null;
    this.#running = true;
    let next: bigint | null = null;
    for (const served of this.#plugins()) {
      const due = served.poll(this.#now);
      if (due !== null && (next === null || due < next)) next = due;
    }
    this.#running = false;
    if (next === null) return;
    const wait = Number((next - process.hrtime.bigint()) / MILLISECOND) + 1;
    this.#timer = setTimeout(() => this.#run(), Math.min(LONGEST, Math.max(1, wait)));
  }
}

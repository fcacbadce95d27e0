// What keeps a cell within its share of the processor: while the share is used up, requests wait; when too many
// wait, they are answered 503. So whoever keeps an expensive plugin busy keeps only its own requests waiting. All
// that the thread does counts, its fresh instances and what they leave to be collected as well.
import type { Exchange } from "../http/exchange.ts";
import type { Cell, StatCells } from "../stats/cells.ts";
import { Share } from "./share.ts";
import { overload, type Prospects, Waiting } from "./waiting.ts";

/** Requests that may wait; beyond, the answer is 503. */
const WAITING = 128;
const OVERLOAD = "overload: the plugin of this route has used up its share of the processor\n";

export interface CellGateParts {
  readonly plugin: string;
  /** Of one processor. */
  readonly share: number;
  readonly stats: StatCells;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds that this thread has been busy so far. */
  readonly busy: () => number;
}

export class CellGate {
  readonly #share: Share;
  readonly #now: () => number;
  readonly #busy: () => number;
  #counted: number;
  readonly #overload: Cell;
  readonly #waited: Cell;
  readonly #queue: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor({ plugin, share, stats, now, busy }: CellGateParts) {
    this.#share = new Share(share, 0);
    this.#now = now;
    this.#busy = busy;
    this.#counted = busy();
    this.#overload = stats.cell("overload", { plugin });
    this.#waited = stats.cell("cellWaited", { plugin });
  }

  /** Requests that have not begun. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Milliseconds until the thread is within its share again. */
  #debt(): number {
    const now = this.#now();
    const busy = this.#busy();
    this.#share.spend(busy - this.#counted, now);
    this.#counted = busy;
    return this.#share.debt(now);
  }

  /** Begins a request now, later, or never. */
  pass(exchange: Exchange, prospects: Prospects): void {
    if (this.#queue.length === 0 && this.#debt() === 0) {
      prospects.begin();
      return;
    }
    if (this.#queue.length >= WAITING) {
      this.#overload.add(1);
      prospects.refuse(overload(OVERLOAD));
      return;
    }
    this.#waited.add(1);
    this.#queue.push(new Waiting(exchange, prospects));
    this.#arm();
  }

  #arm(): void {
    if (this.#timer !== null || this.#queue.length === 0) return;
    const wait = Math.max(1, Math.min(1000, this.#debt()));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      while (this.#queue.length > 0 && this.#debt() === 0) {
        this.#queue.shift()!.go();
      }
      this.#arm();
    }, wait);
  }
}

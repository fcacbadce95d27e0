// What keeps a cell within its share of the processor: while the share is used up, requests wait; when too many
// wait, they are answered 503. So whoever keeps an expensive plugin busy keeps only its own requests waiting.
import { HeaderMap } from "../../host/header-map.ts";
import type { Exchange, MessageSink } from "../http/exchange.ts";
import type { Cell, StatCells } from "../stats/cells.ts";
import { Share } from "./share.ts";

/** Requests that may wait; beyond, the answer is 503. */
const WAITING = 128;
const OVERLOAD = Buffer.from(
  "overload: the plugin of this route has used up its share of the processor\n",
);

/** What is left of a request that was refused. */
const DEAF: MessageSink = {
  data: () => {},
  trailers: () => {},
  reset: () => {},
  pause: () => {},
  resume: () => {},
};

export class CellGate {
  readonly #share: Share;
  readonly #now: () => number;
  readonly #overload: Cell;
  readonly #waited: Cell;
  readonly #queue: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(plugin: string, share: number, stats: StatCells, now: () => number) {
    this.#share = new Share(share, 0);
    this.#now = now;
    this.#overload = stats.cell("overload", { plugin });
    this.#waited = stats.cell("cellWaited", { plugin });
  }

  /** The plugin has taken so many milliseconds. */
  spend(time: number): void {
    this.#share.spend(time, this.#now());
  }

  /** Begins a request now, later, or never. */
  pass(exchange: Exchange, begin: () => void): void {
    if (this.#queue.length === 0 && this.#share.debt(this.#now()) === 0) {
      begin();
      return;
    }
    if (this.#queue.length >= WAITING) {
      this.#refuse(exchange);
      return;
    }
    this.#waited.add(1);
    this.#queue.push(new Waiting(exchange, begin));
    this.#arm();
  }

  #refuse(exchange: Exchange): void {
    this.#overload.add(1);
    exchange.sink = DEAF;
    const headers = HeaderMap.from([
      [":status", "503"],
      ["content-type", "text/plain"],
      ["content-length", String(OVERLOAD.length)],
      ["retry-after", "1"],
    ]);
    exchange.sendHeaders(headers, false);
    exchange.sendData(OVERLOAD, true);
  }

  #arm(): void {
    if (this.#timer !== null || this.#queue.length === 0) return;
    const wait = Math.max(1, Math.min(1000, this.#share.debt(this.#now())));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      while (this.#queue.length > 0 && this.#share.debt(this.#now()) === 0) {
        this.#queue.shift()!.go();
      }
      this.#arm();
    }, wait);
  }
}

/** A request that waits: its reading is stopped, and what has come nevertheless is kept. */
class Waiting implements MessageSink {
  readonly #exchange: Exchange;
  readonly #begin: () => void;
  readonly #came: ((sink: MessageSink) => void)[] = [];
  #gone = false;

  constructor(exchange: Exchange, begin: () => void) {
    this.#exchange = exchange;
    this.#begin = begin;
    exchange.sink = this;
    exchange.pauseReading();
  }

  go(): void {
    if (this.#gone) return;
    this.#begin();
    for (const event of this.#came) event(this.#exchange.sink);
    this.#exchange.resumeReading();
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.#came.push((sink) => sink.data(bytes, end));
  }

  trailers(trailers: HeaderMap): void {
    this.#came.push((sink) => sink.trailers(trailers));
  }

  reset(): void {
    this.#gone = true;
  }

  pause(): void {}
  resume(): void {}
}

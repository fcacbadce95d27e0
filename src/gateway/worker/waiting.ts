// Requests that wait before anything is done with them, and requests that are refused for it.
import { HeaderMap } from "../../host/header-map.ts";
import type { Exchange, MessageSink } from "../http/exchange.ts";

/** What is left of a request that was refused. */
const DEAF: MessageSink = {
  data: () => {},
  trailers: () => {},
  reset: () => {},
  pause: () => {},
  resume: () => {},
};

/** Answers 503 with a reason. */
export function refuse(exchange: Exchange, reason: string): void {
  const body = Buffer.from(reason);
  exchange.sink = DEAF;
  const headers = HeaderMap.from([
    [":status", "503"],
    ["content-type", "text/plain"],
    ["content-length", String(body.length)],
    ["retry-after", "1"],
  ]);
  exchange.sendHeaders(headers, false);
  exchange.sendData(body, true);
}

/** A request that waits: its reading is stopped, and what has come nevertheless is kept. */
export class Waiting implements MessageSink {
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

  /** It waits no longer, in vain. */
  refuse(reason: string): void {
    if (!this.#gone) refuse(this.#exchange, reason);
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

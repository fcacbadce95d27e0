// Requests that wait before anything is done with them, and the answer to those that wait in vain.
import type { HeaderMap } from "../../host/header-map.ts";
import type { Answer } from "../chain/seams.ts";
import type { Exchange, MessageSink } from "../http/exchange.ts";

/** A 503 with a reason; the flag is Envoy's for what its overload manager refuses. */
export function overload(reason: string): Answer {
  return {
    status: 503,
    details: "overload",
    headers: [
      ["content-type", "text/plain"],
      ["retry-after", "1"],
    ],
    body: Buffer.from(reason),
    flags: "OM",
  };
}

/** What may become of a request that waits. */
export interface Prospects {
  begin(): void;
  refuse(answer: Answer): void;
}

/** A request that waits: its reading is stopped, and what has come nevertheless is kept. */
export class Waiting implements MessageSink {
  readonly #exchange: Exchange;
  readonly #prospects: Prospects;
  readonly #came: ((sink: MessageSink) => void)[] = [];
  #gone = false;

  constructor(exchange: Exchange, prospects: Prospects) {
    this.#exchange = exchange;
    this.#prospects = prospects;
    exchange.sink = this;
    exchange.pauseReading();
  }

  /** It waits no longer, in vain. */
  refuse(reason: string): void {
    if (!this.#gone) this.#prospects.refuse(overload(reason));
  }

  go(): void {
    if (this.#gone) return;
    this.#prospects.begin();
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

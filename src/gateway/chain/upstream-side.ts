// What the router says of one request, as long as anybody wants it: passed on to the last filter. The invariant: once it
// is stopped, nothing it hears reaches the stream.
import type { HeaderMap } from "../../host/header-map.ts";
import type { ResetReason, UpstreamInfo } from "../http/exchange.ts";
import type { HttpStream } from "./http-stream.ts";
import type { Answer, RouterSink } from "./seams.ts";

export class UpstreamSide implements RouterSink {
  #stream: HttpStream | null;
  /** Everything has come. */
  complete = false;

  constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  stop(): void {
    this.#stream = null;
  }

  connected(info: UpstreamInfo): void {
    if (this.#stream !== null) this.#stream.upstream = info;
  }

  interim(headers: HeaderMap): void {
    this.#stream?.exchange.sendInterim(headers);
  }

  headers(headers: HeaderMap, end: boolean): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.complete = end;
    stream.upstreamAnswered = stream.service.clock.now();
    stream.details ||= "via_upstream";
    const cluster = stream.matched?.cluster;
    if (cluster) {
      stream.service.counters.upstreamAnswered?.(cluster.name, Number(headers.get(":status")));
    }
    stream.responseFrom(stream.nodes.length, headers, end);
  }

  data(bytes: Uint8Array, end: boolean): void {
    if (end) this.complete = true;
    this.#stream?.responseDataFrom(this.#stream.nodes.length, bytes, end);
  }

  trailers(trailers: HeaderMap): void {
    this.complete = true;
    this.#stream?.responseTrailersFrom(this.#stream.nodes.length, trailers);
  }

  reset(reason: ResetReason): void {
    this.complete = true;
    this.#stream?.upstreamReset(reason);
  }

  answer(answer: Answer): void {
    this.complete = true;
    const stream = this.#stream;
    stream?.answerAt(stream.nodes.length, answer);
  }

  pause(): void {
    this.#stream?.upstreamSlow(true);
  }

  resume(): void {
    this.#stream?.upstreamSlow(false);
  }
}

// Traces and spans of one thread: which requests are traced, and what is told of those that are over. Costs nothing
// but a look at two fields while nobody has asked.
import type { HttpStream } from "../chain/http-stream.ts";
import type { StreamObserver } from "../chain/service.ts";
import { beginSpan, type Span, spanOf } from "../chain/spans.ts";
import { TraceRecorder } from "../chain/trace.ts";
import type { FromThread } from "./messages.ts";

/** Requests that one order may trace. */
export const TRACED_AT_ONCE = 100;

export class Observing implements StreamObserver {
  readonly #send: (message: FromThread) => void;
  readonly #spansWanted: boolean;
  #left = 0;
  #spans: Span[] = [];

  constructor(spans: boolean, send: (message: FromThread) => void) {
    this.#spansWanted = spans;
    this.#send = send;
  }

  /** Traces the next requests. */
  trace(requests: number): void {
    this.#left = Math.min(TRACED_AT_ONCE, requests);
  }

  /** Whether requests are being traced. */
  get tracing(): boolean {
    return this.#left > 0;
  }

  begin(stream: HttpStream): void {
    if (this.#spansWanted) stream.span = beginSpan(stream.exchange.headers);
    if (this.#left > 0) {
      this.#left--;
      stream.trace = new TraceRecorder();
    }
  }

  end(stream: HttpStream): void {
    const { span, trace, exchange } = stream;
    if (span?.sampled === true) this.#spans.push(spanOf(stream, span));
    if (trace === null) return;
    this.#send({
      kind: "trace",
      trace: {
        time: stream.startTime,
        method: exchange.headers.get(":method") ?? "",
        route: stream.matched?.route.name ?? "",
        status: Number(stream.responseHeaders?.get(":status") ?? 0),
        details: stream.details,
        milliseconds: Math.round((stream.finished - exchange.started) * 1000) / 1000,
        callbacks: trace.callbacks,
      },
    });
  }

  flush(): void {
    if (this.#spans.length === 0) return;
    const spans = this.#spans;
    this.#spans = [];
    this.#send({ kind: "spans", spans });
  }
}

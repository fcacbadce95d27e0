// What has passed a plugin in one direction and waits for whoever sends it on. It can be looked at as a whole, or
// drained piece by piece: headers once, body as it comes, trailers, and the end exactly once.
import { BodyBuffer } from "./body.ts";
import type { HeaderMap } from "./header-map.ts";

const NOTHING = new Uint8Array(0);

/** Takes one message: headers, then pieces, then trailers or not. `end` comes exactly once; trailers are an end. */
export interface OutflowSink {
  headers(headers: HeaderMap, end: boolean): void;
  data(bytes: Uint8Array, end: boolean): void;
  trailers(trailers: HeaderMap): void;
}

export class Outflow {
  headers: HeaderMap | null = null;
  trailers: HeaderMap | null = null;
  /** Nothing more will come. */
  ended = false;
  #body: BodyBuffer | null = null;
  #headersGiven = false;
  #endGiven = false;

  /** What is there of the body and was not taken yet. */
  get body(): BodyBuffer {
    this.#body ??= new BodyBuffer();
    return this.#body;
  }

  /** Whether a sink has been given the headers: from then on they can't be taken back. */
  get begun(): boolean {
    return this.#headersGiven;
  }

  /** Whether a sink has been given everything. */
  get complete(): boolean {
    return this.#endGiven;
  }

  /**
   * Gives a sink what it was not given yet. A call from inside of the sink is allowed; it goes on where the
   * outer one is.
   */
  drain(sink: OutflowSink): void {
    if (this.headers === null || this.#endGiven) return;
    if (!this.#headersGiven) {
      this.#headersGiven = true;
      const end = this.#lastIs("headers");
      this.#endGiven = end;
      sink.headers(this.headers, end);
    }
    if (this.#body !== null && this.#body.length > 0 && !this.#endGiven) {
      const end = this.#lastIs("body");
      this.#endGiven = end;
      sink.data(this.#body.take(), end);
    }
    if (!this.ended || this.#endGiven) return;
    this.#endGiven = true;
    if (this.trailers === null) sink.data(NOTHING, true);
    else sink.trailers(this.trailers);
  }

  #lastIs(part: "headers" | "body"): boolean {
    if (!this.ended || this.trailers !== null) return false;
    return part === "body" || this.#body === null || this.#body.length === 0;
  }
}

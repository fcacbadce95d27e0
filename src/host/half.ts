// One direction of a request: request or response. It calls the plugin for headers, body and trailers, holds
// back what the plugin has paused and lets go what it has not. What has passed the plugin is in `out`.
// It follows Envoy's filter statuses; it knows no network.
import { DATA_ACTION, HEADERS_ACTION } from "../spec/status.ts";
import { BodyBuffer } from "./body.ts";
import { caps } from "./caps.ts";
import { HeaderMap } from "./header-map.ts";
import { Outflow } from "./outflow.ts";

export type HalfName = "request" | "response";

/** What is asked of the plugin and of the stream around it. */
export interface HalfOwner {
  /** Around everything that comes from outside: notices of what happened meanwhile go out at the last leave. */
  enter(): void;
  leave(): void;
  /** Calls the plugin; a number is its answer, null means the plugin has no such callback or is skipped. */
  callHeaders(half: HalfName, count: number, end: boolean): number | null;
  callBody(half: HalfName, size: number, end: boolean): number | null;
  callTrailers(half: HalfName, count: number): number | null;
  /** True once a local response, a failure or a reset has taken this direction over. */
  stopped(half: HalfName): boolean;
  /** More is held back than may be. */
  overflow(half: HalfName): void;
  /** `out` or `full` has changed by something else than what was fed. */
  released(half: HalfName): void;
}

type Hold =
  | "none"
  | "headers" // everything waits: nothing more is shown to the plugin until it continues
  | "headers-only" // headers wait, body callbacks go on
  | "body"
  | "trailers";

export class Half {
  readonly #owner: HalfOwner;
  readonly #name: HalfName;
  /** Bytes that may be held back; beyond, the sender is stopped or the request fails, as the plugin asked. */
  readonly #limit: number;
  /** Shown to the guest; null when not available. */
  headers: HeaderMap | null = null;
  trailers: HeaderMap | null = null;
  body: BodyBuffer | null = null;
  /** The plugin has continued: what it was shown is closed to it until it is shown more. */
  continued = false;
  /** Kept for the log phase and for properties. */
  allHeaders: HeaderMap | null = null;
  allTrailers: HeaderMap | null = null;
  readonly out = new Outflow();
  /** What is held has reached the limit: whoever feeds should stop until it is released. */
  full = false;

  #hold: Hold = "none";
  #ended = false;
  /** The plugin has answered "buffer": the next body callback sees all of `#held`. */
  #buffering = false;
  /** What is held is bounded by failing the request, not by stopping the sender. */
  #strict = false;
  #held: BodyBuffer | null = null;
  /** Arrived while everything waited; not yet shown to the plugin. */
  #unseen: BodyBuffer | null = null;
  #unseenTrailers: HeaderMap | null = null;
  #inBody = false;
  #resumed = false;

  constructor(owner: HalfOwner, name: HalfName, limit: number = caps.bodyBytes) {
    this.#owner = owner;
    this.#name = name;
    this.#limit = Math.min(limit, caps.bodyBytes);
  }

  get paused(): boolean {
    return this.#hold !== "none";
  }

  get inputEnded(): boolean {
    return this.#ended;
  }

  /** Trailers; a body callback at the end of the stream may add some. */
  trailersForGuest(change: boolean): HeaderMap | null {
    if (this.trailers !== null) return this.trailers;
    if (!change || !this.#inBody || !this.#ended) return null;
    this.trailers = new HeaderMap();
    return this.trailers;
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.#owner.enter();
    this.headers = headers;
    this.allHeaders = headers;
    this.#ended = end;
    try {
      this.continued = false;
      this.#resumed = false;
      const answer = this.#owner.callHeaders(this.#name, headers.size, end);
      if (!this.#owner.stopped(this.#name)) {
        this.#afterHeaders(answer, end);
        // As in the reference proxy: what has a body is held all the same.
        if (end) this.#resumeEarly();
      }
    } finally {
      this.#owner.leave();
    }
  }

  #afterHeaders(answer: number | null, end: boolean): void {
    if (
      answer === null ||
      answer === HEADERS_ACTION.continue ||
      // The reference proxy's plugins can't end a stream so: it takes the answer for a plain "continue".
      answer === HEADERS_ACTION.continueAndEndStream
    ) {
      this.#releaseHeaders();
      if (end) this.out.ended = true;
    } else if (answer === HEADERS_ACTION.stopIteration) this.#hold = "headers-only";
    else {
      this.#hold = "headers";
      this.#strict = answer === HEADERS_ACTION.stopAllIterationAndBuffer;
    }
  }

  /** `data` is not changed by anybody any more: it is kept, not copied, where that is possible. */
  onBody(data: Uint8Array, end: boolean): void {
    if (this.#owner.stopped(this.#name) || this.out.ended) return;
    this.#owner.enter();
    if (end) this.#ended = true;
    try {
      if (this.#hold === "headers") {
        this.#unseen ??= new BodyBuffer();
        this.#unseen.adopt(data);
        this.#checkSize(this.#unseen.length);
      } else this.#showBody(data);
    } finally {
      this.#owner.leave();
    }
  }

  onTrailers(trailers: HeaderMap): void {
    if (this.#owner.stopped(this.#name) || this.out.ended) return;
    this.#owner.enter();
    this.#ended = true;
    this.allTrailers = trailers;
    try {
      if (this.#hold === "headers") this.#unseenTrailers = trailers;
      else this.#showTrailers(trailers);
    } finally {
      this.#owner.leave();
    }
  }

  /** The plugin lets this direction go on. */
  resume(): void {
    const hold = this.#hold;
    if (hold === "none") this.#resumed = true;
    if (hold === "none" || this.#owner.stopped(this.#name)) return;
    this.#hold = "none";
    this.full = false;
    this.#owner.released(this.#name);
    this.#releaseHeaders();
    if (hold === "headers") {
      this.#showUnseen();
      return;
    }
    this.#releaseBody();
    if (this.trailers !== null) this.#releaseTrailers();
    else if (this.#ended) this.out.ended = true;
  }

  /** The plugin has continued inside of the callback whose answer then held. */
  #resumeEarly(): void {
    if (this.#resumed && this.paused) this.resume();
    this.#resumed = false;
  }

  #showUnseen(): void {
    const unseen = this.#unseen;
    const trailers = this.#unseenTrailers;
    this.#unseen = null;
    this.#unseenTrailers = null;
    if (unseen !== null) this.#showBody(unseen.take());
    if (trailers !== null && !this.#owner.stopped(this.#name)) this.#showTrailers(trailers);
    else if (this.#ended && !this.paused && trailers === null) this.out.ended = true;
  }

  /** The plugin is out of the way: everything held goes on as it stands. */
  bypass(): void {
    this.#hold = "none";
    this.full = false;
    if (this.allHeaders !== null) this.out.headers = this.allHeaders;
    this.headers = null;
    if (this.#inBody && this.body !== null && this.body !== this.#held) {
      this.#keep(this.body.take());
    }
    this.#releaseBody();
    if (this.#unseen !== null) this.out.body.adopt(this.#unseen.take());
    this.#unseen = null;
    this.#unseenTrailers = null;
    if (this.allTrailers !== null) this.out.trailers = this.allTrailers;
    this.trailers = null;
    if (this.#ended) this.out.ended = true;
    this.#owner.released(this.#name);
  }

  /** Something else takes this direction's place; nothing of it waits any more. */
  replace(headers: HeaderMap, body: Uint8Array): void {
    this.hide();
    this.#hold = "none";
    this.full = false;
    this.out.headers = headers;
    this.out.body.replace(body);
    this.out.ended = true;
    this.#owner.released(this.#name);
  }

  /** Nothing of this direction can be seen or changed any more. */
  hide(): void {
    this.headers = null;
    this.trailers = null;
    this.body = null;
  }

  #showBody(data: Uint8Array): void {
    let shown: BodyBuffer;
    if (this.#buffering && this.#held !== null) {
      this.#held.append(data);
      shown = this.#held;
    } else {
      shown = new BodyBuffer();
      shown.adopt(data);
    }
    this.body = shown;
    this.#inBody = true;
    this.continued = false;
    this.#resumed = false;
    const answer = this.#owner.callBody(this.#name, shown.length, this.#ended);
    this.#inBody = false;
    if (this.#owner.stopped(this.#name)) return;
    this.#buffering = false;
    if (answer === null || answer === DATA_ACTION.continue) {
      if (shown !== this.#held) this.#keep(shown.take());
      this.#hold = "none";
      this.full = false;
      this.#releaseHeaders();
      this.#releaseBody();
      if (this.trailers !== null) this.#releaseTrailers();
      else if (this.#ended) this.out.ended = true;
      return;
    }
    const dropped = answer === DATA_ACTION.stopIterationNoBuffer;
    if (!dropped && shown !== this.#held) this.#keep(shown.take());
    this.#buffering = answer === DATA_ACTION.stopIterationAndBuffer;
    this.#strict = this.#buffering;
    this.#held ??= new BodyBuffer();
    // What is held stays open to the plugin, for a change when a call is answered.
    this.body = this.#held;
    if (this.#hold === "none") this.#hold = "body";
    this.#checkSize(this.#held.length);
    if (this.#hold === "body") this.#resumeEarly();
  }

  #showTrailers(trailers: HeaderMap): void {
    this.trailers = trailers;
    this.continued = false;
    this.#resumed = false;
    const answer = this.#owner.callTrailers(this.#name, trailers.size);
    if (this.#owner.stopped(this.#name)) return;
    if (answer === null || answer === 0) {
      this.#hold = "none";
      this.#releaseHeaders();
      this.#releaseBody();
      this.#releaseTrailers();
    } else {
      this.#hold = "trailers";
      this.#resumeEarly();
    }
  }

  #keep(data: Uint8Array): void {
    this.#held ??= new BodyBuffer();
    this.#held.adopt(data);
  }

  #releaseHeaders(): void {
    if (this.out.headers === null) this.out.headers = this.allHeaders;
    this.headers = null;
  }

  #releaseBody(): void {
    if (this.#held !== null && this.#held.length > 0) this.out.body.adopt(this.#held.take());
    this.body = null;
  }

  #releaseTrailers(): void {
    this.allTrailers = this.trailers;
    if (this.trailers !== null && this.trailers.size > 0) this.out.trailers = this.trailers;
    this.trailers = null;
    this.out.ended = true;
  }

  /** As in the reference proxy: what a plugin buffers fails the request, what it only stops stops the sender. */
  #checkSize(size: number): void {
    if (size > caps.bodyBytes || (this.#strict && size > this.#limit)) {
      this.#owner.overflow(this.#name);
    } else if (size >= this.#limit) this.full = true;
  }
}

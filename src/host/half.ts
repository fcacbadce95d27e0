// One direction of a request: request or response. It calls the plugin for headers, body and trailers, holds
// back what the plugin has paused and lets go what it has not. What has passed the plugin is in `out`.
// It follows Envoy's filter statuses; it knows no network.
import { DATA_ACTION, HEADERS_ACTION } from "../spec/status.ts";
import { BodyBuffer } from "./body.ts";
import { caps } from "./caps.ts";
import { HeaderMap } from "./header-map.ts";

/** What is asked of the plugin and of the stream around it. */
export interface HalfOwner {
  /** Calls the plugin; a number is its answer, null means the plugin has no such callback or is skipped. */
  callHeaders(count: number, end: boolean): number | null;
  callBody(size: number, end: boolean): number | null;
  callTrailers(count: number): number | null;
  /** True once a local response, a failure or a reset has taken this direction over. */
  stopped(): boolean;
  overflow(): void;
}

type Hold =
  | "none"
  | "headers" // everything waits: nothing more is shown to the plugin until it continues
  | "headers-only" // headers wait, body callbacks go on
  | "body"
  | "trailers";

export class Half {
  readonly #owner: HalfOwner;
  /** Shown to the guest; null when not available. */
  headers: HeaderMap | null = null;
  trailers: HeaderMap | null = null;
  body: BodyBuffer | null = null;
  /** Kept for the log phase and for properties. */
  allHeaders: HeaderMap | null = null;
  allTrailers: HeaderMap | null = null;
  readonly out: {
    headers: HeaderMap | null;
    readonly body: BodyBuffer;
    trailers: HeaderMap | null;
    ended: boolean;
  } = { headers: null, body: new BodyBuffer(), trailers: null, ended: false };

  #hold: Hold = "none";
  #ended = false;
  /** The plugin has answered "buffer": the next body callback sees all of `#held`. */
  #buffering = false;
  readonly #held = new BodyBuffer();
  /** Arrived while everything waited; not yet shown to the plugin. */
  readonly #unseen = new BodyBuffer();
  #unseenBody = false;
  #unseenTrailers: HeaderMap | null = null;
  #inBody = false;

  constructor(owner: HalfOwner) {
    this.#owner = owner;
  }

  get paused(): boolean {
    return this.#hold !== "none";
  }

  get inputEnded(): boolean {
    return this.#ended;
  }

  /** Trailers that a body callback at the end of the stream may add. */
  trailersForGuest(): HeaderMap | null {
    if (this.trailers !== null) return this.trailers;
    if (!this.#inBody || !this.#ended) return null;
    this.trailers = new HeaderMap();
    return this.trailers;
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.headers = headers;
    this.allHeaders = headers;
    this.#ended = end;
    const answer = this.#owner.callHeaders(headers.size, end);
    if (this.#owner.stopped()) return;
    if (answer === null || answer === HEADERS_ACTION.continue) {
      this.#releaseHeaders();
      if (end) this.out.ended = true;
    } else if (answer === HEADERS_ACTION.continueAndEndStream) {
      this.#releaseHeaders();
      this.#ended = true;
      this.out.ended = true;
    } else if (answer === HEADERS_ACTION.stopIteration) this.#hold = "headers-only";
    else this.#hold = "headers";
  }

  onBody(data: Uint8Array, end: boolean): void {
    if (this.#owner.stopped() || this.out.ended) return;
    if (end) this.#ended = true;
    if (this.#hold === "headers") {
      this.#unseen.append(data);
      this.#unseenBody = true;
      this.#checkSize(this.#unseen.length);
      return;
    }
    this.#showBody(data);
  }

  onTrailers(trailers: HeaderMap): void {
    if (this.#owner.stopped() || this.out.ended) return;
    this.#ended = true;
    this.allTrailers = trailers;
    if (this.#hold === "headers") {
      this.#unseenTrailers = trailers;
      return;
    }
    this.#showTrailers(trailers);
  }

  /** The plugin lets this direction go on. */
  resume(): void {
    const hold = this.#hold;
    if (hold === "none" || this.#owner.stopped()) return;
    this.#hold = "none";
    this.#releaseHeaders();
    if (hold === "headers") {
      if (this.#unseenBody) {
        this.#unseenBody = false;
        this.#showBody(this.#unseen.take());
      }
      if (this.#unseenTrailers !== null && !this.#owner.stopped()) {
        const trailers = this.#unseenTrailers;
        this.#unseenTrailers = null;
        this.#showTrailers(trailers);
      } else if (this.#ended && !this.paused) this.out.ended = true;
      return;
    }
    this.#releaseBody();
    if (this.trailers !== null) this.#releaseTrailers();
    else if (this.#ended) this.out.ended = true;
  }

  /** The plugin is out of the way: everything held goes on as it stands. */
  bypass(): void {
    this.#hold = "none";
    if (this.allHeaders !== null) this.out.headers = this.allHeaders;
    this.headers = null;
    if (this.#inBody && this.body !== null && this.body !== this.#held) {
      this.#held.append(this.body.take());
    }
    this.#releaseBody();
    this.out.body.append(this.#unseen.take());
    this.#unseenTrailers = null;
    if (this.allTrailers !== null) this.out.trailers = this.allTrailers;
    this.trailers = null;
    if (this.#ended) this.out.ended = true;
  }

  /** Something else takes this direction's place; nothing of it waits any more. */
  replace(headers: HeaderMap, body: Uint8Array): void {
    this.hide();
    this.#hold = "none";
    this.out.headers = headers;
    this.out.body.replace(body);
    this.out.ended = true;
  }

  /** Nothing of this direction can be seen or changed any more. */
  hide(): void {
    this.headers = null;
    this.trailers = null;
    this.body = null;
  }

  #showBody(data: Uint8Array): void {
    let shown: BodyBuffer;
    if (this.#buffering) {
      this.#held.append(data);
      shown = this.#held;
    } else {
      shown = new BodyBuffer();
      shown.append(data);
    }
    this.body = shown;
    this.#inBody = true;
    const answer = this.#owner.callBody(shown.length, this.#ended);
    this.#inBody = false;
    if (this.#owner.stopped()) return;
    this.#buffering = false;
    if (answer === null || answer === DATA_ACTION.continue) {
      if (shown !== this.#held) this.#held.append(shown.take());
      this.#hold = "none";
      this.#releaseHeaders();
      this.#releaseBody();
      if (this.trailers !== null) this.#releaseTrailers();
      else if (this.#ended) this.out.ended = true;
      return;
    }
    const dropped = answer === DATA_ACTION.stopIterationNoBuffer;
    if (!dropped && shown !== this.#held) this.#held.append(shown.take());
    this.#buffering = answer === DATA_ACTION.stopIterationAndBuffer;
    // What is held stays open to the plugin, for a change when a call is answered.
    this.body = this.#held;
    if (this.#hold === "none") this.#hold = "body";
    this.#checkSize(this.#held.length);
  }

  #showTrailers(trailers: HeaderMap): void {
    this.trailers = trailers;
    const answer = this.#owner.callTrailers(trailers.size);
    if (this.#owner.stopped()) return;
    if (answer === null || answer === 0) {
      this.#hold = "none";
      this.#releaseHeaders();
      this.#releaseBody();
      this.#releaseTrailers();
    } else this.#hold = "trailers";
  }

  #releaseHeaders(): void {
    if (this.out.headers === null) this.out.headers = this.allHeaders;
    this.headers = null;
  }

  #releaseBody(): void {
    if (this.#held.length > 0) this.out.body.append(this.#held.take());
    this.body = null;
  }

  #releaseTrailers(): void {
    this.allTrailers = this.trailers;
    if (this.trailers !== null && this.trailers.size > 0) this.out.trailers = this.trailers;
    this.trailers = null;
    this.out.ended = true;
  }

  #checkSize(size: number): void {
    if (size > caps.bodyBytes) this.#owner.overflow();
  }
}

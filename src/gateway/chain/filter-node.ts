// One filter of one request: feeds the plugin's stream, measures what each step takes, and passes on what the
// plugin has let go. What the plugin does outside of a step (an answered call, a failure elsewhere) comes in as
// the stream's listener.

import type { Entry } from "../../host/entries.ts";
import type { HalfName } from "../../host/half.ts";
import type { HeaderMap } from "../../host/header-map.ts";
import type { OutflowSink } from "../../host/outflow.ts";
import type { StreamContext, StreamListener } from "../../host/stream-context.ts";
import { NO_GRPC_STATUS } from "../../spec/status.ts";
import type { HttpStream } from "./http-stream.ts";
import { rejected } from "./rejected.ts";
import type { Filter } from "./seams.ts";
import { PHASE, type Phase } from "./steps.ts";

/** In place of the moment at which a step has begun. */
const UNMEASURED = -1;

/** What has passed the plugin on its way to the router. */
class RequestOut implements OutflowSink {
  readonly #owner: HttpStream;
  readonly #next: number;

  constructor(owner: HttpStream, next: number) {
    this.#owner = owner;
    this.#next = next;
  }

  headers(headers: HeaderMap, end: boolean): void {
    this.#owner.requestHeaders(this.#next, headers, end);
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.#owner.requestData(this.#next, bytes, end);
  }

  trailers(trailers: HeaderMap): void {
    this.#owner.requestTrailers(this.#next, trailers);
  }
}

export class FilterNode implements StreamListener, OutflowSink {
  readonly stream: StreamContext;
  readonly filter: Filter;
  readonly #owner: HttpStream;
  readonly #index: number;
  readonly #requestOut: RequestOut;
  #fuel = 0;
  /** Milliseconds of the plugin's that no step has told yet. */
  #untold: number;
  #over = false;

  /** `opening`: milliseconds that the plugin took to take the request; they count to its first step, as its fuel. */
  constructor(
    owner: HttpStream,
    index: number,
    filter: Filter,
    stream: StreamContext,
    opening: number,
  ) {
    this.#owner = owner;
    this.#index = index;
    this.filter = filter;
    this.stream = stream;
    this.#untold = stream.vm.http.create === undefined ? 0 : opening;
    this.#requestOut = new RequestOut(owner, index + 1);
    stream.listener = this;
    filter.enter();
  }

  requestHeaders(headers: HeaderMap, end: boolean): void {
    const started = this.#begin(PHASE.requestHeaders, this.stream.vm.http.request.headers);
    this.stream.request.onHeaders(headers, end);
    this.#stepped(PHASE.requestHeaders, started);
    this.#pass();
  }

  requestBody(bytes: Uint8Array, end: boolean): void {
    const started = this.#begin(PHASE.requestBody, this.stream.vm.http.request.body);
    this.stream.request.onBody(bytes, end);
    this.#stepped(PHASE.requestBody, started);
    this.#pass();
  }

  requestTrailers(trailers: HeaderMap): void {
    const started = this.#begin(PHASE.requestTrailers, this.stream.vm.http.request.trailers);
    this.stream.request.onTrailers(trailers);
    this.#stepped(PHASE.requestTrailers, started);
    this.#pass();
  }

  responseHeaders(headers: HeaderMap, end: boolean): void {
    const started = this.#begin(PHASE.responseHeaders, this.stream.vm.http.response.headers);
    this.stream.response.onHeaders(headers, end);
    this.#stepped(PHASE.responseHeaders, started);
    this.#pass();
  }

  responseBody(bytes: Uint8Array, end: boolean): void {
    const started = this.#begin(PHASE.responseBody, this.stream.vm.http.response.body);
    this.stream.response.onBody(bytes, end);
    this.#stepped(PHASE.responseBody, started);
    this.#pass();
  }

  responseTrailers(trailers: HeaderMap): void {
    const started = this.#begin(PHASE.responseTrailers, this.stream.vm.http.response.trailers);
    this.stream.response.onTrailers(trailers);
    this.#stepped(PHASE.responseTrailers, started);
    this.#pass();
  }

  /** Where the plugin has no such callback, nothing of it runs, and nothing is measured. */
  #begin(phase: Phase, callback: Entry | undefined): number {
    if (callback === undefined) return UNMEASURED;
    this.filter.meter.begin(phase);
    return this.#now();
  }

  #now(): number {
    return this.#owner.service.clock.now();
  }

  #stepped(phase: Phase, started: number): void {
    if (started === UNMEASURED) return;
    const { stream, filter } = this;
    const fuel = stream.fuel - this.#fuel;
    this.#fuel = stream.fuel;
    const time = this.#now() - started + this.#untold;
    this.#untold = 0;
    filter.meter.step(phase, time, fuel, stream.vm.trap !== null);
    if (stream.fuel > filter.requestFuel && !this.#over) this.#exceeded();
  }

  #exceeded(): void {
    const { stream, filter } = this;
    this.#over = true;
    filter.meter.overBudget();
    if (stream.skipped || stream.local !== null || stream.reset) return;
    if (filter.overBudget === "skip") {
      stream.skipped = true;
      if (stream.request.allHeaders !== null) stream.request.bypass();
      if (stream.response.allHeaders !== null) stream.response.bypass();
      return;
    }
    const { status, headers, body } = rejected;
    stream.reply({
      status,
      details: "wasm_fuel_exceeded",
      headers,
      body,
      grpcStatus: NO_GRPC_STATUS,
    });
  }

  /** Passes on what is there: an answer of the plugin's own, or what it has let go of either direction. */
  #pass(): void {
    const { stream } = this;
    const owner = this.#owner;
    if (stream.reset) {
      owner.abort();
      return;
    }
    if (stream.local !== null) {
      if (owner.hears(this.#index)) {
        owner.details = stream.local.details || owner.details;
        owner.cutAt(this.#index);
      }
    } else if (owner.hears(this.#index + 1)) stream.request.out.drain(this.#requestOut);
    if (owner.hears(this.#index)) stream.response.out.drain(this);
  }

  // OutflowSink: the answer, on to the filters before.

  headers(headers: HeaderMap, end: boolean): void {
    this.#owner.responseFrom(this.#index, headers, end);
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.#owner.responseDataFrom(this.#index, bytes, end);
  }

  trailers(trailers: HeaderMap): void {
    this.#owner.responseTrailersFrom(this.#index, trailers);
  }

  // StreamListener: what happens outside of a step.

  released(_half: HalfName): void {
    this.#pass();
    this.#owner.released();
  }

  localReply(): void {
    this.#pass();
  }

  reset(): void {
    this.#owner.abort();
  }

  /** The request is over at `now`; answers when the plugin's last callbacks were. */
  finish(now: number): number {
    const { stream, filter } = this;
    const { meter } = filter;
    const { done, log, remove } = stream.vm.http;
    const last = done !== undefined || log !== undefined || remove !== undefined;
    const measured = last || this.#untold > 0;
    if (measured) meter.begin(PHASE.log);
    stream.listener = null;
    stream.finish();
    const { fuel, vm } = stream;
    const end = measured ? this.#now() : now;
    if (measured)
      meter.step(PHASE.log, end - now + this.#untold, fuel - this.#fuel, vm.trap !== null);
    meter.request(fuel);
    filter.leave();
    return end;
  }
}

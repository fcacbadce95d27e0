// One request as one plugin sees it: two directions, a local response that may cut in, and what a failure of
// the plugin does to it. Maps and buffers are open to the guest exactly while the reference proxy keeps them.
import { BUFFER, HEADERS_ACTION, MAP, NO_GRPC_STATUS } from "../spec/status.ts";
import type { Context, GuestBuffer } from "./context.ts";
import type { LocalReply } from "./effects.ts";
import type { DirectionEntries, Entry } from "./entries.ts";
import { REJECTED, type Verdict } from "./failure.ts";
import { FilterState } from "./filter-state.ts";
import { Half, type HalfName, type HalfOwner } from "./half.ts";
import type { HeaderMap } from "./header-map.ts";
import { localReplyHeaders } from "./local-reply.ts";
import {
  type AttributeSource,
  type Attributes,
  attribute,
  isSource,
  pluginProperty,
  requestProperty,
  responseProperty,
  sourceOf,
  stateProperty,
} from "./properties.ts";
import type { RootContext } from "./root-context.ts";
import type { Vm } from "./vm.ts";

const NOTHING = new Uint8Array(0);

/** What is answered where more is held back than may be, as the reference proxy words it. */
const TOO_LARGE = {
  request: [413, "request_payload_too_large"],
  response: [500, "response_payload_too_large"],
} as const;

/** Bytes of each direction that may be held back. */
export interface StreamLimits {
  readonly request: number;
  readonly response: number;
}

/** What a gateway is told of a stream outside of its own calls of `request` and `response`, once no guest runs. */
export interface StreamListener {
  /** More may have passed, may be fed again, or both: look at `out` and `full`. */
  released(half: HalfName): void;
  /** Instead of the upstream's answer: it comes out of `response`, through the plugin's callbacks. */
  localReply(reply: LocalReply): void;
  /** The stream has to be cut off; nothing more comes out. */
  reset(): void;
}

/** What has happened since the listener was told last, as bits. */
const NEWS = { request: 1, response: 2, local: 4, reset: 8 } as const;

export class StreamContext implements Context, HalfOwner {
  readonly id: number;
  readonly vm: Vm;
  readonly root: RootContext;
  readonly stream: StreamContext = this;
  readonly request: Half;
  readonly response: Half;
  readonly connection = null;
  listener: StreamListener | null = null;
  /** Fuel of this request's callbacks so far, of a hardened module. */
  fuel = 0;
  #attributes: Attributes | AttributeSource | undefined;
  #filterState: FilterState | null;
  /** The local response that took over, if one did. */
  local: LocalReply | null = null;
  /** The plugin failed and this request goes on without it. */
  skipped = false;
  /** A local response is queued. */
  replyAsked = false;
  reset = false;
  routeCacheCleared = false;
  /** The plugin's proxy_on_log runs: headers are there again, to be read. */
  logging = false;
  #ending = false;
  #replying = false;
  #closed = false;
  #news = 0;
  #fed = 0;

  constructor(
    vm: Vm,
    root: RootContext,
    id: number,
    attributes?: Attributes | AttributeSource,
    limits?: StreamLimits,
    filterState?: FilterState,
  ) {
    this.vm = vm;
    this.root = root;
    this.id = id;
    this.#attributes = attributes;
    this.#filterState = filterState ?? null;
    this.request = new Half(this, "request", limits?.request);
    this.response = new Half(this, "response", limits?.response);
  }

  /** The gateway feeds this stream: what happens to it meanwhile, it sees by itself. */
  enter(): void {
    this.#fed++;
    this.vm.plugin.notices.enter();
  }

  leave(): void {
    this.#fed--;
    this.vm.plugin.notices.leave();
  }

  #note(news: number): void {
    if (this.#fed > 0 || this.listener === null) return;
    if (this.#news === 0) this.vm.plugin.notices.add(this);
    this.#news |= news;
  }

  /** Tells the listener what has happened since the last time. */
  deliver(): void {
    const { listener } = this;
    const news = this.#news;
    this.#news = 0;
    if (listener === null || this.#closed) return;
    if (news & NEWS.reset) {
      listener.reset();
      return;
    }
    if (news & NEWS.local && this.local !== null) listener.localReply(this.local);
    if (news & NEWS.request && this.local === null) listener.released("request");
    if (news & NEWS.response) listener.released("response");
  }

  released(half: HalfName): void {
    this.#note(NEWS[half]);
  }

  /** Cuts the stream off. */
  abort(): void {
    if (this.reset) return;
    this.reset = true;
    this.#note(NEWS.reset);
  }

  /** By a comparison: a look-up by name would cost more than an empty callback. */
  #entries(half: HalfName): DirectionEntries {
    const { http } = this.vm;
    return half === "request" ? http.request : http.response;
  }

  callHeaders(half: HalfName, count: number, end: boolean): number | null {
    const answer = this.call(this.#entries(half).headers, count, end ? 1 : 0);
    if (answer === null) return null;
    const stopAll = HEADERS_ACTION.stopAllIterationAndWatermark;
    if (answer < 0 || answer > stopAll) return stopAll;
    if (answer === HEADERS_ACTION.stopIteration && !this.vm.plugin.allowHeadersStop) return stopAll;
    return answer;
  }

  callBody(half: HalfName, size: number, end: boolean): number | null {
    const answer = this.call(this.#entries(half).body, size, end ? 1 : 0);
    return answer === null || (answer >= 0 && answer <= 3) ? answer : 3;
  }

  callTrailers(half: HalfName, count: number): number | null {
    return this.call(this.#entries(half).trailers, count, 0);
  }

  /** Whether a direction's normal course is over. */
  stopped(half: HalfName): boolean {
    if (this.reset) return true;
    return this.local !== null && !(half === "response" && this.#replying);
  }

  overflow(half: HalfName): void {
    const [status, details] = TOO_LARGE[half];
    this.reply({ status, details, headers: [], body: NOTHING, grpcStatus: NO_GRPC_STATUS });
  }

  /** Calls a callback of the plugin for this request; null where it has none or is out of the way. */
  call(entry: Entry | undefined, a: number, b: number): number | null {
    if (this.skipped || this.#closed) return null;
    if (this.vm.trap !== null) {
      this.#fail(this.vm.plugin.verdictInFlight());
      return null;
    }
    if (entry === undefined) return null;
    const answer = this.vm.run(entry, this, this.id, a, b);
    this.fuel += this.vm.lastFuel;
    if (this.vm.trap !== null) {
      this.#fail(this.vm.plugin.verdictTrapping());
      this.vm.plugin.settle(this.vm);
      return null;
    }
    this.vm.plugin.settle(this.vm);
    return answer;
  }

  /** A local response: goes through the plugin's response callbacks unless the response has begun already. */
  reply(reply: LocalReply): void {
    if (this.local !== null || this.reset || this.#ending) return;
    const begun = this.response.allHeaders !== null;
    if (begun && this.response.out.headers !== null) {
      this.abort();
      return;
    }
    this.local = reply;
    this.#note(NEWS.local | NEWS.response);
    this.request.hide();
    const headers = localReplyHeaders(reply, this.request.allHeaders);
    if (begun) {
      this.response.replace(headers.map, headers.body);
      return;
    }
    this.#replying = true;
    this.response.onHeaders(headers.map, headers.body.length === 0);
    if (headers.body.length > 0) this.response.onBody(headers.body, true);
  }

  #fail(verdict: Verdict): void {
    // The client has its answer by now.
    if (this.#ending) return;
    const telemetry = this.vm.plugin.telemetry;
    if (verdict.request === "skip") {
      if (this.skipped) return;
      this.skipped = true;
      telemetry.failOpen++;
      if (this.request.allHeaders !== null) this.request.bypass();
      if (this.response.allHeaders !== null) this.response.bypass();
      return;
    }
    if (this.local !== null || this.reset) return;
    telemetry.failClosed++;
    const { status, details } = REJECTED;
    this.reply({ status, details, headers: [], body: NOTHING, grpcStatus: 14 });
  }

  /**
   * Ends the stream: log, done, delete, in the reference proxy's order for requests; what the plugin keeps of it is
   * gone afterwards.
   */
  finish(): void {
    if (this.#closed) return;
    this.enter();
    const { done, log, remove } = this.vm.http;
    this.request.hide();
    this.response.hide();
    this.#ending = true;
    try {
      this.logging = true;
      this.#last(log);
      this.logging = false;
      this.#last(done);
      this.#last(remove);
    } finally {
      this.#closed = true;
      this.vm.plugin.tracer?.ended(this);
      this.vm.contexts.delete(this.id);
      this.leave();
    }
    this.vm.plugin.contextGone(this.vm);
  }

  #last(entry: Entry | undefined): void {
    if (entry === undefined || this.vm.trap !== null || this.skipped) return;
    this.vm.run(entry, this, this.id);
    this.fuel += this.vm.lastFuel;
    this.vm.plugin.settle(this.vm);
  }

  /** The instance died in another callback than one of this request. */
  bereave(): void {
    if (!this.#closed) this.#fail(this.vm.plugin.verdictInFlight());
  }

  map(type: number, change: boolean): HeaderMap | null {
    const { request, response } = this;
    if (this.logging) return change ? null : this.#logged(type);
    switch (type) {
      case MAP.httpRequestHeaders:
        return request.continued ? null : request.headers;
      case MAP.httpRequestTrailers:
        return request.continued ? null : request.trailersForGuest(change);
      case MAP.httpResponseHeaders:
        return response.headers;
      case MAP.httpResponseTrailers:
        return response.trailersForGuest(change);
      default:
        return this.root.map(type, change);
    }
  }

  /** What an access log is told; of the request's trailers the reference proxy keeps nothing for it. */
  #logged(type: number): HeaderMap | null {
    if (type === MAP.httpRequestHeaders) return this.request.allHeaders;
    if (type === MAP.httpResponseHeaders) return this.response.allHeaders;
    return type === MAP.httpResponseTrailers ? this.response.allTrailers : null;
  }

  buffer(type: number): GuestBuffer | null {
    switch (type) {
      case BUFFER.httpRequestBody:
        return this.request.body ?? NOTHING;
      case BUFFER.httpResponseBody:
        return this.response.body ?? NOTHING;
      default:
        return this.root.buffer(type);
    }
  }

  property(path: string): Uint8Array | null {
    const given = this.#given(path);
    if (given !== null) return given;
    const request = this.request.allHeaders;
    if (request !== null && path.startsWith("request\0")) {
      const value = requestProperty(request, path);
      if (value !== null) return value;
    }
    if (path.startsWith("response\0")) {
      const { allHeaders, allTrailers } = this.response;
      const value = responseProperty(allHeaders, allTrailers, path);
      if (value !== null) return value;
    }
    const state = this.#filterState;
    return (
      pluginProperty(this.root.identity, path) ??
      attribute(this.root.identity.attributes, path) ??
      // Last: no plugin can tell the others of a request who their client is.
      (state === null ? null : stateProperty(state, path))
    );
  }

  get filterState(): FilterState {
    this.#filterState ??= new FilterState();
    return this.#filterState;
  }

  #given(path: string): Uint8Array | null {
    if (this.#attributes === undefined) return null;
    if (!isSource(this.#attributes)) this.#attributes = sourceOf(this.#attributes);
    return attribute(this.#attributes, path);
  }

  setProperty(path: string, value: Uint8Array): number {
    return this.filterState.set(path, value, this.root.declared.get(path));
  }

  setEnvoyState(key: string, value: string): number {
    return this.filterState.setEnvoy(key, value);
  }

  /** The gateway has to choose the route again. */
  clearRouteCache(): void {
    this.routeCacheCleared = true;
  }
}

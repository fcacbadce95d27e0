// One request on its way through the filters: headers, body and trailers in order to the router, the answer in
// reverse to the client. A filter that answers by itself is heard by the filters before it alone. Nothing is
// copied where no plugin is in the way, and `end` reaches either side exactly once.
import { FilterState } from "../../host/filter-state.ts";
import type { HeaderMap } from "../../host/header-map.ts";
import { localReplyHeaders } from "../../host/local-reply.ts";
import type { AttributeSource, AttributeValue } from "../../host/properties.ts";
import { NO_GRPC_STATUS } from "../../spec/status.ts";
import type {
  ConnectionInfo,
  Exchange,
  MessageSink,
  ResetReason,
  UpstreamInfo,
} from "../http/exchange.ts";
import { failureAnswer } from "../route/failure-answer.ts";
import { attributeOf } from "./attributes.ts";
import { FilterNode } from "./filter-node.ts";
import { rejected } from "./rejected.ts";
import type { Answer, Filter, Matched, Onward, Reply } from "./seams.ts";
import type { HttpService } from "./service.ts";
import type { SpanContext } from "./spans.ts";
import type { TraceRecorder } from "./trace.ts";
import { UpstreamSide } from "./upstream-side.ts";

const NONE: FilterNode[] = [];

export class HttpStream implements MessageSink, AttributeSource {
  readonly service: HttpService;
  readonly exchange: Exchange;
  /** The client's; in a cell that of the thread that accepted it. */
  readonly connection: ConnectionInfo;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  matched: Matched | null = null;
  nodes: FilterNode[] = NONE;
  /** What the client was sent; null before. */
  responseHeaders: HeaderMap | null = null;
  responseTrailers: HeaderMap | null = null;
  upstream: UpstreamInfo | null = null;
  /** Monotonic milliseconds; 0 before. */
  upstreamStarted = 0;
  upstreamAnswered = 0;
  finished = 0;
  details = "";
  flags = "";
  /** null where nobody asked. */
  trace: TraceRecorder | null = null;
  span: SpanContext | null = null;
  #onward: Onward | null = null;
  #fromUpstream: UpstreamSide | null = null;
  /** A local answer has begun at this filter: what comes from behind it isn't heard any more. */
  #cut = -1;
  #requestEnded = false;
  #over = false;
  #upstreamSlow = false;
  #readingPaused = false;
  #clientSlow = false;
  #upstreamPaused = false;

  constructor(service: HttpService, exchange: Exchange, connection: ConnectionInfo) {
    this.service = service;
    this.exchange = exchange;
    this.connection = connection;
    this.startTime = service.clock.wall();
    exchange.sink = this;
  }

  /** Takes the request through the chain. */
  begin(): void {
    const { exchange, service } = this;
    if (exchange.refusal) {
      service.counters.begin();
      this.answerAt(0, { ...EMPTY, ...exchange.refusal });
      return;
    }
    this.matched = service.router.match(exchange.headers, this.connection);
    const filters = service.filtersOf(this.matched);
    if (service.diverted(this, filters)) return;
    service.counters.begin();
    try {
      this.#begin(filters);
    } catch (error) {
      // A mistake of the gateway: what was counted in is counted out, and logged.
      this.abort();
      throw error;
    }
  }

  #begin(filters: readonly Filter[]): void {
    const { exchange, service } = this;
    service.manager?.request(exchange.headers, this.connection);
    service.observer?.begin(this);
    this.#requestEnded = exchange.headersOnly;
    if (filters.length > 0) this.nodes = this.#open(filters);
    if (this.#over || this.#cut >= 0) return;
    this.requestHeaders(0, exchange.headers, exchange.headersOnly);
  }

  /** Answers before any filter sees the request; it is counted, logged and traced as any other. */
  refuse(answer: Answer): void {
    const { exchange, service } = this;
    exchange.sink = this;
    service.counters.begin();
    service.observer?.begin(this);
    this.answerAt(0, answer);
  }

  #open(filters: readonly Filter[]): FilterNode[] {
    const nodes: FilterNode[] = [];
    const { limits, clock } = this.service;
    // What one plugin sets as a property, the others of the request read; one alone keeps its own.
    const state = filters.length === 1 ? undefined : new FilterState();
    let now = clock.now();
    for (const filter of filters) {
      const started = now;
      const admission = filter.open(this, limits, state, this.trace);
      now = clock.now();
      if (admission.as === "skip") continue;
      if (admission.as === "reject") {
        this.nodes = nodes;
        this.answerAt(nodes.length, rejected);
        return nodes;
      }
      nodes.push(new FilterNode(this, nodes.length, filter, admission.stream, now - started));
    }
    return nodes;
  }

  /** Lazily computed, for plugins and logs. */
  attribute(path: string): AttributeValue | undefined {
    return attributeOf(this, path);
  }

  // The request: from the client, filter by filter, to the router.

  requestHeaders(index: number, headers: HeaderMap, end: boolean): void {
    const node = this.nodes[index];
    if (node !== undefined) node.requestHeaders(headers, end);
    else this.#send(headers, end);
  }

  requestData(index: number, bytes: Uint8Array, end: boolean): void {
    const node = this.nodes[index];
    if (node !== undefined) {
      node.requestBody(bytes, end);
      this.#updateReading();
    } else if (this.#onward !== null && !this.#onward.data(bytes, end)) {
      this.#upstreamSlow = true;
      this.#updateReading();
    }
  }

  requestTrailers(index: number, trailers: HeaderMap): void {
    const node = this.nodes[index];
    if (node !== undefined) node.requestTrailers(trailers);
    else this.#onward?.trailers(trailers);
  }

  #send(headers: HeaderMap, end: boolean): void {
    const { service } = this;
    if (this.nodes.some((node) => node.stream.routeCacheCleared)) {
      this.matched = service.router.match(headers, this.connection);
    }
    if (this.matched === null) {
      service.counters.noRoute();
      const details = "route_not_found";
      this.answerAt(this.nodes.length, { ...EMPTY, status: 404, details, flags: "NR" });
      return;
    }
    this.#fromUpstream = new UpstreamSide(this);
    this.upstreamStarted = service.clock.now();
    const onward = service.router.send(this.matched, headers, end, this.#fromUpstream, this);
    if (this.#over || this.#cut >= 0) onward.reset();
    else this.#onward = onward;
  }

  // MessageSink: what the client does.

  data(bytes: Uint8Array, end: boolean): void {
    if (end) this.#requestEnded = true;
    if (!this.#over && this.#cut < 0) this.requestData(0, bytes, end);
  }

  trailers(trailers: HeaderMap): void {
    this.#requestEnded = true;
    if (!this.#over && this.#cut < 0) this.requestTrailers(0, trailers);
  }

  reset(reason: ResetReason): void {
    if (this.#over) return;
    this.flags ||= "DC";
    this.details ||= `downstream_${reason.replace("-", "_")}`;
    this.service.counters.clientReset();
    this.#end();
  }

  /** The client is slow. */
  pause(): void {
    this.#clientSlow = true;
    this.#updateUpstream();
  }

  resume(): void {
    this.#clientSlow = false;
    this.#updateUpstream();
  }

  // The answer: from the router, filter by filter in reverse, to the client.

  responseFrom(index: number, headers: HeaderMap, end: boolean): void {
    const node = this.nodes[index - 1];
    if (node !== undefined) node.responseHeaders(headers, end);
    else this.#respond(headers, end);
  }

  responseDataFrom(index: number, bytes: Uint8Array, end: boolean): void {
    const node = this.nodes[index - 1];
    if (node !== undefined) {
      node.responseBody(bytes, end);
      this.#updateUpstream();
      return;
    }
    if (this.#over) return;
    if (!this.exchange.sendData(bytes, end) && !end) {
      this.#clientSlow = true;
      this.#updateUpstream();
    }
    if (end) this.#end();
  }

  responseTrailersFrom(index: number, trailers: HeaderMap): void {
    const node = this.nodes[index - 1];
    if (node !== undefined) {
      node.responseTrailers(trailers);
      return;
    }
    if (this.#over) return;
    this.responseTrailers = trailers;
    this.exchange.sendTrailers(trailers);
    this.#end();
  }

  #respond(headers: HeaderMap, end: boolean): void {
    if (this.#over) return;
    this.responseHeaders = headers;
    const took = this.upstreamAnswered - this.upstreamStarted;
    this.service.manager?.response(
      headers,
      this.upstreamAnswered > 0 && this.#cut < 0 ? took : null,
    );
    this.exchange.sendHeaders(headers, end);
    if (end) this.#end();
  }

  /** An answer that is made at a filter's place, instead of what is behind it. */
  answerAt(index: number, answer: Answer): void {
    if (this.#over) return;
    if (this.responseHeaders !== null) {
      this.abort();
      return;
    }
    this.details = answer.details;
    this.flags ||= answer.flags;
    this.cutAt(index);
    const { status, details, headers, body } = answer;
    const reply = { status, details, headers, body, grpcStatus: NO_GRPC_STATUS };
    const made = localReplyHeaders(reply, this.exchange.headers);
    this.responseFrom(index, made.map, made.body.length === 0);
    if (made.body.length > 0) this.responseDataFrom(index, made.body, true);
  }

  /** What is behind a filter isn't heard any more: the filter answers by itself. */
  cutAt(index: number): void {
    if (this.#cut >= 0 && this.#cut <= index) return;
    this.#cut = index;
    const onward = this.#onward;
    this.#onward = null;
    this.#fromUpstream?.stop();
    onward?.reset();
    this.#updateReading();
  }

  /** Whether the answer of a filter, or of what is behind it, is still wanted. */
  hears(index: number): boolean {
    return !this.#over && (this.#cut < 0 || index <= this.#cut);
  }

  /** Cuts the client off: nothing better can be said any more. */
  abort(): void {
    if (this.#over) return;
    this.flags ||= "LR";
    this.exchange.reset();
    this.#end();
  }

  // What the router's other end says; see UpstreamSide.

  upstreamReset(reason: ResetReason): void {
    const answer = failureAnswer(reason);
    this.flags ||= answer.flags;
    if (this.responseHeaders !== null || this.upstreamAnswered > 0) {
      this.details ||= `upstream_reset_after_response_started{${reason}}`;
      this.abort();
      return;
    }
    this.answerAt(this.nodes.length, answer);
  }

  upstreamSlow(slow: boolean): void {
    this.#upstreamSlow = slow;
    this.#updateReading();
  }

  /** Reading goes on and off as receivers and filters have room. */
  #updateReading(): void {
    let full = this.#upstreamSlow && this.#cut < 0;
    for (const node of this.nodes) if (node.stream.request.full) full = true;
    if (this.#requestEnded || full === this.#readingPaused) return;
    this.#readingPaused = full;
    if (full) this.exchange.pauseReading();
    else this.exchange.resumeReading();
  }

  #updateUpstream(): void {
    let full = this.#clientSlow;
    for (const node of this.nodes) if (node.stream.response.full) full = true;
    if (full === this.#upstreamPaused || this.#onward === null) return;
    this.#upstreamPaused = full;
    if (full) this.#onward.pauseReading();
    else this.#onward.resumeReading();
  }

  /** A filter has let something go, or has room again. */
  released(): void {
    if (this.#over) return;
    this.#updateReading();
    this.#updateUpstream();
  }

  /** The answer is complete, or nobody waits for it any more. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.finished = this.service.clock.now();
    const onward = this.#onward;
    this.#onward = null;
    this.#fromUpstream?.stop();
    if (onward !== null && !(this.#fromUpstream?.complete === true && this.#requestEnded))
      onward.reset();
    if (this.#readingPaused) this.exchange.resumeReading();
    let now = this.finished;
    for (const node of this.nodes) now = node.finish(now);
    this.service.finished(this);
  }

  command(name: string, reply?: Reply): string | null {
    const { service, responseHeaders, details, flags } = this;
    if (reply === undefined) return service.command(this, name);
    this.responseHeaders = reply.headers;
    this.details = reply.details;
    this.flags = reply.flags;
    const text = service.command(this, name);
    this.responseHeaders = responseHeaders;
    this.details = details;
    this.flags = flags;
    return text;
  }
}

const EMPTY = { headers: [], body: new Uint8Array(0) } as const;

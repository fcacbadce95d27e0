// One request as one plugin sees it: two directions, a local response that may cut in, and what a failure of
// the plugin does to it. Maps and buffers are open to the guest exactly while the reference proxy keeps them.
import { BUFFER, HEADERS_ACTION, MAP, NO_GRPC_STATUS, STATUS } from "../spec/status.ts";
import { caps } from "./caps.ts";
import type { Context, GuestBuffer } from "./context.ts";
import type { LocalReply } from "./effects.ts";
import type { DirectionEntries, Entry } from "./entries.ts";
import { REJECTED, type Verdict } from "./failure.ts";
import { Half, type HalfOwner } from "./half.ts";
import type { HeaderMap } from "./header-map.ts";
import { localReplyHeaders } from "./local-reply.ts";
import {
  type AttributeValue,
  attribute,
  pluginProperty,
  requestProperty,
  responseProperty,
} from "./properties.ts";
import type { RootContext } from "./root-context.ts";
import type { Vm } from "./vm.ts";

const NOTHING = new Uint8Array(0);

class Direction implements HalfOwner {
  readonly #stream: StreamContext;
  readonly #name: "request" | "response";
  readonly #entries: DirectionEntries;

  constructor(stream: StreamContext, name: "request" | "response") {
    this.#stream = stream;
    this.#name = name;
    this.#entries = stream.vm.http[name];
  }

  callHeaders(count: number, end: boolean): number | null {
    const answer = this.#stream.call(this.#entries.headers, count, end ? 1 : 0);
    if (answer === null) return null;
    const known = answer >= 0 && answer <= HEADERS_ACTION.stopAllIterationAndWatermark;
    const stopAll = HEADERS_ACTION.stopAllIterationAndWatermark;
    if (!known) return stopAll;
    if (answer === HEADERS_ACTION.stopIteration && !this.#stream.vm.plugin.allowHeadersStop)
      return stopAll;
    return answer;
  }

  callBody(size: number, end: boolean): number | null {
    const answer = this.#stream.call(this.#entries.body, size, end ? 1 : 0);
    return answer === null || (answer >= 0 && answer <= 3) ? answer : 3;
  }

  callTrailers(count: number): number | null {
    return this.#stream.call(this.#entries.trailers, count, 0);
  }

  stopped(): boolean {
    return this.#stream.takenOver(this.#name);
  }

  overflow(): void {
    const [status, details] =
      this.#name === "request"
        ? ([413, "request_payload_too_large"] as const)
        : ([500, "response_payload_too_large"] as const);
    this.#stream.reply({ status, details, headers: [], body: NOTHING, grpcStatus: NO_GRPC_STATUS });
  }
}

export class StreamContext implements Context {
  readonly id: number;
  readonly vm: Vm;
  readonly root: RootContext;
  readonly stream: StreamContext = this;
  readonly request: Half;
  readonly response: Half;
  readonly #attributes: ReadonlyMap<string, AttributeValue>;
  #filterState: Map<string, Uint8Array> | null = null;
  #filterStateBytes = 0;
  /** The local response that took over, if one did. */
  local: LocalReply | null = null;
  /** The plugin failed and this request goes on without it. */
  skipped = false;
  /** A local response is queued. */
  replyAsked = false;
  reset = false;
  routeCacheCleared = false;
  #logging = false;
  #replying = false;
  #closed = false;

  constructor(
    vm: Vm,
    root: RootContext,
    id: number,
    attributes: ReadonlyMap<string, AttributeValue>,
  ) {
    this.vm = vm;
    this.root = root;
    this.id = id;
    this.#attributes = attributes;
    this.request = new Half(new Direction(this, "request"));
    this.response = new Half(new Direction(this, "response"));
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
    if (this.vm.trap !== null) {
      this.#fail(this.vm.plugin.verdictTrapping());
      this.vm.plugin.settle(this.vm);
      return null;
    }
    this.vm.plugin.settle(this.vm);
    return answer;
  }

  /** Whether a direction's normal course is over. */
  takenOver(half: "request" | "response"): boolean {
    if (this.reset) return true;
    return this.local !== null && !(half === "response" && this.#replying);
  }

  /** A local response: goes through the plugin's response callbacks unless the response has begun already. */
  reply(reply: LocalReply): void {
    if (this.local !== null || this.reset) return;
    const begun = this.response.allHeaders !== null;
    if (begun && this.response.out.headers !== null) {
      this.reset = true;
      return;
    }
    this.local = reply;
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
    if (this.#logging) return;
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

  /** Ends the stream: done, log, delete; what the plugin keeps of it is gone afterwards. */
  finish(): void {
    if (this.#closed) return;
    const { done, log, remove } = this.vm.http;
    this.request.hide();
    this.response.hide();
    this.#logging = true;
    this.#last(done);
    this.#last(log);
    this.#last(remove);
    this.#closed = true;
    this.vm.contexts.delete(this.id);
  }

  #last(entry: Entry | undefined): void {
    if (entry === undefined || this.vm.trap !== null || this.skipped) return;
    this.vm.run(entry, this, this.id);
    this.vm.plugin.settle(this.vm);
  }

  /** The instance died in another callback than one of this request. */
  bereave(): void {
    if (!this.#closed) this.#fail(this.vm.plugin.verdictInFlight());
  }

  map(type: number): HeaderMap | null {
    switch (type) {
      case MAP.httpRequestHeaders:
        return this.#logging ? this.request.allHeaders : this.request.headers;
      case MAP.httpRequestTrailers:
        return this.#logging ? this.request.allTrailers : this.request.trailersForGuest();
      case MAP.httpResponseHeaders:
        return this.#logging ? this.response.allHeaders : this.response.headers;
      case MAP.httpResponseTrailers:
        return this.#logging ? this.response.allTrailers : this.response.trailersForGuest();
      default:
        return this.root.map(type);
    }
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
    const state = this.#filterState?.get(path);
    if (state !== undefined) return state;
    const given = attribute(this.#attributes, path);
    if (given !== null) return given;
    const request = this.request.allHeaders;
    if (request !== null && path.startsWith("request\0")) {
      const value = requestProperty(request, path);
      if (value !== null) return value;
    }
    const response = this.response.allHeaders;
    if (response !== null && path.startsWith("response\0")) {
      const value = responseProperty(response, path);
      if (value !== null) return value;
    }
    return (
      pluginProperty(this.root.identity, path) ?? attribute(this.root.identity.attributes, path)
    );
  }

  setProperty(path: string, value: Uint8Array): number {
    this.#filterState ??= new Map();
    const old = this.#filterState.get(path);
    const freed = old === undefined ? 0 : path.length + old.length;
    const bytes = this.#filterStateBytes - freed + path.length + value.length;
    if (bytes > caps.filterStateBytes) return STATUS.internalFailure;
    this.#filterStateBytes = bytes;
    this.#filterState.set(path, value);
    return STATUS.ok;
  }
}

// The plugin's own context: configuration, timer, and the answers of calls that it dispatched. Answers are
// there only while the callback that announces them runs.
import { BUFFER, MAP, STATUS } from "../spec/status.ts";
import type { Context, GuestBuffer } from "./context.ts";
import type { Declared } from "./filter-state.ts";
import type { HeaderMap } from "./header-map.ts";
import {
  type AttributeSource,
  type Attributes,
  attribute,
  type PluginIdentity,
  pluginProperty,
  requestProperty,
  responseProperty,
  sourceOf,
} from "./properties.ts";

const NOTHING = new Uint8Array(0);

export interface CallAnswer {
  readonly headers: HeaderMap | null;
  readonly body: Uint8Array;
  readonly trailers: HeaderMap | null;
}

/** A request that is over, as an access log tells of it. */
export interface LoggedRequest {
  readonly requestHeaders?: HeaderMap;
  readonly responseHeaders?: HeaderMap;
  readonly responseTrailers?: HeaderMap;
  readonly attributes?: Attributes | AttributeSource;
}

function loggedProperty(logged: LoggedRequest, path: string): Uint8Array | null {
  const { attributes, requestHeaders, responseHeaders, responseTrailers } = logged;
  const given = attribute(sourceOf(attributes), path);
  if (given !== null) return given;
  if (requestHeaders !== undefined && path.startsWith("request\0")) {
    return requestProperty(requestHeaders, path);
  }
  if (path.startsWith("response\0")) {
    return responseProperty(responseHeaders ?? null, responseTrailers ?? null, path);
  }
  return null;
}

export class RootContext implements Context {
  readonly id: number;
  readonly root: RootContext = this;
  readonly stream = null;
  readonly connection = null;
  readonly identity: PluginIdentity;
  /** The answer of an HTTP call, while the plugin is told of it. */
  answer: CallAnswer | null = null;
  grpcInitial: HeaderMap | null = null;
  grpcTrailing: HeaderMap | null = null;
  grpcMessage: Uint8Array = NOTHING;
  /** What proxy_get_status tells: how the last gRPC call or failed HTTP call ended. */
  status: { code: number; message: string } = { code: 0, message: "" };
  /** Arguments of a foreign call back into the plugin. */
  foreignArguments: Uint8Array = NOTHING;
  /** The request that an access log tells of, while the plugin is told. */
  logged: LoggedRequest | null = null;
  /** Properties that the plugin has declared. */
  readonly declared = new Map<string, Declared>();
  /** The plugin has put off its own end, and may call proxy_done. */
  closing = false;
  /** True while the configuration may be read. */
  configuring = false;
  /** Milliseconds between ticks; 0 for none. */
  tickPeriod = 0;
  /** Monotonic nanoseconds of the next tick. */
  nextTick = 0n;

  constructor(id: number, identity: PluginIdentity) {
    this.id = id;
    this.identity = identity;
  }

  get logging(): boolean {
    return this.logged !== null;
  }

  /** None of them can be changed, as in the reference proxy. */
  map(type: number, change: boolean): HeaderMap | null {
    if (change) return null;
    switch (type) {
      case MAP.httpRequestHeaders:
        return this.logged?.requestHeaders ?? null;
      case MAP.httpResponseHeaders:
        return this.logged?.responseHeaders ?? null;
      case MAP.httpResponseTrailers:
        return this.logged?.responseTrailers ?? null;
      case MAP.httpCallResponseHeaders:
        return this.answer === null ? null : this.answer.headers;
      case MAP.httpCallResponseTrailers:
        return this.answer === null ? null : this.answer.trailers;
      case MAP.grpcCallInitialMetadata:
        return this.grpcInitial;
      case MAP.grpcCallTrailingMetadata:
        return this.grpcTrailing;
      default:
        return null;
    }
  }

  buffer(type: number): GuestBuffer | null {
    switch (type) {
      case BUFFER.httpCallResponseBody:
        return this.answer === null ? null : this.answer.body;
      case BUFFER.grpcCallMessage:
        return this.grpcMessage;
      case BUFFER.vmConfiguration:
        return this.identity.vmConfiguration;
      case BUFFER.pluginConfiguration:
        return this.configuring ? this.identity.configuration : null;
      case BUFFER.foreignFunctionArguments:
        return this.foreignArguments;
      default:
        return NOTHING;
    }
  }

  property(path: string): Uint8Array | null {
    return (
      (this.logged === null ? null : loggedProperty(this.logged, path)) ??
      pluginProperty(this.identity, path) ??
      attribute(this.identity.attributes, path)
    );
  }

  /** There is no stream whose filter state could hold it. */
  setProperty(): number {
    return STATUS.notFound;
  }

  setEnvoyState(): number {
    return STATUS.notFound;
  }
}

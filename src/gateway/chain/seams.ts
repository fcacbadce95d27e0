// What the filter chain asks of its neighbours: the router behind the last filter, and the plugins that are
// the filters. Nothing here knows a socket, a parser or a file.
import type { FilterState } from "../../host/filter-state.ts";
import type { HeaderMap, Pair } from "../../host/header-map.ts";
import type { Admission } from "../../host/plugin.ts";
import type { AttributeSource } from "../../host/properties.ts";
import type { LoggedRequest } from "../../host/root-context.ts";
import type { StreamLimits } from "../../host/stream-context.ts";
import type { Route, VirtualHost, WeightedCluster } from "../../mesh/envoy/lab-config.ts";
import type { ConnectionInfo, UpstreamSink } from "../http/exchange.ts";
import type { Phase, Step } from "./steps.ts";
import type { TraceRecorder } from "./trace.ts";

/** Where a request goes. */
export interface Matched {
  readonly virtualHost: VirtualHost;
  readonly route: Route;
  /** The cluster that was chosen; null for routes that answer by themselves. */
  readonly cluster: WeightedCluster | null;
}

/** A response that is made here and not by an upstream. */
export interface Answer {
  readonly status: number;
  readonly details: string;
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
  /** Envoy's response flags, such as `UF`; "" for none. */
  readonly flags: string;
}

/** Hears what comes back for a request. */
export interface RouterSink extends UpstreamSink {
  answer(answer: Answer): void;
}

/** A request that has left the chain. */
export interface Onward {
  /** False: the receiver is slow, and says `resume` to the sink later. */
  data(bytes: Uint8Array, end: boolean): boolean;
  trailers(trailers: HeaderMap): void;
  reset(): void;
  pauseReading(): void;
  resumeReading(): void;
}

export interface Router {
  match(headers: HeaderMap, connection: ConnectionInfo): Matched | null;
  /** Sends a request where its route says; everything that goes wrong is told to the sink, never thrown. */
  send(
    matched: Matched,
    headers: HeaderMap,
    end: boolean,
    sink: RouterSink,
    context: RouteContext,
  ): Onward;
}

/** A reply as the edits of its headers find it: one that is made here has no status yet. */
export interface Reply {
  readonly headers: HeaderMap;
  readonly details: string;
  readonly flags: string;
}

/** What header edits and access logs may name of a request. */
export interface RouteContext {
  /**
   * The text of an access-log command such as `REQ(:path)`, with a reply as if it had been sent; null where there is no
   * such command.
   */
  command(name: string, reply?: Reply): string | null;
}

/** Clocks, in milliseconds. */
export interface ServiceClock {
  /** Since 1970. */
  wall(): number;
  /** Never goes back. */
  now(): number;
}

/** Hears what a plugin's steps cost. */
export interface Meter {
  /** A step begins. */
  begin(step: Step): void;
  /**
   * `time` in milliseconds; `fuel` is 0 where the module isn't hardened, and for a step that trapped, which has
   * spent what it had.
   */
  step(phase: Phase, time: number, fuel: number, trapped: boolean): void;
  /** A request is over. */
  request(fuel: number): void;
  /** A request has used more than its budget. */
  overBudget(): void;
}

/** A plugin as the chain sees it. */
export interface Filter {
  readonly name: string;
  /** With a recorder, the request is traced: it meets an instance of the plugin that is. */
  open(
    attributes: AttributeSource,
    limits: StreamLimits,
    state?: FilterState,
    trace?: TraceRecorder | null,
  ): Admission;
  /** Tells a plugin that is an access log of a request that is over. */
  logRequest(logged: LoggedRequest): void;
  readonly meter: Meter;
  /** Fuel that one request may use in all; Infinity for none. */
  readonly requestFuel: number;
  /** A request that is over its budget: skips the plugin, or is rejected. */
  readonly overBudget: "skip" | "reject";
  /** One more request uses it, or one less: an old version goes when nobody does. */
  enter(): void;
  leave(): void;
}

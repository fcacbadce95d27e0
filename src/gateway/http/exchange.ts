// The two seams of the gateway. A codec (HTTP/1.1, HTTP/2) hands every request to the router as an Exchange; the
// router opens an UpstreamCall for it. Between the two stands the filter chain, which sees nothing but this
// file: no socket, no parser. Everything is synchronous and push-style: bytes come by calls of a sink, and a
// full receiver is told to the sender by `pause` and `resume`.
// Header maps are those of the host, pseudo-headers included (`:method`, `:path`, `:authority`, `:scheme`;
// `:status`), names in lower case, hop-by-hop headers and transfer-encoding already gone: a codec adds its own.
// `content-length` stays, as plugins expect it; who changes a body's size removes it, and a codec that is given more
// or fewer bytes than it says ends the connection.
import type { Socket } from "node:net";
import type { HeaderMap } from "../../host/header-map.ts";

/** What is known of the connection a request came on; one object a connection. */
export interface ConnectionInfo {
  /** Unique within the process. */
  readonly id: number;
  readonly listener: number;
  readonly protocol: "HTTP/1.0" | "HTTP/1.1" | "HTTP/2";
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsInfo | null;
}

export interface TlsInfo {
  /** For example `TLSv1.3`. */
  readonly version: string;
  readonly serverName: string;
  /** The client showed a certificate that its authority vouches for. */
  readonly mutual: boolean;
  readonly peerSubject: string;
  readonly peerDigest: string;
}

/** Takes one message, in this order: headers, any number of pieces, trailers or not. `end` comes exactly once. */
export interface MessageSink {
  data(bytes: Uint8Array, end: boolean): void;
  trailers(trailers: HeaderMap): void;
  /** The other side is gone, or broke the protocol. Nothing follows. */
  reset(reason: ResetReason): void;
  /** The receiver of what this side sends is full, or no longer. */
  pause(): void;
  resume(): void;
}

export type ResetReason =
  | "remote-reset" // the peer closed or reset
  | "connect-failure" // could not reach it
  | "connect-timeout"
  | "overflow" // too many connections or pending requests
  | "protocol-error" // it answered garbage
  | "timeout"
  | "local"; // this process gave up

/** One request on a downstream connection. Calls after the end of the response do nothing. */
export interface Exchange {
  readonly connection: ConnectionInfo;
  readonly headers: HeaderMap;
  /** The request has neither body nor trailers. */
  readonly headersOnly: boolean;
  /** Monotonic milliseconds at which the first byte of it arrived, or when it was parsed. */
  readonly started: number;
  /** Set by the router, before anything else can arrive. */
  sink: MessageSink;
  /** The codec refuses it: it is answered so and logged, and goes nowhere. */
  readonly refusal?: Refusal | null;
  /** An interim response (100, 103). */
  sendInterim(headers: HeaderMap): void;
  sendHeaders(headers: HeaderMap, end: boolean): void;
  /** False: the client is slow; `sink.pause` has been or will be told. */
  sendData(bytes: Uint8Array, end: boolean): boolean;
  sendTrailers(trailers: HeaderMap): void;
  /** Gives up: closes the connection (HTTP/1) or resets the stream (HTTP/2). */
  reset(): void;
  /** Stops and restarts reading of this request's body. */
  pauseReading(): void;
  resumeReading(): void;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/** How a codec answers what is no request that could be served. */
export interface Refusal {
  readonly status: number;
  /** Envoy's response-code details and flags. */
  readonly details: string;
  readonly flags: string;
}

/** Who gets the requests of a listener. */
export type ExchangeHandler = (exchange: Exchange) => void;

/** What an upstream's answer is told to. */
export interface UpstreamSink extends MessageSink {
  headers(headers: HeaderMap, end: boolean): void;
  /** An interim response. */
  interim(headers: HeaderMap): void;
  /** The connection this call uses, once it has one. */
  connected(info: UpstreamInfo): void;
}

export interface UpstreamInfo {
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsInfo | null;
}

/** A connection for bytes that are no requests, or why there is none. */
export type RawResult =
  | { readonly socket: Socket; readonly info: UpstreamInfo }
  | ResetReason
  | "no-cluster"
  | "no-host";

/** One request to an upstream. */
export interface UpstreamCall {
  /** False: the upstream is slow. */
  sendData(bytes: Uint8Array, end: boolean): boolean;
  sendTrailers(trailers: HeaderMap): void;
  reset(): void;
  pauseReading(): void;
  resumeReading(): void;
}

export type RouterCounter =
  | "upstream_rq_timeout"
  | "upstream_rq_per_try_timeout"
  | "upstream_rq_retry"
  | "upstream_rq_retry_success"
  | "upstream_rq_retry_limit_exceeded";

/** The clusters of a configuration, with their pools. */
export interface Upstreams {
  has(cluster: string): boolean;
  /** Hosts that could take a request; where it isn't offered, there are some. */
  hostCount?(cluster: string): number;
  /** Counts what only the router knows: timeouts and retries. */
  count?(cluster: string, counter: RouterCounter): void;
  /**
   * Opens a request to a host of the cluster; failures are told to the sink, never thrown. `rewriteHost` puts
   * the endpoint's own name into `:authority`.
   */
  open(
    cluster: string,
    headers: HeaderMap,
    end: boolean,
    sink: UpstreamSink,
    rewriteHost?: boolean,
  ): UpstreamCall;
  /**
   * Opens a connection of its own to a host of the cluster; `done` is called once, never before this returns, and
   * not after `cancel`. Offered by real clusters only.
   */
  raw?(cluster: string, done: (result: RawResult) => void): { cancel(): void };
  /** Finishes what is in flight, then closes idle connections. */
  drain(): Promise<void>;
  snapshot(): readonly ClusterSnapshot[];
}

export interface ClusterSnapshot {
  readonly name: string;
  readonly hosts: readonly {
    readonly address: string;
    readonly port: number;
    readonly healthy: boolean;
    readonly activeRequests: number;
    readonly connections: number;
    readonly requests: number;
    readonly failures: number;
  }[];
  readonly counters: Readonly<Record<string, number>>;
}

// Performs the calls of plugins over the clusters of the configuration: HTTP calls, gRPC calls and streams, and
// DNS look-ups. What comes back is told to the plugin outside of any callback. A response beyond the cap, or one
// that breaks off, is a failed call.
import { lookup } from "node:dns";
import { answerCall, answerDns, answerGrpc, failCall } from "../../host/answer.ts";
import type { CallHandle, Dialer } from "../../host/dialer.ts";
import type { DnsCall, GrpcCall, HttpCall, OutgoingCall } from "../../host/effects.ts";
import { HeaderMap } from "../../host/header-map.ts";
import type { Plugin } from "../../host/plugin.ts";
import type { UpstreamSink, Upstreams } from "../http/exchange.ts";
import { frame, GrpcReader } from "./grpc-frames.ts";

/** Bytes of a response that a plugin is given. */
const RESPONSE = 16 * 1024 * 1024;
const NOTHING = new Uint8Array(0);

/** Runs what tells a plugin something, with its time on the plugin's account. */
export type Around = (tell: () => void) => void;

/** `upstreams` is asked for each call: a new configuration brings new ones. */
export function dialerOf(upstreams: () => Upstreams, around: Around): Dialer {
  return {
    dial(plugin: Plugin, call: OutgoingCall): CallHandle | null {
      switch (call.kind) {
        case "http":
          return httpCall(upstreams(), plugin, call, around);
        case "dns":
          return dnsCall(plugin, call, around);
        default:
          return grpcCall(upstreams(), plugin, call, around);
      }
    },
  };
}

/** A sink that hears until it is told to stop. */
abstract class CallSink implements UpstreamSink {
  protected over = false;

  stop(): void {
    this.over = true;
  }

  connected(): void {}
  interim(): void {}
  pause(): void {}
  resume(): void {}
  abstract headers(headers: HeaderMap, end: boolean): void;
  abstract data(bytes: Uint8Array, end: boolean): void;
  abstract trailers(trailers: HeaderMap): void;
  abstract reset(reason: string): void;
}

class HttpSink extends CallSink {
  readonly #plugin: Plugin;
  readonly #token: number;
  readonly #around: Around;
  #headers = new HeaderMap();
  readonly #parts: Uint8Array[] = [];
  #size = 0;
  onTooLarge: () => void = () => {};

  constructor(plugin: Plugin, token: number, around: Around) {
    super();
    this.#plugin = plugin;
    this.#token = token;
    this.#around = around;
  }

  headers(headers: HeaderMap, end: boolean): void {
    this.#headers = headers;
    if (end) this.#done(new HeaderMap());
  }

  data(bytes: Uint8Array, end: boolean): void {
    if (this.over) return;
    this.#size += bytes.length;
    if (this.#size > RESPONSE) {
      this.onTooLarge();
      this.reset("the response is too large");
      return;
    }
    if (bytes.length > 0) this.#parts.push(bytes);
    if (end) this.#done(new HeaderMap());
  }

  trailers(trailers: HeaderMap): void {
    this.#done(trailers);
  }

  #done(trailers: HeaderMap): void {
    if (this.over) return;
    this.over = true;
    const body = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    const headers = this.#headers;
    this.#around(() => void answerCall(this.#plugin, this.#token, { headers, body, trailers }));
  }

  reset(reason: string): void {
    if (this.over) return;
    this.over = true;
    this.#around(() => void failCall(this.#plugin, this.#token, reason));
  }
}

function httpCall(
  upstreams: Upstreams,
  plugin: Plugin,
  call: HttpCall,
  around: Around,
): CallHandle | null {
  const { cluster, token, body, trailers } = call;
  if (!upstreams.has(cluster)) return null;
  const headers = HeaderMap.from(call.headers);
  if (headers.get(":scheme") === undefined) headers.add(":scheme", "http");
  const sink = new HttpSink(plugin, token, around);
  const more = trailers.length > 0;
  if (body.length > 0) headers.set("content-length", String(body.length));
  const open = upstreams.open(cluster, headers, body.length === 0 && !more, sink);
  sink.onTooLarge = () => open.reset();
  if (body.length > 0) open.sendData(body, !more);
  if (more) open.sendTrailers(HeaderMap.from(trailers));
  return {
    cancel: () => {
      sink.stop();
      open.reset();
    },
  };
}

class GrpcSink extends CallSink {
  readonly #plugin: Plugin;
  readonly #token: number;
  readonly #around: Around;
  readonly #reader = new GrpcReader(RESPONSE);
  /** A unary call is told its message and its end only. */
  readonly #stream: boolean;

  constructor(plugin: Plugin, call: GrpcCall, around: Around) {
    super();
    this.#plugin = plugin;
    this.#token = call.token;
    this.#stream = call.kind === "grpc-stream";
    this.#around = around;
  }

  #tell(answer: Parameters<typeof answerGrpc>[2]): void {
    this.#around(() => void answerGrpc(this.#plugin, this.#token, answer));
  }

  headers(headers: HeaderMap, end: boolean): void {
    if (this.over) return;
    if (headers.get(":status") !== "200") this.#close(GRPC_UNKNOWN, "the answer is no gRPC");
    else if (end) this.trailers(headers);
    else if (this.#stream) this.#tell({ initialMetadata: headers });
  }

  data(bytes: Uint8Array, end: boolean): void {
    if (this.over) return;
    const messages = this.#reader.read(bytes);
    if (messages === null) this.#close(GRPC_UNKNOWN, "the answer is no gRPC, or too large");
    else {
      if (messages.length > 0) this.#tell({ messages });
      if (end) this.#close(GRPC_UNKNOWN, "the answer has no status");
    }
  }

  trailers(trailers: HeaderMap): void {
    if (this.over) return;
    const text = trailers.get("grpc-status") ?? "";
    const status = /^\d{1,3}$/.test(text) ? Number(text) : GRPC_UNKNOWN;
    if (this.#stream) this.#tell({ trailingMetadata: trailers });
    this.#close(status, trailers.get("grpc-message") ?? "");
  }

  reset(reason: string): void {
    this.#close(GRPC_UNAVAILABLE, reason);
  }

  #close(status: number, message: string): void {
    if (this.over) return;
    this.over = true;
    this.#tell({ status, message });
  }
}

const GRPC_UNKNOWN = 2;
const GRPC_UNAVAILABLE = 14;

function grpcCall(
  upstreams: Upstreams,
  plugin: Plugin,
  call: GrpcCall,
  around: Around,
): CallHandle | null {
  if (!upstreams.has(call.service)) return null;
  const headers = HeaderMap.from([
    [":method", "POST"],
    [":path", `/${call.serviceName}/${call.methodName}`],
    [":authority", call.service],
    [":scheme", "http"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...call.metadata,
  ]);
  const sink = new GrpcSink(plugin, call, around);
  const open = upstreams.open(call.service, headers, false, sink);
  const unary = call.kind === "grpc-call";
  for (const message of call.messages) open.sendData(frame(message), false);
  if (unary || call.ended) open.sendData(NOTHING, true);
  return {
    cancel: () => {
      sink.stop();
      open.reset();
    },
    send: (message, end) => {
      open.sendData(message === null ? NOTHING : frame(message), end);
    },
  };
}

function dnsCall(plugin: Plugin, { name, token }: DnsCall, around: Around): CallHandle {
  let wanted = true;
  lookup(name, { all: true }, (error, addresses) => {
    if (!wanted) return;
    // The system's resolver tells no time to live; Envoy's plugins are given what it found.
    const found = error === null ? addresses.map(({ address }) => ({ address, ttl: 0 })) : [];
    around(() => void answerDns(plugin, token, found));
  });
  return { cancel: () => void (wanted = false) };
}

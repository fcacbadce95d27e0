// Performs the calls of plugins over the clusters of the configuration: HTTP calls, gRPC calls and streams, and
// DNS look-ups. What comes back is told to the plugin outside of any callback. A response beyond the cap, or one
// that breaks off, is a failed call.
import { lookup } from "node:dns";
import {
  answerCall,
  answerDns,
  answerGrpc,
  answerLocally,
  answerUnary,
  failCall,
} from "../../host/answer.ts";
import type { CallHandle, Dialer } from "../../host/dialer.ts";
import type { DnsCall, GrpcCall, HttpCall, OutgoingCall } from "../../host/effects.ts";
import { HeaderMap } from "../../host/header-map.ts";
import { grpcOfHttp } from "../../host/local-reply.ts";
import type { Plugin } from "../../host/plugin.ts";
import { GRPC_STATUS_MAX } from "../../spec/status.ts";
import type { ResetReason, UpstreamSink, Upstreams } from "../http/exchange.ts";
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
    reach(cluster) {
      const known = upstreams();
      if (!known.has(cluster)) return "unknown";
      return known.hostCount?.(cluster) === 0 ? "empty" : "ready";
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
  abstract reset(reason: ResetReason): void;
}

/** Envoy's words for what went wrong before an answer began, and the status it makes of it. */
const FAILURES: Readonly<Record<ResetReason, readonly [status: number, words: string]>> = {
  "remote-reset": [503, "connection termination"],
  "connect-failure": [503, "remote connection failure"],
  "connect-timeout": [503, "connection timeout"],
  overflow: [503, "overflow"],
  "protocol-error": [502, "protocol error"],
  timeout: [504, "timeout"],
  local: [503, "local reset"],
};

function wordsOf(reason: ResetReason): string {
  return `upstream connect error or disconnect/reset before headers. reset reason: ${FAILURES[reason][1]}`;
}

class HttpSink extends CallSink {
  readonly #plugin: Plugin;
  readonly #token: number;
  readonly #around: Around;
  #headers: HeaderMap | null = null;
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
      this.#fail();
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
    const headers = this.#headers ?? new HeaderMap();
    this.#around(() => void answerCall(this.#plugin, this.#token, { headers, body, trailers }));
  }

  /** An answer that breaks off is none; where none has begun, Envoy makes one. */
  reset(reason: ResetReason): void {
    if (this.over) return;
    if (this.#headers !== null) {
      this.#fail();
      return;
    }
    this.over = true;
    const [status] = FAILURES[reason];
    this.#around(() => void answerLocally(this.#plugin, this.#token, status, wordsOf(reason)));
  }

  #fail(): void {
    if (this.over) return;
    this.over = true;
    this.#around(() => void failCall(this.#plugin, this.#token, "reset"));
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
  /** A unary call is told its message, or how it failed, and nothing else. */
  readonly #stream: boolean;
  #message: Uint8Array | null = null;
  #begun = false;
  onGarbage: () => void = () => {};

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
    const status = Number(headers.get(":status"));
    if (status !== 200) {
      this.#initial(NO_METADATA);
      this.#end(NO_METADATA, grpcOfHttp(status), "the answer is no gRPC");
    } else if (end) {
      this.#initial(NO_METADATA);
      this.trailers(headers);
    } else this.#initial(headers);
  }

  data(bytes: Uint8Array, end: boolean): void {
    if (this.over) return;
    const messages = this.#reader.read(bytes);
    if (messages === null) {
      this.#end(NO_METADATA, GRPC_INTERNAL, "the answer is no gRPC, or too large");
      this.onGarbage();
      return;
    }
    if (messages.length > 0) {
      if (this.#stream) this.#tell({ messages });
      else this.#message = messages.at(-1)!;
    }
    if (end) this.#end(NO_METADATA, GRPC_UNKNOWN, "the answer has no status");
  }

  trailers(trailers: HeaderMap): void {
    if (this.over) return;
    const text = trailers.get("grpc-status") ?? "";
    const known = /^\d{1,2}$/.test(text) && Number(text) <= GRPC_STATUS_MAX;
    const missing = text === "" ? GRPC_UNKNOWN : GRPC_INVALID;
    const status = known ? Number(text) : missing;
    this.#end(trailers, status, trailers.get("grpc-message") ?? "");
  }

  reset(reason: ResetReason): void {
    if (this.over) return;
    this.#initial(NO_METADATA);
    this.#end(NO_METADATA, GRPC_UNAVAILABLE, wordsOf(reason));
  }

  /** Told once, and before all else. */
  #initial(headers: HeaderMap): void {
    if (!this.#stream || this.#begun) return;
    this.#begun = true;
    this.#tell({ initialMetadata: headers });
  }

  #end(trailers: HeaderMap, status: number, message: string): void {
    if (this.over) return;
    this.over = true;
    if (this.#stream) this.#tell({ trailingMetadata: trailers, status, message });
    else if (status !== 0) this.#tell({ status, message });
    else if (this.#message === null) this.#tell({ status: GRPC_INTERNAL, message: "" });
    else {
      const answer = this.#message;
      this.#around(() => void answerUnary(this.#plugin, this.#token, answer));
    }
  }
}

const NO_METADATA = new HeaderMap();
const GRPC_UNKNOWN = 2;
const GRPC_INTERNAL = 13;
const GRPC_UNAVAILABLE = 14;
/** What Envoy tells of a status that gRPC doesn't know. */
const GRPC_INVALID = 0xffffffff;

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
  sink.onGarbage = () => open.reset();
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

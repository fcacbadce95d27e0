// Answers of calls that a plugin made, as the caller of the host gives them: an HTTP response or a failure, the
// steps of a gRPC call, the result of a DNS look-up. The plugin is told through its own context, and the
// answer is open to it only while it is told.
import { STATUS } from "../spec/status.ts";
import type { GrpcCall } from "./effects.ts";
import { HeaderMap, type Pair } from "./header-map.ts";
import type { Plugin } from "./plugin.ts";

const NOTHING = new Uint8Array(0);

/** The gRPC status that the host itself tells, of a call whose time is over too. */
const UNAVAILABLE = 14;
const TIMED_OUT = "upstream request timeout";

export interface HttpAnswer {
  readonly headers: HeaderMap | Iterable<Pair>;
  readonly body?: Uint8Array | string;
  readonly trailers?: HeaderMap | Iterable<Pair>;
}

function bytes(body: Uint8Array | string | undefined): Uint8Array {
  return typeof body === "string" ? Buffer.from(body, "utf8") : (body ?? NOTHING);
}

function mapOf(pairs: HeaderMap | Iterable<Pair>): HeaderMap {
  return pairs instanceof HeaderMap ? pairs : HeaderMap.from(pairs);
}

/** Answers an HTTP call; false where no such call is in flight. */
export function answerCall(plugin: Plugin, token: number, answer: HttpAnswer): boolean {
  if (plugin.flights.calls.get(token)?.kind !== "http") return false;
  plugin.flights.take(token);
  const headers = mapOf(answer.headers);
  const trailers = mapOf(answer.trailers ?? []);
  const body = bytes(answer.body);
  const { root } = plugin;
  root.answer = { headers, body, trailers: trailers.size > 0 ? trailers : null };
  plugin.tellRoot("proxy_on_http_call_response", token, headers.size, body.length, trailers.size);
  root.answer = null;
  return true;
}

/**
 * A call failed (reset, no upstream): an HTTP call is told with nothing in it, a gRPC call or stream is closed as
 * unavailable, a look-up found nothing. False where no such call is in flight.
 */
export function failCall(plugin: Plugin, token: number, message: string): boolean {
  const call = plugin.flights.calls.get(token);
  if (call === undefined) return false;
  if (call.kind === "dns") return answerDns(plugin, token, []);
  if (call.kind !== "http") {
    return answerGrpc(plugin, token, { status: UNAVAILABLE, message });
  }
  plugin.flights.take(token);
  // As the reference proxy: no gRPC status, but the ABI's own.
  const { root } = plugin;
  root.status = { code: STATUS.brokenConnection, message };
  plugin.tellRoot("proxy_on_http_call_response", token, 0, 0, 0);
  root.status = { code: root.status.code, message: "" };
  return true;
}

/**
 * The answer that the reference proxy makes up for a call whose upstream gave none: plugins see a response as any
 * other. False where no such call is in flight.
 */
export function answerLocally(
  plugin: Plugin,
  token: number,
  status: number,
  text: string,
): boolean {
  const body = Buffer.from(text, "utf8");
  const headers = [
    [":status", String(status)],
    ["content-length", String(body.length)],
    ["content-type", "text/plain"],
  ] as const;
  return answerCall(plugin, token, { headers, body });
}

/** A call's time is over: it is given up; an HTTP call is answered 504, a gRPC call ends as unavailable. */
export function timeOut(plugin: Plugin, token: number): void {
  const kind = plugin.flights.calls.get(token)?.kind;
  if (kind === undefined) return;
  plugin.flights.handle(token)?.cancel();
  if (kind === "http") answerLocally(plugin, token, 504, TIMED_OUT);
  else answerGrpc(plugin, token, { status: UNAVAILABLE, message: TIMED_OUT });
}

export interface GrpcAnswer {
  readonly initialMetadata?: HeaderMap | Iterable<Pair>;
  readonly messages?: readonly (Uint8Array | string)[];
  readonly trailingMetadata?: HeaderMap | Iterable<Pair>;
  /** gRPC status; without one the stream stays open. */
  readonly status?: number;
  readonly message?: string;
}

/**
 * Delivers what a gRPC call or stream has received, all at once or step by step, in that order; false where there
 * is no such call, or none any more because the plugin gave it up meanwhile.
 */
export function answerGrpc(plugin: Plugin, token: number, answer: GrpcAnswer): boolean {
  const open = (): boolean => {
    const kind = plugin.flights.calls.get(token)?.kind;
    return kind === "grpc-call" || kind === "grpc-stream";
  };
  if (!open()) return false;
  const { root } = plugin;
  if (answer.initialMetadata !== undefined) {
    root.grpcInitial = mapOf(answer.initialMetadata);
    plugin.tellRoot("proxy_on_grpc_receive_initial_metadata", token, root.grpcInitial.size);
    root.grpcInitial = null;
  }
  for (const message of answer.messages ?? []) {
    if (!open()) return false;
    root.grpcMessage = bytes(message);
    plugin.tellRoot("proxy_on_grpc_receive", token, root.grpcMessage.length);
    root.grpcMessage = NOTHING;
  }
  if (answer.trailingMetadata !== undefined && open()) {
    root.grpcTrailing = mapOf(answer.trailingMetadata);
    plugin.tellRoot("proxy_on_grpc_receive_trailing_metadata", token, root.grpcTrailing.size);
    root.grpcTrailing = null;
  }
  if (!open()) return false;
  if (answer.status !== undefined) {
    root.status = { code: answer.status, message: answer.message ?? "" };
    // The plugin may still close it, as it is told.
    const call = plugin.flights.calls.get(token) as GrpcCall;
    call.over = true;
    plugin.tellRoot("proxy_on_grpc_close", token, answer.status);
    root.status = { code: root.status.code, message: "" };
    plugin.flights.take(token);
  }
  return true;
}

/** The message that a unary gRPC call was answered with: nothing more is told of it. */
export function answerUnary(plugin: Plugin, token: number, message: Uint8Array): boolean {
  if (!answerGrpc(plugin, token, { messages: [message] })) return false;
  plugin.flights.take(token);
  return true;
}

export interface DnsAddress {
  /** As text, e.g. `10.0.0.1`. */
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/**
 * Answers a DNS look-up; none found is an empty list. The plugin reads, from the buffer of foreign functions: a
 * count, that many times to live, that many texts with a NUL behind each; numbers 32-bit little-endian.
 */
export function answerDns(plugin: Plugin, token: number, found: readonly DnsAddress[]): boolean {
  if (plugin.flights.calls.get(token)?.kind !== "dns") return false;
  plugin.flights.take(token);
  const texts = Buffer.from(found.map(({ address }) => `${address}\0`).join(""), "latin1");
  const numbers = Buffer.alloc(4 + found.length * 4);
  numbers.writeUInt32LE(found.length, 0);
  for (const [i, { ttl }] of found.entries()) numbers.writeUInt32LE(ttl >>> 0, 4 + i * 4);
  const { root } = plugin;
  root.foreignArguments = found.length === 0 ? NOTHING : Buffer.concat([numbers, texts]);
  plugin.tellRoot("envoy_on_resolve_dns", token, root.foreignArguments.length);
  root.foreignArguments = NOTHING;
  return true;
}

/** Calls the plugin's `proxy_on_foreign_function`; `id` and `argument` are the caller's own agreement with it. */
export function callForeign(plugin: Plugin, id: number, argument: Uint8Array): void {
  const { root } = plugin;
  root.foreignArguments = argument;
  plugin.tellRoot("proxy_on_foreign_function", id, argument.length);
  root.foreignArguments = NOTHING;
}

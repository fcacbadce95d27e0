// Answers of calls that a plugin made, as the caller of the host gives them: an HTTP response or a failure, the
// steps of a gRPC call, the result of a DNS look-up. The plugin is told through its own context, and the
// answer is open to it only while it is told.
import { HeaderMap, type Pair } from "./header-map.ts";
import type { Plugin } from "./plugin.ts";

const NOTHING = new Uint8Array(0);

export interface HttpAnswer {
  readonly headers: Iterable<Pair>;
  readonly body?: Uint8Array | string;
  readonly trailers?: Iterable<Pair>;
}

function bytes(body: Uint8Array | string | undefined): Uint8Array {
  return typeof body === "string" ? Buffer.from(body, "utf8") : (body ?? NOTHING);
}

/** Answers an HTTP call; false where no such call is in flight. */
export function answerCall(plugin: Plugin, token: number, answer: HttpAnswer): boolean {
  if (plugin.calls.get(token)?.kind !== "http") return false;
  plugin.take(token);
  const headers = HeaderMap.from(answer.headers);
  const trailers = HeaderMap.from(answer.trailers ?? []);
  const body = bytes(answer.body);
  const { root } = plugin;
  root.answer = { headers, body, trailers };
  plugin.tellRoot("proxy_on_http_call_response", token, headers.size, body.length, trailers.size);
  root.answer = null;
  return true;
}

/** The call failed (timeout, reset, no upstream): the plugin is told with nothing in it. */
export function failCall(plugin: Plugin, token: number, message: string): boolean {
  if (plugin.calls.get(token)?.kind !== "http") return false;
  plugin.take(token);
  const { root } = plugin;
  // 2 is gRPC's "unknown", which the reference proxy uses for a call without a response.
  root.status = { code: 2, message };
  plugin.tellRoot("proxy_on_http_call_response", token, 0, 0, 0);
  return true;
}

/** A call's time is over: an HTTP call fails, a gRPC call ends with DEADLINE_EXCEEDED (4). */
export function timeOut(plugin: Plugin, token: number): void {
  if (!failCall(plugin, token, "timeout")) {
    answerGrpc(plugin, token, { status: 4, message: "timeout" });
  }
}

export interface GrpcAnswer {
  readonly initialMetadata?: Iterable<Pair>;
  readonly messages?: readonly (Uint8Array | string)[];
  readonly trailingMetadata?: Iterable<Pair>;
  /** gRPC status; without one the stream stays open. */
  readonly status?: number;
  readonly message?: string;
}

/** Delivers what a gRPC call or stream has received; false where there is no such call. */
export function answerGrpc(plugin: Plugin, token: number, answer: GrpcAnswer): boolean {
  const call = plugin.calls.get(token);
  if (call === undefined || call.kind === "http" || call.kind === "dns") return false;
  const { root } = plugin;
  if (answer.initialMetadata !== undefined) {
    root.grpcInitial = HeaderMap.from(answer.initialMetadata);
    plugin.tellRoot("proxy_on_grpc_receive_initial_metadata", token, root.grpcInitial.size);
    root.grpcInitial = null;
  }
  for (const message of answer.messages ?? []) {
    root.grpcMessage = bytes(message);
    plugin.tellRoot("proxy_on_grpc_receive", token, root.grpcMessage.length);
    root.grpcMessage = NOTHING;
  }
  if (answer.trailingMetadata !== undefined) {
    root.grpcTrailing = HeaderMap.from(answer.trailingMetadata);
    plugin.tellRoot("proxy_on_grpc_receive_trailing_metadata", token, root.grpcTrailing.size);
    root.grpcTrailing = null;
  }
  if (answer.status !== undefined) {
    plugin.take(token);
    root.status = { code: answer.status, message: answer.message ?? "" };
    plugin.tellRoot("proxy_on_grpc_close", token, answer.status);
  }
  return true;
}

// The exports that proxy-wasm hosts look up in a module: ABI markers, start functions, allocators, and the
// callbacks with their signatures by ABI version. Entry wrappers, host dispatch, the failure table, the
// policy and the reference page derive from it. All parameters and results are i32. No logic but look-up.
// Sources: proxy-wasm/spec v0.1.0 to v0.2.1; proxy-wasm-cpp-host 52a0291 (wasm.h, wasm.cc) for what is looked
// up and gated; Envoy's wasm.cc for the two envoy_* ones.
import type { AbiVersion } from "./host-function-row.ts";
import { ACTION } from "./status.ts";

/** Which entry wrapper an export gets (docs/containment.md); `abi` markers are wrapped as callbacks. */
export type CallbackKind = "callback" | "start" | "context" | "allocator" | "abi";

export interface Callback {
  readonly name: string;
  /** Parameter names, all i32, in ABI 0.2.0 and later. */
  readonly params: readonly string[];
  readonly result: "i32" | null;
  /** Parameter names in ABI 0.1.0, where they differ. */
  readonly params010?: readonly string[];
  /** ABI versions for which hosts look it up. */
  readonly abis: readonly AbiVersion[];
  readonly kind: CallbackKind;
  /** When it is called, in words for people. */
  readonly phase: string;
  /** A security plugin that exports it and is kept from it lets the request by unchecked. */
  readonly requestPath: boolean;
  /** Whether stock hosts ask `allowed_capabilities` before they look it up. */
  readonly gated: boolean;
  /** What a host answers in the plugin's place after a trap, where there is an answer. */
  readonly onTrap?: { readonly open: number; readonly closed: number };
}

const ALL = ["0.1.0", "0.2.0", "0.2.1"] as const;
const SINCE_020 = ["0.2.0", "0.2.1"] as const;

const base = { abis: ALL, kind: "callback", requestPath: false, gated: true } as const;
const free = { ...base, gated: false } as const;
/** A trap answers with CONTINUE where failures are open, PAUSE (and a local response) where they are closed. */
const action = { ...base, result: "i32", onTrap: { open: ACTION.continue, closed: ACTION.pause } } as const;
const request = { ...action, requestPath: true } as const;
/** Answers true or false: false refuses to start. */
const start = { ...base, kind: "start", result: "i32", onTrap: { open: 1, closed: 0 } } as const;

export const callbacks: readonly Callback[] = [
  { ...free, name: "proxy_abi_version_0_1_0", params: [], result: null, abis: ["0.1.0"], kind: "abi", phase: "never called" },
  { ...free, name: "proxy_abi_version_0_2_0", params: [], result: null, abis: ["0.2.0"], kind: "abi", phase: "never called" },
  { ...free, name: "proxy_abi_version_0_2_1", params: [], result: null, abis: ["0.2.1"], kind: "abi", phase: "never called" },
  { ...free, name: "_initialize", params: [], result: null, kind: "start", phase: "module start" },
  { ...free, name: "_start", params: [], result: null, kind: "start", phase: "module start" },
  { ...free, name: "main", params: ["argc", "argv"], result: "i32", kind: "start", phase: "module start" },
  { ...free, name: "__main_void", params: [], result: "i32", kind: "start", phase: "module start" },
  { ...free, name: "malloc", params: ["memory_size"], result: "i32", kind: "allocator", phase: "inside host calls" },
  { ...free, name: "proxy_on_memory_allocate", params: ["memory_size"], result: "i32", kind: "allocator", phase: "inside host calls" },
  { ...base, name: "proxy_on_context_create", params: ["context_id", "parent_context_id"], result: null, kind: "context", phase: "context" },
  { ...base, name: "proxy_on_done", params: ["context_id"], result: "i32", phase: "context", onTrap: { open: 1, closed: 1 } },
  { ...base, name: "proxy_on_log", params: ["context_id"], result: null, phase: "context" },
  { ...base, name: "proxy_on_delete", params: ["context_id"], result: null, phase: "context" },
  { ...start, name: "proxy_validate_configuration", params: ["root_context_id", "configuration_size"], phase: "configuration" },
  { ...start, name: "proxy_on_vm_start", params: ["unused", "vm_configuration_size"], phase: "vm start" },
  { ...start, name: "proxy_on_configure", params: ["plugin_context_id", "plugin_configuration_size"], phase: "configuration" },
  { ...base, name: "proxy_on_tick", params: ["plugin_context_id"], result: null, phase: "timer" },
  { ...request, name: "proxy_on_new_connection", params: ["stream_context_id"], phase: "connection" },
  { ...request, name: "proxy_on_downstream_data", params: ["stream_context_id", "data_size", "end_of_stream"], phase: "connection" },
  { ...base, name: "proxy_on_downstream_connection_close", params: ["stream_context_id", "peer_type"], result: null, phase: "connection" },
  { ...action, name: "proxy_on_upstream_data", params: ["stream_context_id", "data_size", "end_of_stream"], phase: "connection" },
  { ...base, name: "proxy_on_upstream_connection_close", params: ["stream_context_id", "peer_type"], result: null, phase: "connection" },
  {
    ...request,
    name: "proxy_on_request_headers",
    params: ["stream_context_id", "num_headers", "end_of_stream"],
    params010: ["stream_context_id", "num_headers"],
    phase: "request headers",
  },
  { ...request, name: "proxy_on_request_body", params: ["stream_context_id", "body_size", "end_of_stream"], phase: "request body" },
  { ...request, name: "proxy_on_request_trailers", params: ["stream_context_id", "num_trailers"], phase: "request trailers" },
  { ...request, name: "proxy_on_request_metadata", params: ["stream_context_id", "num_elements"], phase: "request metadata" },
  {
    ...action,
    name: "proxy_on_response_headers",
    params: ["stream_context_id", "num_headers", "end_of_stream"],
    params010: ["stream_context_id", "num_headers"],
    phase: "response headers",
  },
  { ...action, name: "proxy_on_response_body", params: ["stream_context_id", "body_size", "end_of_stream"], phase: "response body" },
  { ...action, name: "proxy_on_response_trailers", params: ["stream_context_id", "num_trailers"], phase: "response trailers" },
  { ...action, name: "proxy_on_response_metadata", params: ["stream_context_id", "num_elements"], phase: "response metadata" },
  { ...base, name: "proxy_on_http_call_response", params: ["plugin_context_id", "call_id", "num_headers", "body_size", "num_trailers"], result: null, phase: "HTTP call" },
  { ...base, name: "proxy_on_grpc_receive_initial_metadata", params: ["plugin_context_id", "call_id", "num_elements"], result: null, phase: "gRPC call" },
  { ...base, name: "proxy_on_grpc_receive", params: ["plugin_context_id", "call_id", "message_size"], result: null, phase: "gRPC call" },
  { ...base, name: "proxy_on_grpc_receive_trailing_metadata", params: ["plugin_context_id", "call_id", "num_elements"], result: null, phase: "gRPC call" },
  { ...base, name: "proxy_on_grpc_close", params: ["plugin_context_id", "call_id", "status_code"], result: null, phase: "gRPC call" },
  { ...base, name: "proxy_on_queue_ready", params: ["plugin_context_id", "queue_id"], result: null, phase: "queue" },
  { ...base, name: "proxy_on_foreign_function", params: ["plugin_context_id", "function_id", "arguments_size"], result: null, abis: SINCE_020, phase: "foreign function" },
  { ...free, name: "envoy_on_resolve_dns", params: ["plugin_context_id", "token", "result_size"], result: null, phase: "DNS answer" },
  { ...free, name: "envoy_on_stats_update", params: ["plugin_context_id", "result_size"], result: null, phase: "stats sink" },
];

/** Callbacks that bring what a plugin asked for, in the plugin's own context: they are not called for a stream. */
export const answers: ReadonlySet<string> = new Set([
  "proxy_on_http_call_response",
  "proxy_on_grpc_receive_initial_metadata",
  "proxy_on_grpc_receive",
  "proxy_on_grpc_receive_trailing_metadata",
  "proxy_on_grpc_close",
  "envoy_on_resolve_dns",
]);

/** The one of them that ends an HTTP call. */
export const HTTP_ANSWER = "proxy_on_http_call_response";

/** What a host calls to bring a plugin up, after the module's own start, in this order. */
export const setUpCallbacks = ["proxy_on_context_create", "proxy_on_vm_start", "proxy_on_configure"] as const;

const byName = new Map(callbacks.map((row) => [row.name, row]));

/** The row of an export name; undefined where no host looks it up. */
export function callback(name: string): Callback | undefined {
  return byName.get(name);
}

/** Parameter names (all i32) and result that a host of this ABI version demands of the export. */
export function callbackSignature(row: Callback, abi: AbiVersion): { readonly params: readonly string[]; readonly result: "i32" | null } {
  const params = abi === "0.1.0" ? (row.params010 ?? row.params) : row.params;
  return { params, result: row.result };
}

/** ABI version that a marker export announces, e.g. 0.2.1 for `proxy_abi_version_0_2_1`. */
export function abiOfMarker(name: string): AbiVersion | undefined {
  const row = byName.get(name);
  return row?.kind === "abi" ? row.abis[0] : undefined;
}

/** Callbacks of a stream, of HTTP or of TCP, whose result lets it go on or holds it: a host can be answered in the plugin's place. */
export const streamActions: ReadonlySet<string> = new Set(
  callbacks.filter(({ params, onTrap }) => params[0] === "stream_context_id" && onTrap !== undefined).map(({ name }) => name),
);

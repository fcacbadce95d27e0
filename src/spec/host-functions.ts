// The functions that proxy-wasm hosts register for a plugin to import: ABI 0.1.0, 0.2.0, 0.2.1, the hosts'
// extras, and WASI. One row a function; stubs, thunks, guards, host wiring, inspect and the reference page
// derive from it. Row numbers are the denial bits of hardened modules: rows are only ever appended, at the
// very end (after WASI). No logic but look-up.
// Sources: proxy-wasm/spec v0.1.0 to v0.2.1 for names and parameters; proxy-wasm-cpp-host 52a0291
// (exports.h, wasm.cc) for what is registered, gated and allowed during start; Envoy's wasm.cc for
// envoy_resolve_dns. `denied` is what that host's own stub answers.
import type { AbiVersion, HostFunction, Param, Risk } from "./host-function-row.ts";
import { bytes, int, long, out, returned, returnedIfWanted } from "./params.ts";
import { type Named, wasiFunctions, wasiModules } from "./wasi.ts";

const ALL = ["0.1.0", "0.2.0", "0.2.1"] as const;
const SINCE_020 = ["0.2.0", "0.2.1"] as const;
const ONLY_021 = ["0.2.1"] as const;
const ONLY_010 = ["0.1.0"] as const;

/** INTERNAL_FAILURE: what the reference host's stub answers for every proxy_* function. */
const DENIED = 10;

interface Extra {
  readonly alias?: string;
  readonly atStart?: true;
}

function env<const Name extends string>(
  name: Name,
  abis: readonly AbiVersion[],
  group: string,
  risk: Risk,
  price: number,
  params: readonly Param[],
  why: string,
  extra: Extra = {},
): Named<Name> {
  const row = { module: "env", name, params, result: "i32", abis, group, risk, why, atStart: extra.atStart === true, denied: DENIED, startup: false, gated: true, price } as const;
  return extra.alias === undefined ? row : { ...row, alias: extra.alias };
}

const envFunctions = [
  env("proxy_done", ALL, "context", "low", 50, [], "Ends a shutdown that the plugin itself had put off"),
  env("proxy_set_effective_context", ALL, "context", "medium", 50, [int("context_id")], "Later calls act for another context, also one of another plugin in the same VM"),
  env("proxy_log", ALL, "log", "low", 100, [int("log_level"), ...bytes("message")], "Writes to the proxy's log: may leak request data there and fill disks", { atStart: true }),
  env("proxy_get_log_level", ONLY_021, "log", "low", 50, [out("log_level", 4)], "Reads one number of the proxy's configuration"),
  env("proxy_get_current_time_nanoseconds", ALL, "time", "low", 50, [out("time", 8)], "A fine clock: harmless alone, useful for measuring what neighbours do"),
  env(
    "proxy_set_tick_period_milliseconds",
    ALL,
    "time",
    "medium",
    100,
    [int("tick_period")],
    "Timer callbacks spend a worker's time without any request; a short period takes nearly all of it",
  ),
  env("proxy_set_buffer_bytes", ALL, "body", "high", 100, [int("buffer_id"), int("start"), int("size"), ...bytes("value")], "Changes request and response bodies", {
    alias: "proxy_set_buffer",
  }),
  env(
    "proxy_get_buffer_bytes",
    ALL,
    "body",
    "high",
    100,
    [int("buffer_id"), int("start"), int("max_size"), ...returned("value")],
    "Reads bodies after TLS was taken off, and the plugin's own configuration",
    { alias: "proxy_get_buffer" },
  ),
  env("proxy_get_buffer_status", ALL, "body", "low", 50, [int("buffer_id"), out("buffer_size", 4), out("unused", 4)], "Tells the size of a buffer, not what is in it"),
  env("proxy_get_header_map_size", ALL, "headers", "low", 50, [int("map_id"), out("serialized_pairs_size", 4)], "Tells the size of a header map, not what is in it"),
  env(
    "proxy_get_header_map_pairs",
    ALL,
    "headers",
    "high",
    200,
    [int("map_id"), ...returned("serialized_pairs")],
    "Reads all headers at once, Authorization and Cookie among them",
  ),
  env(
    "proxy_set_header_map_pairs",
    ALL,
    "headers",
    "high",
    200,
    [int("map_id"), ...bytes("serialized_pairs")],
    "Replaces all headers at once, those that later filters trust among them",
  ),
  env(
    "proxy_get_header_map_value",
    ALL,
    "headers",
    "high",
    100,
    [int("map_id"), ...bytes("key"), ...returned("value")],
    "Reads any header by name, Authorization and Cookie among them",
  ),
  env(
    "proxy_add_header_map_value",
    ALL,
    "headers",
    "medium",
    100,
    [int("map_id"), ...bytes("key"), ...bytes("value")],
    "Adds headers that upstreams may trust; many large ones take the proxy's memory",
  ),
  env(
    "proxy_replace_header_map_value",
    ALL,
    "headers",
    "medium",
    100,
    [int("map_id"), ...bytes("key"), ...bytes("value")],
    "Changes any header, the path and the authority among them",
  ),
  env("proxy_remove_header_map_value", ALL, "headers", "medium", 100, [int("map_id"), ...bytes("key")], "Removes any header, those that later filters check among them"),
  env("proxy_continue_stream", SINCE_020, "stream", "medium", 100, [int("stream_type")], "Lets a request go on that was held, also while a check is still open"),
  env("proxy_close_stream", SINCE_020, "stream", "medium", 100, [int("stream_type")], "Cuts the stream off"),
  env("proxy_get_status", ALL, "dispatch", "low", 100, [out("status_code", 4), ...returned("status_message")], "Reads how the plugin's own gRPC call ended"),
  env(
    "proxy_send_local_response",
    ALL,
    "stream",
    "medium",
    200,
    [int("status_code"), ...bytes("status_code_details"), ...bytes("body"), ...bytes("serialized_headers"), int("grpc_status")],
    "Answers the client instead of the upstream, with any content",
  ),
  env(
    "proxy_http_call",
    ALL,
    "dispatch",
    "high",
    500,
    [...bytes("upstream_name"), ...bytes("serialized_headers"), ...bytes("body"), ...bytes("serialized_trailers"), int("timeout"), out("call_id", 4)],
    "Sends anything to any cluster that the proxy knows: forged requests and exfiltration",
    { alias: "proxy_dispatch_http_call" },
  ),
  env(
    "proxy_grpc_call",
    ALL,
    "dispatch",
    "high",
    500,
    [...bytes("upstream_name"), ...bytes("service_name"), ...bytes("method_name"), ...bytes("serialized_initial_metadata"), ...bytes("message"), int("timeout"), out("call_id", 4)],
    "Sends anything to any cluster; the name may be a whole gRPC service definition",
    { alias: "proxy_dispatch_grpc_call" },
  ),
  env(
    "proxy_grpc_stream",
    ALL,
    "dispatch",
    "high",
    500,
    [...bytes("upstream_name"), ...bytes("service_name"), ...bytes("method_name"), ...bytes("serialized_initial_metadata"), out("stream_id", 4)],
    "Opens a lasting connection to any cluster; the name may be a whole gRPC service definition",
  ),
  env("proxy_grpc_send", ALL, "dispatch", "high", 300, [int("stream_id"), ...bytes("message"), int("end_stream")], "Sends data out on a gRPC stream"),
  env("proxy_grpc_cancel", ALL, "dispatch", "low", 100, [int("call_or_stream_id")], "Ends a gRPC call or stream"),
  env("proxy_grpc_close", ALL, "dispatch", "low", 100, [int("call_or_stream_id")], "Ends a gRPC call or stream"),
  env(
    "proxy_set_shared_data",
    ALL,
    "shared-data",
    "medium",
    200,
    [...bytes("key"), ...bytes("value"), int("cas")],
    "Writes what every plugin of the same vm_id reads; memory that is taken is never given back",
  ),
  env("proxy_get_shared_data", ALL, "shared-data", "medium", 200, [...bytes("key"), ...returned("value"), out("cas", 4)], "Reads what other plugins of the same vm_id wrote"),
  env("proxy_register_shared_queue", ALL, "shared-queue", "medium", 200, [...bytes("name"), out("queue_id", 4)], "Opens a channel to other plugins"),
  env("proxy_resolve_shared_queue", ALL, "shared-queue", "medium", 200, [...bytes("vm_id"), ...bytes("name"), out("queue_id", 4)], "Finds the queue of any other plugin by name"),
  env(
    "proxy_enqueue_shared_queue",
    ALL,
    "shared-queue",
    "medium",
    200,
    [int("queue_id"), ...bytes("value")],
    "Sends to any queue: ids are guessable and not checked; own queue plus callback makes an endless loop",
  ),
  env("proxy_dequeue_shared_queue", ALL, "shared-queue", "medium", 200, [int("queue_id"), ...returned("value")], "Takes from any queue: ids are guessable and not checked"),
  env(
    "proxy_define_metric",
    ALL,
    "metrics",
    "low",
    200,
    [int("metric_type"), ...bytes("name"), out("metric_id", 4)],
    "Names take memory that is never given back; may carry request data into the stats",
  ),
  env("proxy_record_metric", ALL, "metrics", "low", 100, [int("metric_id"), long("value")], "Writes numbers, also to metrics of other plugins in the VM"),
  env("proxy_increment_metric", ALL, "metrics", "low", 100, [int("metric_id"), long("delta")], "Writes numbers, also to metrics of other plugins in the VM"),
  env("proxy_get_metric", ALL, "metrics", "low", 100, [int("metric_id"), out("value", 8)], "Reads numbers, also from metrics of other plugins in the VM"),
  env(
    "proxy_get_property",
    ALL,
    "properties",
    "high",
    200,
    [...bytes("path"), ...returned("value")],
    "Reads any attribute: TLS and peer certificates, all headers, routes and node metadata",
  ),
  env("proxy_set_property", ALL, "properties", "medium", 200, [...bytes("path"), ...bytes("value")], "Writes filter state that other filters and plugins of the stream read"),
  env(
    "proxy_call_foreign_function",
    ALL,
    "foreign",
    "high",
    500,
    [...bytes("name"), ...bytes("arguments"), ...returnedIfWanted("results")],
    "Runs native functions of the proxy that no sandbox checks",
  ),
  env("proxy_get_configuration", ONLY_010, "configuration", "low", 100, [...returned("configuration")], "Reads the plugin's own configuration"),
  env("proxy_continue_request", ONLY_010, "stream", "medium", 100, [], "Lets a request go on that was held, also while a check is still open"),
  env("proxy_continue_response", ONLY_010, "stream", "medium", 100, [], "Lets a response go on that was held"),
  env("proxy_clear_route_cache", ONLY_010, "stream", "medium", 100, [], "Makes the proxy choose the route again, with the headers that the plugin has set"),
  // Never asked of allowed_capabilities, so only the module itself can be kept from them.
  { ...env("pthread_equal", ALL, "runtime", "low", 20, [int("left"), int("right")], "Compares two numbers"), denied: 0, startup: true, gated: false },
  {
    ...env("emscripten_notify_memory_growth", ALL, "runtime", "low", 20, [int("memory_index")], "Hosts ignore it", { atStart: true }),
    result: null,
    denied: "trap",
    startup: true,
    gated: false,
  },
  { ...env("envoy_resolve_dns", ALL, "dns", "high", 500, [...bytes("address"), out("token", 4)], "Sends names out by DNS, which stock Envoy never gates"), gated: false },
] as const satisfies readonly HostFunction[];

/** Every name, as a type: a table by name that lacks one doesn't compile. */
export type HostFunctionName = (typeof envFunctions)[number]["name"] | (typeof wasiFunctions)[number]["name"];

/** Every host function; the place of a row is its denial bit. */
export const hostFunctions: readonly HostFunction[] = [...envFunctions, ...wasiFunctions];

/** What the reference host still answers while it calls the plugin's allocator; all else traps. */
export const allowedInAllocator: ReadonlySet<string> = new Set(["proxy_log", "fd_write", "clock_time_get", "poll_oneoff"]);

const byName = new Map<string, HostFunction>(hostFunctions.map((row) => [row.name, row]));
const indices = new Map(hostFunctions.map((row, index) => [row, index]));

/** The row of an import as a module writes it (`env`, `wasi_unstable`, `wasi_snapshot_preview1`), if a host has it. */
export function hostFunction(module: string, name: string): HostFunction | undefined {
  const row = byName.get(name);
  if (row === undefined) return undefined;
  const matches = row.module === "env" ? module === "env" : wasiModules.some((one) => one === module);
  return matches ? row : undefined;
}

/** The row of a capability name: names are unique across modules. */
export function hostFunctionNamed(name: string): HostFunction | undefined {
  return byName.get(name);
}

/** Place of a row in the table: its denial bit, and the order of reports. */
export function hostFunctionIndex(row: HostFunction): number {
  const index = indices.get(row);
  if (index === undefined) throw new Error(`not a row of the table: ${row.name}`);
  return index;
}

// How our own host supports the ABI: by which subject of the conformance matrix each host function is tried, and
// where a function, a callback or a version differs from the reference host's. What is not named here is as
// there. No logic but look-up.
import { hostFunctionNamed } from "./host-functions.ts";

/** Subjects of the matrix by the group of a host function; some functions have one of their own. */
const byGroup: Readonly<Record<string, string>> = {
  context: "streams",
  log: "log",
  time: "timers",
  body: "buffers",
  configuration: "buffers",
  headers: "headers",
  stream: "streams",
  dispatch: "grpc",
  "shared-data": "shared-data",
  "shared-queue": "queues",
  metrics: "metrics",
  properties: "properties",
  foreign: "foreign",
  runtime: "network",
  dns: "network",
};

const byName: Readonly<Record<string, string>> = {
  proxy_http_call: "http-call",
  proxy_send_local_response: "local-response",
};

/** The subject under test/abi that tries a host function. */
export function subjectOf(name: string): string {
  const row = hostFunctionNamed(name);
  if (row?.module === "wasi") return "wasi";
  return byName[name] ?? byGroup[row?.group ?? ""] ?? "";
}

/**
 * What a host function does otherwise than in the reference host, or within which limits; `{name}` stands for a limit
 * of src/host/caps.ts.
 */
export const functionNotes: Readonly<Record<string, string>> = {
  proxy_log: "a line is cut at {logLineBytes}, and the cut is marked; the newest {logLines} lines are kept",
  proxy_add_header_map_value: "NUL, CR and LF are BAD_ARGUMENT; at most {headerMapBytes} and {headerMapCount} headers",
  proxy_replace_header_map_value: "NUL, CR and LF are BAD_ARGUMENT",
  proxy_set_header_map_pairs: "NUL, CR and LF are BAD_ARGUMENT, and then nothing is changed",
  proxy_set_buffer_bytes: "at most {bodyBytes}; a length beyond the end means all there is, where Envoy 1.40 may end by a signal",
  proxy_continue_response: "before there is a response nothing happens, where Envoy 1.40 ends by a signal",
  proxy_send_local_response: "status 200 to 599, others become 500; of several in one callback the first counts; headers that can't be are left out",
  proxy_http_call: "at most {outstanding} calls and {dispatchBytes} in flight for one plugin, beyond INTERNAL_FAILURE; NUL, CR and LF in headers are BAD_ARGUMENT",
  proxy_grpc_call:
    "limits as for proxy_http_call; a cluster without a name is PARSE_FAILURE, where Envoy 1.40 ends by a signal; status messages without the reference host's own details in braces",
  proxy_grpc_stream: "limits as for proxy_http_call",
  proxy_grpc_send: "limits as for proxy_http_call; after the plugin's own end of the stream BAD_ARGUMENT, where the reference host writes on",
  proxy_set_shared_data: "at most {sharedDataBytes} for one vm_id, beyond INTERNAL_FAILURE; without a vm_id a plugin shares with nobody",
  proxy_register_shared_queue:
    "at most {queues} queues, an eighth of them for one vm_id; names up to {metricNameBytes}; announced by a later poll, at most {callbacksPerPoll} at once",
  proxy_enqueue_shared_queue: "at most {queueItems} items and {queueBytes} a queue, half of it for what other vm_ids send, beyond INTERNAL_FAILURE",
  proxy_dequeue_shared_queue: "an item that the guest can't take stays in the queue",
  proxy_define_metric: "at most {metrics}, an eighth of them for one vm_id; names up to {metricNameBytes}",
  proxy_set_property: "at most {filterStateBytes} of filter state for one request",
  proxy_call_foreign_function: "at most {foreignArgumentBytes} in and {foreignResultBytes} out; the functions are listed below",
  proxy_continue_stream:
    "inside of the callback that then pauses it holds for bodies, trailers and requests without a body; what was written to a client can't be continued (UNIMPLEMENTED)",
  proxy_get_property:
    "what a request says stays readable to its end, where the reference host closes it with the headers until the log; of the proxy's own attributes some are not there (metadata, endpoints, locality)",
  envoy_resolve_dns: "names up to 253 bytes",
  fd_write: "at most {iovecs} vectors and {iovecBytes}, beyond EINVAL",
  fd_pwrite: "at most {iovecs} vectors and {iovecBytes}, beyond EINVAL",
};

/** Callbacks that our host never makes, and why. */
export const callbacksNotMade: Readonly<Record<string, string>> = {
  proxy_validate_configuration: "no stock host calls it either",
  proxy_on_request_metadata: "Node's HTTP/2 carries no METADATA frames",
  proxy_on_response_metadata: "Node's HTTP/2 carries no METADATA frames",
  envoy_on_stats_update: "there are no stats sinks",
};

/** What the versions of the ABI change, as far as a plugin notices. */
export const versionDifferences: readonly { readonly what: string; readonly by: Readonly<Record<"0.1.0" | "0.2.0" | "0.2.1", string>> }[] = [
  { what: "a header that is not there", by: { "0.1.0": "OK and an empty value", "0.2.0": "NOT_FOUND", "0.2.1": "NOT_FOUND" } },
  { what: "end of stream in header callbacks", by: { "0.1.0": "not told", "0.2.0": "third parameter", "0.2.1": "third parameter" } },
  {
    what: "go on with what was held",
    by: { "0.1.0": "`proxy_continue_request`, `proxy_continue_response`", "0.2.0": "`proxy_continue_stream`", "0.2.1": "`proxy_continue_stream`" },
  },
  { what: "cut a stream off", by: { "0.1.0": "no", "0.2.0": "`proxy_close_stream`", "0.2.1": "`proxy_close_stream`" } },
  {
    what: "choose the route again",
    by: { "0.1.0": "`proxy_clear_route_cache`", "0.2.0": "foreign function `clear_route_cache`", "0.2.1": "foreign function `clear_route_cache`" },
  },
  { what: "read the configuration", by: { "0.1.0": "`proxy_get_configuration` or buffers 6 and 7", "0.2.0": "buffers 6 and 7", "0.2.1": "buffers 6 and 7" } },
  { what: "the log level", by: { "0.1.0": "not told", "0.2.0": "not told", "0.2.1": "`proxy_get_log_level`" } },
  { what: "`proxy_on_foreign_function`", by: { "0.1.0": "not looked up", "0.2.0": "yes", "0.2.1": "yes" } },
];

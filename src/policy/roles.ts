// Role templates: what plugins of one purpose call, by real ABI names. Rows name proxy_* functions only; the
// WASI functions that SDKs need to start (column `startup` of the host-function table) come with every role.
// `callbacks` are what such a plugin lives on: they stay when a document names callbacks beside the role.
// proxy_get_property stands where the purpose needs attributes. The C++ SDK also asks it for its root id at
// start and aborts without it: a C++ plugin of another role needs it in `allow+`.

export interface Role {
  readonly what: string;
  /** Leaving out an exported request-path callback is an error: the plugin would protect nothing. */
  readonly security: boolean;
  readonly allow: readonly string[];
  readonly callbacks: readonly string[];
}

/** Every SDK: logging, configuration (buffers 6 and 7; 0.1.0 has its own call), clock, contexts, shutdown. */
const base = [
  "proxy_log",
  "proxy_get_log_level",
  "proxy_get_buffer_bytes",
  "proxy_get_configuration",
  "proxy_get_current_time_nanoseconds",
  "proxy_set_effective_context",
  "proxy_done",
] as const;

const readHeaders = [
  "proxy_get_header_map_value",
  "proxy_get_header_map_pairs",
  "proxy_get_header_map_size",
] as const;
const writeHeaders = [
  "proxy_add_header_map_value",
  "proxy_replace_header_map_value",
  "proxy_remove_header_map_value",
] as const;
const count = ["proxy_define_metric", "proxy_increment_metric"] as const;
const resume = [
  "proxy_continue_stream",
  "proxy_continue_request",
  "proxy_continue_response",
] as const;

const lifecycle = [
  "proxy_on_context_create",
  "proxy_on_vm_start",
  "proxy_on_configure",
  "proxy_validate_configuration",
  "proxy_on_done",
  "proxy_on_log",
  "proxy_on_delete",
] as const;
const request = [
  "proxy_on_request_headers",
  "proxy_on_request_body",
  "proxy_on_request_trailers",
  "proxy_on_request_metadata",
] as const;
const response = [
  "proxy_on_response_headers",
  "proxy_on_response_body",
  "proxy_on_response_trailers",
  "proxy_on_response_metadata",
] as const;
const heads = ["proxy_on_request_headers", "proxy_on_response_headers"] as const;

export const roles = {
  logging: {
    what: "Reads requests and attributes, writes log lines and counts.",
    security: false,
    allow: [...base, ...readHeaders, ...count, "proxy_get_property"],
    callbacks: [...lifecycle, ...heads],
  },
  metrics: {
    what: "Reads single headers and attributes, keeps metrics.",
    security: false,
    allow: [
      ...base,
      ...count,
      "proxy_record_metric",
      "proxy_get_metric",
      "proxy_get_header_map_value",
      "proxy_get_property",
    ],
    callbacks: [...lifecycle, ...heads],
  },
  tracing: {
    what: "Reads and adds trace headers, reads attributes.",
    security: false,
    allow: [
      ...base,
      ...readHeaders,
      "proxy_add_header_map_value",
      "proxy_replace_header_map_value",
      "proxy_get_property",
    ],
    callbacks: [...lifecycle, ...heads],
  },
  "header-rewriter": {
    what: "Reads, adds, changes and removes headers.",
    security: false,
    allow: [...base, ...readHeaders, ...writeHeaders],
    callbacks: [...lifecycle, ...heads],
  },
  auth: {
    what: "Decides on a request by itself: reads and sets headers, answers for the upstream, counts.",
    security: true,
    allow: [
      ...base,
      ...readHeaders,
      ...writeHeaders,
      ...count,
      "proxy_get_property",
      "proxy_send_local_response",
    ],
    callbacks: [...lifecycle, ...request, "proxy_on_new_connection", "proxy_on_downstream_data"],
  },
  "external-auth": {
    what: "As auth, and asks a service by HTTP while the request is held.",
    security: true,
    allow: [
      ...base,
      ...readHeaders,
      ...writeHeaders,
      ...count,
      ...resume,
      "proxy_get_property",
      "proxy_send_local_response",
      "proxy_http_call",
    ],
    callbacks: [
      ...lifecycle,
      ...request,
      "proxy_on_new_connection",
      "proxy_on_downstream_data",
      "proxy_on_http_call_response",
    ],
  },
  "rate-limiter": {
    what: "Counts requests in shared data and answers for the upstream.",
    security: true,
    allow: [
      ...base,
      ...readHeaders,
      ...count,
      "proxy_get_property",
      "proxy_send_local_response",
      "proxy_get_shared_data",
      "proxy_set_shared_data",
      "proxy_set_tick_period_milliseconds",
    ],
    callbacks: [...lifecycle, ...request, "proxy_on_tick"],
  },
  "body-filter": {
    what: "Reads and changes bodies, adjusts headers to them, or answers for the upstream.",
    security: true,
    allow: [
      ...base,
      ...readHeaders,
      ...writeHeaders,
      "proxy_set_buffer_bytes",
      "proxy_get_buffer_status",
      "proxy_send_local_response",
    ],
    callbacks: [...lifecycle, ...request, ...response],
  },
} as const satisfies Readonly<Record<string, Role>>;

export type RoleName = keyof typeof roles;

/** The role of that name, widened to its common shape. */
export function role(name: string): Role | undefined {
  return Object.hasOwn(roles, name) ? roles[name as RoleName] : undefined;
}

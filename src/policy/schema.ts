// The policy document as one table: every field with its kind, bounds, default and one sentence. The parser, the
// resolver, `policy explain`, the JSON Schema and the reference page derive from it; all of it is enforced. No
// logic but look-up.
import { costTables } from "../spec/costs.ts";
import { LOG_LEVEL } from "../spec/status.ts";
import { roles } from "./roles.ts";
import { BUFFERS } from "./rules.ts";

export const API_VERSION = "glovebox.dev/v1alpha1";
export const KIND = "PluginPolicy";

/** What a field's value is after parsing. */
export interface Kinds {
  text: string;
  /** A plugin's name: letters, digits, `.`, `_`, `-`. */
  name: string;
  /** Lower-case hex of 32 bytes. */
  sha256: string;
  /** `sha256:` and 64 hex digits. */
  digest: string;
  choice: string;
  flag: boolean;
  count: number;
  /** Bytes. */
  size: number;
  /** Milliseconds. */
  duration: number;
  texts: readonly string[];
  /** Texts that things begin with. */
  prefixes: readonly string[];
  /** Header names in lower case, with the map before it where only one is meant; `*` alone is every header. */
  headers: readonly string[];
  /** Dotted paths of attributes. */
  properties: readonly string[];
  /** `401`, `4xx`, `500-503`. */
  statuses: readonly string[];
  /** Names of `BUFFERS`. */
  buffers: readonly string[];
  /** Host functions, WASI functions and callbacks by their real names. */
  capabilities: readonly string[];
  /** Paths of public keys. */
  keys: readonly string[];
}

export interface Field {
  readonly path: string;
  readonly kind: keyof Kinds;
  readonly doc: string;
  readonly default: string | number | boolean | readonly string[] | null;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  readonly required?: true;
  /**
   * What makes the field looser: a greater value, a smaller one, having none (another value is no matter of more or
   * less), or its place in a list from strict to loose. Having no value is looser in every case. Absent: neutral.
   */
  readonly looser?: "more" | "less" | "unset" | readonly string[];
  /** A rule for these calls: without one of them allowed it has no effect, which is reported. */
  readonly needs?: readonly string[];
}

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** Slots are globals of the module: as many as this. */
const MAX_STREAMS = 2048;
/** What a count of dispatches, and a quota of bytes for a request, may be: fields of one word hold them. */
const MAX_DISPATCHES = 1_000;
const MAX_REQUEST_BYTES = MiB;

const DISPATCH = ["proxy_http_call", "proxy_grpc_call", "proxy_grpc_stream"] as const;
const LOG = ["proxy_log", "fd_write", "fd_pwrite"] as const;
const READ_HEADERS = ["proxy_get_header_map_value", "proxy_get_header_map_pairs"] as const;
const ADD_HEADERS = [
  "proxy_add_header_map_value",
  "proxy_set_header_map_pairs",
  "proxy_send_local_response",
] as const;
const REPLACE_HEADERS = ["proxy_replace_header_map_value", "proxy_set_header_map_pairs"] as const;
const REMOVE_HEADERS = ["proxy_remove_header_map_value", "proxy_set_header_map_pairs"] as const;
const WRITE_HEADERS = [...new Set([...ADD_HEADERS, ...REPLACE_HEADERS, ...REMOVE_HEADERS])];
const WRITE_BODIES = [
  "proxy_set_buffer_bytes",
  "proxy_send_local_response",
  "proxy_http_call",
  "proxy_grpc_call",
  "proxy_grpc_send",
  "proxy_enqueue_shared_queue",
] as const;

export const fields = [
  {
    path: "apiVersion",
    kind: "choice",
    choices: [API_VERSION],
    default: null,
    required: true,
    doc: "Version of this document's format.",
  },
  {
    path: "kind",
    kind: "choice",
    choices: [KIND],
    default: null,
    required: true,
    doc: "Kind of this document.",
  },
  {
    path: "metadata.name",
    kind: "name",
    default: null,
    required: true,
    doc: "Name of the plugin: in reports, statistics and generated configuration.",
  },
  {
    path: "spec.role",
    kind: "choice",
    choices: Object.keys(roles),
    default: null,
    doc: "Template to start from. Without a role, what isn't allowed is denied, WASI included.",
  },
  {
    path: "spec.source.url",
    kind: "text",
    default: null,
    doc: "Where the module comes from: a file, https://, oci:// or oci-layout: reference.",
  },
  {
    path: "spec.source.sha256",
    kind: "sha256",
    looser: "unset",
    default: null,
    doc: "SHA-256 of the module's own bytes before hardening, in hex.",
  },
  {
    path: "spec.source.manifest",
    kind: "digest",
    looser: "unset",
    default: null,
    doc: "Digest of the manifest that the module comes with, for oci:// and oci-layout: references.",
  },
  {
    path: "spec.source.signedBy",
    kind: "keys",
    default: [],
    doc: "Who must all have signed it, in cosign's formats: public keys by path, relative to this file.",
  },
  {
    path: "spec.limits.memory",
    kind: "size",
    min: 64 * KiB,
    max: 4 * GiB,
    looser: "more",
    default: 64 * MiB,
    doc: "Linear memory that the plugin may reach; rounded down to pages of 64 KiB.",
  },
  {
    path: "spec.limits.onMemoryCap",
    kind: "choice",
    choices: ["trap", "refuse"],
    default: "trap",
    doc: "What memory.grow beyond the cap does: trap, or answer -1 and go on.",
  },
  {
    path: "spec.limits.fuel.request",
    kind: "count",
    min: 1_000,
    max: Number.MAX_SAFE_INTEGER,
    looser: "more",
    default: null,
    doc: "Fuel that all callbacks of one stream may use together; not set, each callback has its own alone.",
  },
  {
    path: "spec.limits.fuel.callback",
    kind: "count",
    min: 1_000,
    max: Number.MAX_SAFE_INTEGER,
    looser: "more",
    default: 20_000_000,
    doc: "Fuel for one callback, from the host's call to its return.",
  },
  {
    path: "spec.limits.fuel.start",
    kind: "count",
    min: 1_000,
    max: Number.MAX_SAFE_INTEGER,
    looser: "more",
    default: 500_000_000,
    doc: "Fuel for each entry of the start phase: module start, vm start, configure.",
  },
  {
    path: "spec.limits.fuel.mode",
    kind: "choice",
    choices: ["bound", "exact"],
    default: "bound",
    doc: "bound charges an upper bound at few places; exact charges what is executed, at a higher price in time and size.",
  },
  {
    path: "spec.limits.fuel.costs",
    kind: "choice",
    choices: Object.keys(costTables),
    default: "v1",
    doc: "Version of the table that prices instructions and host calls.",
  },
  {
    path: "spec.limits.stack",
    kind: "size",
    min: 16 * KiB,
    max: 8 * MiB,
    looser: "more",
    default: 256 * KiB,
    doc: "Native stack that the plugin's calls may take, estimated from above; engines give as little as 512 KiB.",
  },
  {
    path: "spec.limits.callDepth",
    kind: "count",
    min: 16,
    max: 1_000_000,
    looser: "more",
    default: 1024,
    doc: "Nested recursive calls, counted beside the stack's bytes.",
  },
  {
    path: "spec.limits.streams",
    kind: "count",
    min: 1,
    max: MAX_STREAMS,
    looser: "less",
    default: 256,
    doc: "Streams that have a request budget of their own at the same time, where fuel.request is set; a stream beyond has its callbacks' budgets alone, and is counted.",
  },
  {
    path: "spec.limits.dispatch.outstanding",
    kind: "count",
    min: 0,
    max: MAX_DISPATCHES,
    looser: "more",
    default: 256,
    needs: ["proxy_http_call"],
    doc: "Outbound HTTP calls that one VM may have open at the same time, for all of its streams together.",
  },
  {
    path: "spec.limits.dispatch.total",
    kind: "count",
    min: 0,
    max: MAX_DISPATCHES,
    looser: "more",
    default: 32,
    needs: [...DISPATCH, "envoy_resolve_dns"],
    doc: "Outbound calls and DNS questions that one request may make; without fuel.request, one callback.",
  },
  {
    path: "spec.limits.log.bytesPerRequest",
    kind: "size",
    min: 0,
    max: MAX_REQUEST_BYTES,
    looser: "more",
    default: 64 * KiB,
    needs: LOG,
    doc: "Log bytes that one request may cause; without fuel.request, one callback.",
  },
  {
    path: "spec.limits.log.level",
    kind: "choice",
    choices: Object.keys(LOG_LEVEL),
    looser: ["critical", "error", "warn", "info", "debug", "trace"],
    default: null,
    needs: LOG,
    doc: "Lowest level that reaches the log; what is below is answered as if it had been logged.",
  },
  {
    path: "spec.limits.host.headerBytes",
    kind: "size",
    min: 0,
    max: MAX_REQUEST_BYTES,
    looser: "more",
    default: 64 * KiB,
    doc: "Bytes of headers that one request may make the host keep; without fuel.request, one callback.",
  },
  {
    path: "spec.limits.host.bodyBytes",
    kind: "size",
    min: 0,
    max: 4 * GiB,
    looser: "more",
    default: 8 * MiB,
    needs: WRITE_BODIES,
    doc: "Bytes of bodies, messages and queue items that one callback may hand to the host.",
  },
  {
    path: "spec.limits.host.sharedData",
    kind: "size",
    min: 0,
    max: GiB,
    looser: "more",
    default: MiB,
    needs: ["proxy_set_shared_data"],
    doc: "Bytes of keys and values that one VM may write to shared data, beside what its streams bring.",
  },
  {
    path: "spec.limits.host.sharedDataPerRequest",
    kind: "size",
    min: 0,
    max: MiB,
    looser: "more",
    default: 256,
    needs: ["proxy_set_shared_data"],
    doc: "Bytes by which each stream fills up what one VM may write to shared data; 0 makes that a bound for its life.",
  },
  {
    path: "spec.limits.host.queueItems",
    kind: "count",
    min: 0,
    max: 1_000_000,
    looser: "more",
    default: 1000,
    needs: ["proxy_enqueue_shared_queue"],
    doc: "Queue items that one VM may enqueue, beside what its streams bring.",
  },
  {
    path: "spec.limits.host.queueItemsPerRequest",
    kind: "count",
    min: 0,
    max: 1000,
    looser: "more",
    default: 4,
    needs: ["proxy_enqueue_shared_queue"],
    doc: "Items by which each stream fills up what one VM may enqueue; 0 makes that a bound for its life.",
  },
  {
    path: "spec.limits.host.metrics",
    kind: "count",
    min: 0,
    max: 100_000,
    looser: "more",
    default: 256,
    needs: ["proxy_define_metric"],
    doc: "Metrics that one VM may define.",
  },
  {
    path: "spec.limits.host.tick",
    kind: "duration",
    min: 1,
    max: 86_400_000,
    looser: "less",
    default: 100,
    needs: ["proxy_set_tick_period_milliseconds"],
    doc: "Shortest timer period; turning the timer off is always allowed.",
  },
  {
    path: "spec.capabilities.allow",
    kind: "capabilities",
    default: null,
    doc: "Replaces the role's list of host functions, WASI functions and callbacks. WASI that SDKs need to start stays with any role. Where no callback is named, all that the module exports stay.",
  },
  {
    path: "spec.capabilities.allow+",
    kind: "capabilities",
    default: null,
    doc: "Extends the role's list. Naming a callback keeps the named ones and the role's, and takes the others away.",
  },
  {
    path: "spec.capabilities.denied",
    kind: "choice",
    choices: ["host", "internal-failure", "unimplemented", "not-found", "ok-empty", "trap"],
    default: "host",
    doc: "What a denied call answers: host is what stock proxies answer (10, WASI 76 or its inert errno).",
  },
  {
    path: "spec.dispatch.clusters",
    kind: "texts",
    looser: "unset",
    default: null,
    needs: DISPATCH,
    doc: "Clusters that outbound calls may reach, by exact name.",
  },
  {
    path: "spec.dispatch.methods",
    kind: "texts",
    looser: "unset",
    default: null,
    needs: DISPATCH,
    doc: "Methods that dispatched requests may have, as written.",
  },
  {
    path: "spec.dispatch.paths",
    kind: "texts",
    looser: "unset",
    default: null,
    needs: DISPATCH,
    doc: "Paths, query included, that dispatched requests may have; one that ends in `*` stands for all that begin so.",
  },
  {
    path: "spec.dispatch.authorities",
    kind: "texts",
    looser: "unset",
    default: null,
    needs: DISPATCH,
    doc: "Authorities that dispatched requests may name, as `:authority` or `host`.",
  },
  {
    path: "spec.dispatch.dns",
    kind: "texts",
    looser: "unset",
    default: null,
    needs: ["envoy_resolve_dns"],
    doc: "Names that the plugin may ask DNS for.",
  },
  {
    path: "spec.properties.read",
    kind: "properties",
    looser: "unset",
    default: null,
    needs: ["proxy_get_property"],
    doc: "Attributes that may be read; a path grants itself and all below.",
  },
  {
    path: "spec.properties.write",
    kind: "properties",
    looser: "unset",
    default: null,
    needs: ["proxy_set_property"],
    doc: "Filter state that may be written.",
  },
  {
    path: "spec.headers.read",
    kind: "headers",
    looser: "unset",
    default: null,
    needs: READ_HEADERS,
    doc: "Headers that may be read: a name, or `request:`, `request-trailers:`, `response:` or `response-trailers:` and a name; `*` alone is all. `host` and `:authority` are one. Reading them all at once is denied, and so are attributes that show others.",
  },
  {
    path: "spec.headers.write",
    kind: "headers",
    looser: "unset",
    default: null,
    needs: WRITE_HEADERS,
    doc: "Headers that may be added, changed or removed; those of local responses count as added. Replacing a whole map is denied where any verb has a list.",
  },
  {
    path: "spec.headers.add",
    kind: "headers",
    looser: "unset",
    default: null,
    needs: ADD_HEADERS,
    doc: "Headers that may be added, in place of `write`.",
  },
  {
    path: "spec.headers.replace",
    kind: "headers",
    looser: "unset",
    default: null,
    needs: REPLACE_HEADERS,
    doc: "Headers that may be replaced, in place of `write`.",
  },
  {
    path: "spec.headers.remove",
    kind: "headers",
    looser: "unset",
    default: null,
    needs: REMOVE_HEADERS,
    doc: "Headers that may be removed, in place of `write`.",
  },
  {
    path: "spec.bodies.read",
    kind: "buffers",
    choices: BUFFERS,
    looser: "unset",
    default: null,
    needs: ["proxy_get_buffer_bytes"],
    doc: "Bodies and network data that may be read; what calls brought and the configuration stay readable.",
  },
  {
    path: "spec.bodies.write",
    kind: "buffers",
    choices: BUFFERS,
    looser: "unset",
    default: null,
    needs: ["proxy_set_buffer_bytes"],
    doc: "Bodies and network data that may be changed.",
  },
  {
    path: "spec.responses",
    kind: "statuses",
    looser: "unset",
    default: null,
    needs: ["proxy_send_local_response"],
    doc: "Statuses that the plugin may answer with itself: `401`, `4xx`, `500-503`.",
  },
  {
    path: "spec.sharedData.read",
    kind: "prefixes",
    looser: "unset",
    default: null,
    needs: ["proxy_get_shared_data"],
    doc: "Keys of shared data that may be read, by what they begin with.",
  },
  {
    path: "spec.sharedData.write",
    kind: "prefixes",
    looser: "unset",
    default: null,
    needs: ["proxy_set_shared_data"],
    doc: "Keys of shared data that may be written, by what they begin with.",
  },
  {
    path: "spec.queues.register",
    kind: "prefixes",
    looser: "unset",
    default: null,
    needs: ["proxy_register_shared_queue"],
    doc: "Queues that the plugin may register, by what their names begin with.",
  },
  {
    path: "spec.queues.resolve",
    kind: "prefixes",
    looser: "unset",
    default: null,
    needs: ["proxy_resolve_shared_queue"],
    doc: "Queues that the plugin may look up, by what their names begin with.",
  },
  {
    path: "spec.metrics.names",
    kind: "prefixes",
    looser: "unset",
    default: null,
    needs: ["proxy_define_metric"],
    doc: "Metrics that the plugin may define, by what their names begin with.",
  },
  {
    path: "spec.foreign.functions",
    kind: "texts",
    default: [],
    needs: ["proxy_call_foreign_function"],
    doc: "Foreign functions that may be called, by exact name; none is unless it is listed.",
  },
  {
    path: "spec.failure",
    kind: "choice",
    choices: ["closed", "open", "reload"],
    looser: ["closed", "reload", "open"],
    default: "closed",
    doc: "What a trap does to its request: closed and reload answer 503, open lets it by unchecked. Later ones meet a new instance in the lab; in Envoy only with reload, else they too get 503 or pass unchecked.",
  },
  {
    path: "spec.onExhaustion",
    kind: "choice",
    choices: ["trap", "deny", "pass"],
    looser: ["trap", "deny", "pass"],
    default: "trap",
    doc: "What happens to a request whose fuel is nearly gone between two of its callbacks: trap in the next, be answered with 503, or pass unchecked; deny and pass keep the instance alive. A single callback that exhausts its own budget traps in any case.",
  },
  {
    path: "spec.telemetry",
    kind: "flag",
    default: null,
    doc: "Report fuel, memory and denials through the proxy's own metrics. Not set, it is on where the policy allows proxy_define_metric.",
  },
] as const satisfies readonly Field[];

type Row = (typeof fields)[number];

export type Path = Row["path"];

/** Type of a field's parsed value. */
export type ValueAt<P extends Path> = Kinds[Extract<Row, { path: P }>["kind"]];

/** One sentence for each group of fields. */
export const groups: Readonly<Record<string, string>> = {
  "": "A policy: what one plugin may use and reach. One file a plugin.",
  metadata: "Who this policy is for.",
  spec: "The policy itself.",
  "spec.source": "Where the module comes from and how it is pinned.",
  "spec.limits": "What the plugin may use.",
  "spec.limits.fuel": "Bounds on executed instructions, in units of the cost table.",
  "spec.limits.dispatch": "Bounds on outbound calls.",
  "spec.limits.log": "Bounds on logging.",
  "spec.limits.host": "What the plugin may make the proxy itself spend.",
  "spec.capabilities": "What the plugin may call, and where it may be called.",
  "spec.dispatch": "Rules for outbound calls; a rule grants no call.",
  "spec.properties": "Rules for attributes; a rule grants no call.",
  "spec.headers": "Rules for headers; a rule grants no call.",
  "spec.bodies": "Rules for bodies and network data; a rule grants no call.",
  "spec.sharedData": "Rules for shared data; a rule grants no call.",
  "spec.queues": "Rules for shared queues; a rule grants no call.",
  "spec.metrics": "Rules for metrics; a rule grants no call.",
  "spec.foreign": "Rules for functions that one kind of proxy adds; a rule grants no call.",
};

/** The field at a path, widened to its common shape. */
export function field(path: string): Field | undefined {
  return fields.find((row) => row.path === path);
}

/** Names of the fields and groups directly inside a group; `""` is the document. */
export function members(group: string): readonly string[] {
  const prefix = group === "" ? "" : `${group}.`;
  const names = fields
    .filter((row) => row.path.startsWith(prefix))
    .map((row) => row.path.slice(prefix.length).split(".")[0]!);
  return [...new Set(names)];
}

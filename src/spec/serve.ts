// The module server's numbers and names: what a stranger may make it spend, the registry's errors as the
// distribution-spec 1.1 lists them, the metrics that it keeps. No logic.

/** Bytes, milliseconds, counts. */
export const serveLimits = {
  /** Of a request's line and headers. */
  headerBytes: 16 * 1024,
  /** Until a request's headers are all there. */
  headers: 10_000,
  /** Until all of a request is there. */
  request: 15_000,
  handshake: 10_000,
  /** A connection without a byte in either direction. */
  idle: 30_000,
  keepAlive: 75_000,
  /** One whole answer, however slowly it is taken. */
  answer: 600_000,
  connections: 4_096,
  /** Of a body, what is encrypted at once. */
  piece: 128 * 1024,
  /** Verified content that stays in memory, unless --memory says otherwise. */
  memory: 256 * 1024 * 1024,
  drain: 30_000,
  /** Between two looks at references that aren't pinned, unless --refresh says otherwise. */
  refresh: 300_000,
  /** Contents that a plugin had before and that are still given out by digest. */
  former: 4,
  /** Signatures and attestations of one manifest. */
  referrers: 100,
  /** How long a list of them is believed. */
  referrersFor: 30_000,
  /** Tags and repositories of one page. */
  page: 1_000,
} as const;

/** The registry's error codes, with the status that each comes with. */
export const registryErrors = {
  BLOB_UNKNOWN: { status: 404, message: "blob unknown to registry" },
  DIGEST_INVALID: { status: 400, message: "provided digest is malformed" },
  MANIFEST_UNKNOWN: { status: 404, message: "manifest unknown to registry" },
  NAME_INVALID: { status: 400, message: "invalid repository name" },
  NAME_UNKNOWN: { status: 404, message: "repository name not known to registry" },
  UNSUPPORTED: { status: 405, message: "the operation is unsupported: this registry is read-only" },
  NOT_FOUND: { status: 404, message: "there is nothing here" },
  UNAVAILABLE: { status: 503, message: "the content can't be had now" },
} as const;

export type RegistryErrorCode = keyof typeof registryErrors;

/** What answers say of the protocol's version. */
export const DISTRIBUTION_VERSION = "registry/2.0";

/** Metrics by what they are; all names begin with `glovebox_serve_`. */
export const serveMetrics = {
  requests: { name: "glovebox_serve_requests_total", type: "counter", help: "Requests answered, by route and status." },
  bytes: { name: "glovebox_serve_sent_bytes_total", type: "counter", help: "Bytes of bodies that were handed to connections." },
  reads: { name: "glovebox_serve_reads_total", type: "counter", help: "Contents given out, by where they were: memory, store, or nowhere (lost)." },
  refreshes: { name: "glovebox_serve_refreshes_total", type: "counter", help: "Looks at a plugin's source, by plugin and result: same, new, refused." },
  plugin: { name: "glovebox_serve_plugin_info", type: "gauge", help: "1 for what each plugin is now." },
  refreshed: { name: "glovebox_serve_plugin_refreshed_seconds", type: "gauge", help: "When a plugin's source was last found good, in seconds since 1970." },
  memory: { name: "glovebox_serve_memory_bytes", type: "gauge", help: "Verified content in memory." },
  active: { name: "glovebox_serve_active_requests", type: "gauge", help: "Requests that are being answered." },
  connections: { name: "glovebox_serve_connections", type: "gauge", help: "Open connections." },
  refused: { name: "glovebox_serve_refused_total", type: "counter", help: "Requests and connections refused before a route was chosen, by reason." },
  ready: { name: "glovebox_serve_ready", type: "gauge", help: "1 while /readyz answers 200." },
} as const satisfies Readonly<Record<string, { name: string; type: string; help: string }>>;

export type ServeMetric = keyof typeof serveMetrics;

// Every plugin that comes with the sources: what it is, what it does, and what a host without limits makes
// of it. The builder, the tests, the trial and the benchmarks read this table; it knows none of them.

export type Language = "assemblyscript" | "wat" | "c" | "cpp" | "go" | "rust";

export type Kind =
  | "sample" // well-behaved, builds with npm's compilers alone
  | "adversary" // hostile or broken, builds with npm's compilers alone
  | "fixture"; // well-behaved, by another toolchain: see fixtures.ts

/** Which promise of the article it exercises. */
export type Promised =
  | "works" // a well-behaved plugin goes on working
  | "outbound-call"
  | "memory-cap"
  | "fuel"
  | "stack"
  | "failure-policy"
  | "denied-capability"
  | "cap-too-low"
  | "abi-mismatch"
  | "shared-vm"
  | "host-safety"; // what makes the proxy itself spend or crash

/** In which entry of the host it shows what it does. */
export type Acts =
  | "load"
  | "start-section"
  | "initialize"
  | "configure"
  | "request"
  | "body"
  | "tick"
  | "log"
  | "allocator";

export interface PluginRow {
  readonly name: string;
  /** Source file from the checkout. */
  readonly source: string;
  readonly language: Language;
  readonly kind: Kind;
  /** The role template that its policy starts from; null where none fits. */
  readonly role: string | null;
  readonly does: string;
  readonly promise: Promised;
  readonly acts: Acts;
  /** What stock Envoy does while loading it. */
  readonly stock: "loads" | "refuses" | "hangs" | "crashes";
  /** What happens without hardening. */
  readonly unhardened: string;
  /** Exports that it has beyond its memory: those that its behaviour hangs on. */
  readonly exports: readonly string[];
  /** false: it exports no memory. */
  readonly memory?: false;
  /** never: its instantiation does not return. */
  readonly instantiates?: "never";
  /** The plugin configuration it wants. */
  readonly configuration?: string;
  /** The request that shows what it does, where a plain one does not. */
  readonly request?: {
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

// biome-ignore format: a table, a few lines a row
export const plugins = [
  {
    name: "header-rewriter", source: "plugins/samples/header-rewriter.ts", language: "assemblyscript", kind: "sample", role: "header-rewriter",
    does: "adds x-tenant and removes x-internal-debug, marks the response", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_response_headers"],
    configuration: "payments",
  },
  {
    name: "auth", source: "plugins/samples/auth.ts", language: "assemblyscript", kind: "sample", role: "auth",
    does: "answers 401 unless authorization holds a configured bearer token", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_configure"],
    configuration: "alice = wonderland",
  },
  {
    name: "external-auth", source: "plugins/samples/external-auth.ts", language: "assemblyscript", kind: "sample", role: "external-auth",
    does: "asks a cluster about each request and answers 403 unless it said 200", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_http_call_response"],
    configuration: "{\"allowed_dispatch_clusters\": [\"external-auth-cluster\"]}",
  },
  {
    name: "metrics", source: "plugins/samples/metrics.ts", language: "assemblyscript", kind: "sample", role: "metrics",
    does: "counts requests and errors, records the duration of each request", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_response_headers", "proxy_on_log"],
  },
  {
    name: "body-filter", source: "plugins/samples/body-filter.ts", language: "assemblyscript", kind: "sample", role: "body-filter",
    does: "buffers the request body and replaces a word in it", promise: "works", acts: "body",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_request_body"],
    configuration: "secret = [redacted]",
    request: { body: "the secret word" },
  },
  {
    name: "tenant-cache", source: "plugins/samples/tenant-cache.ts", language: "assemblyscript", kind: "sample", role: null,
    does: "keeps the last session of each tenant in shared data", promise: "shared-vm", acts: "request",
    stock: "loads", unhardened: "any plugin of the same VM id reads and overwrites what it keeps",
    exports: ["proxy_on_request_headers"],
    request: { headers: { "x-tenant": "tenant-a", "x-session": "session-of-tenant-a" } },
  },
  {
    name: "header-tag", source: "plugins/samples/header-tag.wat", language: "wat", kind: "sample", role: "header-rewriter",
    does: "adds x-by-hand and takes x-powered-by off the response", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_response_headers"],
  },
  {
    name: "header-tag-0-1-0", source: "plugins/samples/header-tag-0-1-0.wat", language: "wat", kind: "sample", role: "header-rewriter",
    does: "adds x-abi under ABI 0.1.0, whose callbacks have two parameters", promise: "abi-mismatch", acts: "request",
    stock: "loads", unhardened: "hosts that know ABI 0.1.0 load it; others refuse its callbacks",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "request-log", source: "plugins/samples/request-log.wat", language: "wat", kind: "sample", role: "logging",
    does: "logs the path of every request", promise: "works", acts: "log",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_log"],
  },
  {
    name: "body-crc", source: "plugins/samples/body-crc.wat", language: "wat", kind: "sample", role: "body-filter",
    does: "buffers the request body and answers with its CRC-32 in x-crc32", promise: "works", acts: "body",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_body", "proxy_on_response_headers", "bench"],
    request: { body: "123456789" },
  },
  {
    name: "loop-request", source: "plugins/adversaries/loop-request.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "loops for ever in a request callback", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "loop-body", source: "plugins/adversaries/loop-body.wat", language: "wat", kind: "adversary", role: "body-filter",
    does: "loops for ever in a body callback", promise: "fuel", acts: "body",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["proxy_on_request_body"],
    request: { body: "x" },
  },
  {
    name: "loop-configure", source: "plugins/adversaries/loop-configure.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "loops for ever while it is configured", promise: "fuel", acts: "configure",
    stock: "hangs", unhardened: "the start of the proxy hangs for ever",
    exports: ["proxy_on_configure"],
  },
  {
    name: "loop-start-section", source: "plugins/adversaries/loop-start-section.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "loops for ever in the start section", promise: "fuel", acts: "start-section",
    stock: "hangs", unhardened: "the start of the proxy hangs for ever",
    exports: ["proxy_on_request_headers"],
    instantiates: "never",
  },
  {
    name: "loop-initialize", source: "plugins/adversaries/loop-initialize.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "loops for ever in _initialize", promise: "fuel", acts: "initialize",
    stock: "hangs", unhardened: "the start of the proxy hangs for ever",
    exports: ["_initialize"],
  },
  {
    name: "loop-malloc", source: "plugins/adversaries/loop-malloc.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "loops for ever in the allocator, inside a host call", promise: "fuel", acts: "allocator",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["malloc", "proxy_on_request_headers"],
  },
  {
    name: "loop-tick", source: "plugins/adversaries/loop-tick.wat", language: "wat", kind: "adversary", role: "metrics",
    does: "loops for ever in a timer callback of 1 ms", promise: "fuel", acts: "tick",
    stock: "hangs", unhardened: "the start of the proxy hangs for ever, as its main thread has a VM too",
    exports: ["proxy_on_tick", "proxy_on_configure"],
  },
  {
    name: "loop-log", source: "plugins/adversaries/loop-log.wat", language: "wat", kind: "adversary", role: "logging",
    does: "loops for ever in the access-log callback", promise: "fuel", acts: "log",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["proxy_on_log"],
  },
  {
    name: "recursion-direct", source: "plugins/adversaries/recursion-direct.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "makes 2^60 calls by direct recursion of depth 60", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "recursion-mutual", source: "plugins/adversaries/recursion-mutual.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "makes 2^60 calls by mutual recursion of depth 60", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "recursion-table", source: "plugins/adversaries/recursion-table.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "makes 2^60 calls through a table", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "call-tree", source: "plugins/adversaries/call-tree.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "makes 2^48 calls with neither loop nor recursion", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "slow-match", source: "plugins/adversaries/slow-match.ts", language: "assemblyscript", kind: "adversary", role: "auth",
    does: "matches paths with a matcher that backtracks for years", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "one path hangs the worker, others are fine",
    exports: ["proxy_on_request_headers"],
    request: { path: "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
  },
  {
    name: "malloc-recursion", source: "plugins/adversaries/malloc-recursion.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "loops over its own exported allocator and a host call that enters it", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["malloc", "proxy_on_request_headers"],
  },
  {
    name: "counter-probe", source: "plugins/adversaries/counter-probe.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "loops in every entry and counts its rounds at address 1024", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "the worker never returns, and every stream on it hangs",
    exports: ["proxy_on_request_headers", "proxy_on_response_headers", "proxy_on_log", "proxy_on_delete"],
  },
  {
    name: "counter-wrap", source: "plugins/adversaries/counter-wrap.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "calls with lengths and page counts of 2^32 − 1, 4,096 times", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "every call is answered with an error, and the request goes on",
    exports: ["proxy_on_request_headers", "proxy_on_log"],
  },
  {
    name: "fill-4g", source: "plugins/adversaries/fill-4g.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "fills 4 GiB with one instruction", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "the engine traps, as the memory is smaller",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "fill-storm", source: "plugins/adversaries/fill-storm.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "fills 2 GiB in 64 instructions without a loop", promise: "fuel", acts: "request",
    stock: "loads", unhardened: "blocks the worker for as long as 2 GiB of writes take",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "memory-hog", source: "plugins/adversaries/memory-hog.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "grows its memory until the host refuses", promise: "memory-cap", acts: "request",
    stock: "loads", unhardened: "grows to the limit of the whole process and is never given back",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "memory-gigabyte", source: "plugins/adversaries/memory-gigabyte.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "grows to 1 GiB at once and says how much it got in x-memory-pages", promise: "memory-cap", acts: "request",
    stock: "loads", unhardened: "gets 1 GiB; the request goes on",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "memory-minimum", source: "plugins/adversaries/memory-minimum.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "declares a minimum memory of 1 GiB", promise: "memory-cap", acts: "load",
    stock: "loads", unhardened: "gets 1 GiB before it has done anything",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "memory-above-cap", source: "plugins/adversaries/memory-above-cap.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "declares a minimum memory of 128 MiB, and is honest", promise: "cap-too-low", acts: "load",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "memory-leak", source: "plugins/adversaries/memory-leak.ts", language: "assemblyscript", kind: "adversary", role: "header-rewriter",
    does: "keeps 256 KiB of every request for ever", promise: "memory-cap", acts: "request",
    stock: "loads", unhardened: "grows with every request to the limit of the whole process",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "stack-bomb", source: "plugins/adversaries/stack-bomb.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "recurses without end through large frames", promise: "stack", acts: "request",
    stock: "loads", unhardened: "the engine overflows its stack and traps",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "stack-small", source: "plugins/adversaries/stack-small.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "recurses without end through the smallest frame", promise: "stack", acts: "request",
    stock: "loads", unhardened: "the engine overflows its stack and traps",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "exfiltrate-http", source: "plugins/adversaries/exfiltrate-http.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "sends the authorization header to a cluster of its choice", promise: "outbound-call", acts: "request",
    stock: "loads", unhardened: "the call is made",
    exports: ["proxy_on_request_headers"],
    request: { headers: { authorization: "Bearer wonderland" } },
  },
  {
    name: "exfiltrate-grpc", source: "plugins/adversaries/exfiltrate-grpc.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "sends the authorization header by a gRPC call", promise: "outbound-call", acts: "request",
    stock: "loads", unhardened: "the call is made",
    exports: ["proxy_on_request_headers"],
    request: { headers: { authorization: "Bearer wonderland" } },
  },
  {
    name: "exfiltrate-grpc-stream", source: "plugins/adversaries/exfiltrate-grpc-stream.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "sends the authorization header down a gRPC stream", promise: "outbound-call", acts: "request",
    stock: "loads", unhardened: "the stream is opened",
    exports: ["proxy_on_request_headers"],
    request: { headers: { authorization: "Bearer wonderland" } },
  },
  {
    name: "exfiltrate-dns", source: "plugins/adversaries/exfiltrate-dns.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "looks up a host name that holds the session header", promise: "outbound-call", acts: "request",
    stock: "loads", unhardened: "the name is looked up; no capability list covers it",
    exports: ["proxy_on_request_headers", "envoy_on_resolve_dns"],
    request: { headers: { "x-session": "session-of-tenant-a" } },
  },
  {
    name: "exfiltrate-foreign", source: "plugins/adversaries/exfiltrate-foreign.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "reads the authorization header by the foreign functions for expressions", promise: "denied-capability", acts: "request",
    stock: "loads", unhardened: "the value is read, whatever is said about properties",
    exports: ["proxy_on_request_headers"],
    request: { headers: { authorization: "Bearer wonderland" } },
  },
  {
    name: "credential-thief", source: "plugins/adversaries/credential-thief.ts", language: "assemblyscript", kind: "adversary", role: "header-rewriter",
    does: "posts every header and body to a cluster of its choice", promise: "outbound-call", acts: "request",
    stock: "loads", unhardened: "everything is sent",
    exports: ["proxy_on_request_headers", "proxy_on_request_body"],
    request: { headers: { authorization: "Bearer wonderland" }, body: "card=4111111111111111" },
  },
  {
    name: "malloc-calls-out", source: "plugins/adversaries/malloc-calls-out.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "dispatches a call from inside its allocator", promise: "outbound-call", acts: "allocator",
    stock: "loads", unhardened: "a host that guards its allocator calls traps, and the VM is dead; others make the call",
    exports: ["malloc", "proxy_on_request_headers"],
  },
  {
    name: "property-thief", source: "plugins/adversaries/property-thief.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "reads peer certificates, credentials and the proxy node", promise: "denied-capability", acts: "request",
    stock: "loads", unhardened: "every property is read",
    exports: ["proxy_on_request_headers"],
    request: { headers: { authorization: "Bearer wonderland", cookie: "session=tenant-a" } },
  },
  {
    name: "header-thief", source: "plugins/adversaries/header-thief.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "reads and changes credentials and the authority, by every name that they have", promise: "denied-capability", acts: "request",
    stock: "loads", unhardened: "every header is read and changed",
    exports: ["proxy_on_request_headers"],
    request: { headers: { authorization: "Bearer wonderland" } },
  },
  {
    name: "shared-data-spy", source: "plugins/adversaries/shared-data-spy.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "reads and poisons the sessions that tenant-cache keeps", promise: "shared-vm", acts: "request",
    stock: "loads", unhardened: "reads what any plugin of the same VM id keeps",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "log-flood", source: "plugins/adversaries/log-flood.wat", language: "wat", kind: "adversary", role: "logging",
    does: "writes 10,000 lines of 1 KiB into the log for one request", promise: "host-safety", acts: "request",
    stock: "loads", unhardened: "10 MB of log for one request",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "fd-write-alias", source: "plugins/adversaries/fd-write-alias.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "writes one buffer of 48 MiB through 16 vectors that all name it", promise: "host-safety", acts: "request",
    stock: "loads", unhardened: "the host gathers 768 MiB for one call, and the worker waits",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "header-adds", source: "plugins/adversaries/header-adds.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "adds 600 headers of 900 KB to one request", promise: "host-safety", acts: "request",
    stock: "loads", unhardened: "half a gigabyte of the host's memory for one request",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "shared-data-hoard", source: "plugins/adversaries/shared-data-hoard.wat", language: "wat", kind: "adversary", role: "rate-limiter",
    does: "writes 1,000 values of 1 MB into shared data for one request", promise: "host-safety", acts: "request",
    stock: "loads", unhardened: "a gigabyte of the host's memory for one request, and never given back",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "queue-feeder", source: "plugins/adversaries/queue-feeder.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "enqueues again at each item of its own queue", promise: "host-safety", acts: "request",
    stock: "loads", unhardened: "the host calls it for ever, and its memory grows",
    exports: ["proxy_on_request_headers", "proxy_on_queue_ready", "proxy_on_configure"],
  },
  {
    name: "tick-storm", source: "plugins/adversaries/tick-storm.wat", language: "wat", kind: "adversary", role: "rate-limiter",
    does: "ticks every millisecond and counts to a million each time", promise: "host-safety", acts: "tick",
    stock: "loads", unhardened: "a worker that does little else",
    exports: ["proxy_on_tick", "proxy_on_configure"],
  },
  {
    name: "dispatch-storm", source: "plugins/adversaries/dispatch-storm.wat", language: "wat", kind: "adversary", role: "external-auth",
    does: "sends 200 calls for one request", promise: "host-safety", acts: "request",
    stock: "loads", unhardened: "200 calls leave for each request",
    exports: ["proxy_on_request_headers", "proxy_on_http_call_response"],
  },
  {
    name: "slow-burner", source: "plugins/adversaries/slow-burner.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "spends fuel in each callback of a request that carries x-burn, in none too much", promise: "host-safety", acts: "request",
    stock: "loads", unhardened: "all of its callbacks end",
    exports: ["proxy_on_request_headers", "proxy_on_response_headers"],
    request: { headers: { "x-burn": "1" } },
  },
  {
    name: "no-memory-export", source: "plugins/adversaries/no-memory-export.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "exports no memory and logs", promise: "host-safety", acts: "request",
    stock: "loads", unhardened: "the whole proxy crashes",
    exports: ["proxy_on_request_headers"],
    memory: false,
  },
  {
    name: "start-logs", source: "plugins/adversaries/start-logs.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "logs in its start section", promise: "host-safety", acts: "start-section",
    stock: "crashes", unhardened: "the whole proxy crashes",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "unknown-import", source: "plugins/adversaries/unknown-import.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "imports a host function that no host has", promise: "abi-mismatch", acts: "load",
    stock: "refuses", unhardened: "refused when it is loaded",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "trap-on-header", source: "plugins/adversaries/trap-on-header.wat", language: "wat", kind: "adversary", role: "auth",
    does: "traps when a request carries x-trap", promise: "failure-policy", acts: "request",
    stock: "loads", unhardened: "the VM is dead for every later stream on the worker",
    exports: ["proxy_on_request_headers"],
    request: { headers: { "x-trap": "1" } },
  },
  {
    name: "trap-configure", source: "plugins/adversaries/trap-configure.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "traps while it is configured", promise: "failure-policy", acts: "configure",
    stock: "refuses", unhardened: "refused when it is loaded",
    exports: ["proxy_on_configure"],
  },
  {
    name: "abi-old-marker", source: "plugins/adversaries/abi-old-marker.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "says ABI 0.1.0 and exports a callback of 0.2", promise: "abi-mismatch", acts: "load",
    stock: "refuses", unhardened: "refused: bad function signature",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "abi-no-marker", source: "plugins/adversaries/abi-no-marker.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "carries no ABI marker", promise: "abi-mismatch", acts: "load",
    stock: "refuses", unhardened: "refused: missing or unknown ABI version",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "abi-future-marker", source: "plugins/adversaries/abi-future-marker.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "carries the marker of an ABI that no host has", promise: "abi-mismatch", acts: "load",
    stock: "refuses", unhardened: "refused: missing or unknown ABI version",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "abi-wrong-import", source: "plugins/adversaries/abi-wrong-import.wat", language: "wat", kind: "adversary", role: "header-rewriter",
    does: "says ABI 0.2.0 and imports a function of 0.2.1", promise: "abi-mismatch", acts: "load",
    stock: "refuses", unhardened: "refused: missing import",
    exports: ["proxy_on_request_headers"],
  },
  {
    name: "c-headers", source: "plugins/fixtures/c-headers/plugin.c", language: "c", kind: "fixture", role: "header-rewriter",
    does: "rewrites headers in C, without an SDK", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_response_headers", "proxy_on_configure", "_initialize"],
    configuration: "payments",
  },
  {
    name: "c-json", source: "plugins/fixtures/c-json/plugin.c", language: "c", kind: "fixture", role: "body-filter",
    does: "parses the request body as JSON and answers with its digest in x-json", promise: "works", acts: "body",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_body", "proxy_on_response_headers", "bench", "_initialize"],
    request: { body: "{\"a\": [1, 2.5, \"x\"], \"b\": null}" },
  },
  {
    name: "cpp-router", source: "plugins/fixtures/cpp-router/plugin.cc", language: "cpp", kind: "fixture", role: "header-rewriter",
    does: "maps path prefixes to backends in C++, one object a stream", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_tick", "proxy_on_context_create", "_initialize"],
    configuration: "/api api-backend\n/api/v2 new-backend",
    request: { path: "/api/v2/users" },
  },
  {
    name: "go-json", source: "plugins/fixtures/go-json/main.go", language: "go", kind: "fixture", role: "header-rewriter",
    does: "cleans the JSON object in x-context by plain Go; over 2.5 MB", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_response_headers", "proxy_on_configure", "proxy_on_memory_allocate", "_initialize"],
    configuration: "{\"tenant\": \"payments\"}",
    request: { headers: { "x-context": "{\"user\": \"alice\", \"password\": \"wonderland\"}" } },
  },
  {
    name: "rust-auth", source: "plugins/fixtures/rust-auth/src/lib.rs", language: "rust", kind: "fixture", role: "auth",
    does: "answers 401 unless authorization holds a configured token, by the Rust SDK", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_configure", "proxy_on_memory_allocate", "_initialize"],
    configuration: "alice = wonderland",
  },
  {
    name: "solo-headers", source: "plugins/fixtures/solo-headers/index.ts", language: "assemblyscript", kind: "fixture", role: "header-rewriter",
    does: "rewrites headers by the older AssemblyScript SDK, with a start section and wasi_unstable", promise: "works", acts: "request",
    stock: "loads", unhardened: "works as described",
    exports: ["proxy_on_request_headers", "proxy_on_response_headers", "proxy_on_configure"],
    configuration: "payments",
  },
] as const satisfies readonly PluginRow[];

export type PluginName = (typeof plugins)[number]["name"];

/** The row of a plugin, widened to its common shape; undefined where the table has none of that name. */
export function pluginRow(name: string): PluginRow | undefined {
  return plugins.find((row) => row.name === name);
}

// What an Envoy bootstrap says, as plain frozen data with every default filled in: all that the gateway knows of
// a configuration. It crosses to worker threads by structured clone, so it holds no functions, no classes and
// no positions but those that later messages need (`at`).
// Times are milliseconds, sizes bytes. It must not know how anything is done, nor what Envoy's messages look like.

/** Where in the configuration file something stands; both count from 1. */
export interface At {
  readonly line: number;
  readonly column: number;
}

export interface LabConfig {
  readonly node: { readonly id: string; readonly cluster: string };
  readonly listeners: readonly ListenerConfig[];
  readonly clusters: readonly ClusterConfig[];
  /** Every plugin of the file, once; filters, loggers and routes name them by index. */
  readonly plugins: readonly PluginConfig[];
  readonly admin: { readonly address: Address } | null;
  /** The article's bootstrap limits; null where the file sets none. */
  readonly limits: { readonly memory: number | null; readonly fuel: number | null };
}

export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "pipe"; readonly path: string };

export interface ListenerConfig {
  readonly name: string;
  readonly address: Address;
  readonly tls: DownstreamTls | null;
  readonly chain: HttpChain | TcpChain;
  /** Bytes that a connection may hold back; also the limit of what a plugin may buffer. */
  readonly bufferLimit: number;
  readonly at: At;
}

export interface DownstreamTls {
  /** PEM text. */
  readonly certificate: string;
  readonly key: string;
  /** PEM of the authorities whose client certificates are believed; null asks for none. */
  readonly clientAuthority: string | null;
  readonly requireClientCertificate: boolean;
  readonly alpn: readonly string[];
}

export interface HttpChain {
  readonly kind: "http";
  readonly codec: "auto" | "http1" | "http2";
  readonly statPrefix: string;
  readonly serverName: string;
  readonly virtualHosts: readonly VirtualHost[];
  readonly routeConfigName: string;
  readonly filters: readonly FilterConfig[];
  readonly accessLogs: readonly AccessLog[];
  /** Bytes of all request headers together. */
  readonly maxRequestHeaderBytes: number;
  readonly maxRequestHeaders: number;
  /** 0 where there is none. */
  readonly idleTimeout: number;
  readonly requestTimeout: number;
  readonly requestHeadersTimeout: number;
  readonly streamIdleTimeout: number;
  readonly useRemoteAddress: boolean;
}

export interface TcpChain {
  readonly kind: "tcp";
  readonly statPrefix: string;
  /** Plugins in order, by index; the last filter is the TCP proxy. */
  readonly filters: readonly number[];
  readonly cluster: string;
  readonly idleTimeout: number;
  readonly accessLogs: readonly AccessLog[];
}

export interface FilterConfig {
  /** The filter's name in the chain: what per-route settings refer to. */
  readonly name: string;
  readonly plugin: number;
  readonly disabled: boolean;
}

export interface AccessLog {
  readonly to:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "stdout" }
    | { readonly kind: "stderr" }
    | { readonly kind: "plugin"; readonly plugin: number };
  /** Envoy's format string, or a JSON format, whose strings are formats; null is Envoy's default. */
  readonly format: string | { readonly [key: string]: LogTemplate } | null;
}

/** A value of a JSON format. */
export type LogTemplate =
  | string
  | number
  | boolean
  | null
  | readonly LogTemplate[]
  | { readonly [key: string]: LogTemplate };

export interface VirtualHost {
  readonly name: string;
  /** Exact, `*.suffix`, `prefix.*` or `*`. Lower case. */
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  readonly headers: HeaderEdits;
  readonly perFilter: PerFilter;
  readonly requireTls: boolean;
}

/** What a virtual host, route or weighted cluster says of a filter, by the filter's name. */
export type PerFilter = Readonly<Record<string, FilterOverride>>;

export interface FilterOverride {
  /** true switches off, false switches on, null leaves it. */
  readonly disabled: boolean | null;
  /** Another plugin in the filter's place: the article's form. */
  readonly plugin: number | null;
}

export interface Route {
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: RouteAction;
  readonly headers: HeaderEdits;
  readonly perFilter: PerFilter;
  readonly at: At;
}

export interface RouteMatch {
  readonly path:
    | { readonly kind: "prefix" | "path" | "path-separated-prefix"; readonly value: string }
    /** Matches the whole path, without the query. */
    | { readonly kind: "regex"; readonly pattern: string };
  readonly caseSensitive: boolean;
  readonly headers: readonly HeaderMatch[];
  readonly query: readonly QueryMatch[];
  readonly grpcOnly: boolean;
  /** Of 1,000,000; null is all. */
  readonly fraction: number | null;
}

export type StringMatch =
  | {
      readonly kind: "exact" | "prefix" | "suffix" | "contains";
      readonly value: string;
      readonly ignoreCase: boolean;
    }
  | { readonly kind: "regex"; readonly pattern: string };

export interface HeaderMatch {
  /** Lower case; `:method`, `:path` and `:authority` as in HTTP/2. */
  readonly name: string;
  readonly test:
    | { readonly kind: "present"; readonly present: boolean }
    | { readonly kind: "string"; readonly match: StringMatch }
    /** `from` included, `to` not. */
    | { readonly kind: "range"; readonly from: number; readonly to: number };
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
}

export interface QueryMatch {
  readonly name: string;
  /** null: present, whatever it says. */
  readonly match: StringMatch | null;
}

export interface HeaderEdits {
  readonly request: readonly HeaderEdit[];
  readonly response: readonly HeaderEdit[];
}

export type HeaderEdit =
  | { readonly kind: "remove"; readonly name: string }
  | {
      readonly kind: "set";
      readonly name: string;
      /** May hold Envoy's `%COMMAND%` operators. */
      readonly value: string;
      readonly how: "append" | "add-if-absent" | "overwrite-or-add" | "overwrite-if-exists";
    };

export type RouteAction =
  | ForwardAction
  | {
      readonly kind: "redirect";
      readonly status: number;
      readonly https: boolean;
      readonly host: string | null;
      readonly port: number | null;
      readonly path: string | null;
      readonly prefix: string | null;
      readonly regex: RegexRewrite | null;
      readonly stripQuery: boolean;
    }
  | { readonly kind: "direct"; readonly status: number; readonly body: string };

export interface ForwardAction {
  readonly kind: "forward";
  /** Weights are as written; a single cluster has one entry. */
  readonly clusters: readonly WeightedCluster[];
  /** The header that names the cluster; null where `clusters` decides. */
  readonly clusterHeader: string | null;
  readonly prefixRewrite: string | null;
  readonly regexRewrite: RegexRewrite | null;
  readonly hostRewrite: string | null;
  readonly autoHostRewrite: boolean;
  /** 0 is none. */
  readonly timeout: number;
  readonly idleTimeout: number | null;
  readonly retry: {
    readonly on: readonly string[];
    readonly count: number;
    readonly perTryTimeout: number;
  } | null;
}

export interface WeightedCluster {
  readonly name: string;
  readonly weight: number;
  readonly headers: HeaderEdits;
  readonly perFilter: PerFilter;
}

export interface RegexRewrite {
  readonly pattern: string;
  readonly substitution: string;
}

export interface ClusterConfig {
  readonly name: string;
  readonly discovery: "static" | "strict-dns" | "logical-dns";
  readonly balancing: "round-robin" | "least-request" | "random";
  readonly connectTimeout: number;
  readonly endpoints: readonly {
    readonly address: Address;
    readonly weight: number;
    readonly hostname: string;
  }[];
  readonly tls: UpstreamTls | null;
  readonly http2: boolean;
  readonly maxConnections: number;
  readonly maxPending: number;
  readonly maxRequests: number;
  readonly at: At;
}

export interface UpstreamTls {
  readonly sni: string;
  /** PEM of the authorities; null means the upstream's certificate isn't checked, as in Envoy. */
  readonly authority: string | null;
  readonly names: readonly StringMatch[];
  readonly certificate: string | null;
  readonly key: string | null;
}

export interface PluginConfig {
  readonly name: string;
  readonly rootId: string;
  /** "" where the file says none. */
  readonly vmId: string;
  readonly runtime: string;
  readonly code: PluginCode;
  /** Bytes handed to `proxy_on_configure`, as Envoy would turn the Any into bytes. */
  readonly configuration: Uint8Array;
  readonly vmConfiguration: Uint8Array;
  readonly environment: {
    readonly host: readonly string[];
    readonly values: Readonly<Record<string, string>>;
  };
  readonly failure: "closed" | "open" | "reload" | "legacy-open";
  /** What the file asks for; null where it asks for none. */
  readonly reloadBackoff: { readonly base: number; readonly max: number } | null;
  /** Real names, the article's translated; null where there is no restriction. */
  readonly capabilities: readonly string[] | null;
  /** The article's `max_capabilities_concurrent`; null where not set. */
  readonly maxOutstandingDispatches: number | null;
  /** The article's `allowed_dispatch_clusters`; null where not set. */
  readonly dispatchClusters: readonly string[] | null;
  readonly allowHeadersStop: boolean;
  readonly at: At;
}

export type PluginCode =
  | {
      readonly kind: "file";
      /** As written; relative to the working directory, as in Envoy. */
      readonly path: string;
      readonly at: At;
    }
  | { readonly kind: "inline"; readonly bytes: Uint8Array; readonly at: At }
  | {
      readonly kind: "remote";
      readonly uri: string;
      readonly cluster: string;
      readonly timeout: number;
      /** Lower-case hex. */
      readonly sha256: string;
      readonly retries: number;
      readonly backoff: { readonly base: number; readonly max: number };
      readonly at: At;
    };

// What a resolved policy says about the arguments of allowed calls: one frozen value from which the rewriter, the
// verifier and the host each derive their guards (docs/guards.md). null where there is no rule. Lists are sorted
// by code unit and hold no duplicates. It knows no document and no byte of a module.

/** A header's name in lower case, and the client maps that the rule is about: bit m for map m (0 to 3). */
export interface HeaderRule {
  readonly name: string;
  readonly maps: number;
}

/** Statuses from, to, both included. */
export type StatusRange = readonly [from: number, to: number];

/** Buffers whose bytes a plugin can ask for by number: request body, response body, network data. */
export const BUFFERS = ["request", "response", "downstream", "upstream"] as const;
export type BufferName = (typeof BUFFERS)[number];

type Texts = readonly string[] | null;
type Headers = readonly HeaderRule[] | null;

export interface Rules {
  readonly dispatch: {
    readonly clusters: Texts;
    readonly methods: Texts;
    /** An entry that ends in `*` is a prefix. */
    readonly paths: Texts;
    readonly authorities: Texts;
    /** Names that envoy_resolve_dns may ask for. */
    readonly names: Texts;
  };
  /** Dotted paths; a path grants itself and all below. `hidden` (exact) is set where headers.read is. */
  readonly properties: { readonly read: Texts; readonly write: Texts; readonly hidden: Texts };
  readonly headers: {
    readonly read: Headers;
    readonly add: Headers;
    readonly replace: Headers;
    readonly remove: Headers;
  };
  readonly bodies: {
    readonly read: readonly BufferName[] | null;
    readonly write: readonly BufferName[] | null;
  };
  /** Statuses of local responses. */
  readonly responses: readonly StatusRange[] | null;
  /** Prefixes of keys. */
  readonly sharedData: { readonly read: Texts; readonly write: Texts };
  /** Prefixes of names. */
  readonly queues: { readonly register: Texts; readonly resolve: Texts };
  /** Prefixes of names of metrics. */
  readonly metrics: Texts;
  /** Exact names of foreign functions. */
  readonly foreign: Texts;
}

/** No rule about anything. A policy without foreign functions has an empty list there instead. */
export const noRules: Rules = {
  dispatch: { clusters: null, methods: null, paths: null, authorities: null, names: null },
  properties: { read: null, write: null, hidden: null },
  headers: { read: null, add: null, replace: null, remove: null },
  bodies: { read: null, write: null },
  responses: null,
  sharedData: { read: null, write: null },
  queues: { register: null, resolve: null },
  metrics: null,
  foreign: null,
};

/** No bound on what an allowed call may make the host spend, and no account for a stream. */
export const noQuotas = {
  streams: 1,
  dispatch: { outstanding: null, total: null },
  log: { bytes: null, level: null },
  host: {
    headerBytes: null,
    bodyBytes: null,
    sharedData: null,
    queueItems: null,
    sharedDataPerRequest: 0,
    queueItemsPerRequest: 0,
    metrics: null,
    tick: null,
  },
} as const;

// A gateway of one thread with real sockets and no plugins: the engine, its router and the chain, as a worker puts
// them together. Every exception that gets out of a request is kept in `bugs`, which tests find empty.
import { after } from "node:test";
import { HttpService } from "../../../src/gateway/chain/service.ts";
import { HttpEngine } from "../../../src/gateway/http/engine.ts";
import type { HttpListener } from "../../../src/gateway/http/listener.ts";
import type { Clusters } from "../../../src/gateway/upstream/clusters.ts";
import type {
  ClusterConfig,
  DownstreamTls,
  ForwardAction,
  HttpChain,
  Route,
  RouteAction,
  VirtualHost,
} from "../../../src/mesh/envoy/lab-config.ts";

const at = { line: 1, column: 1 };
export const noEdits = { request: [], response: [] } as const;

export const forwardTo = (cluster: string, more: Partial<ForwardAction> = {}): ForwardAction => ({
  kind: "forward",
  clusters: [{ name: cluster, weight: 1, headers: noEdits, perFilter: {} }],
  clusterHeader: null,
  prefixRewrite: null,
  regexRewrite: null,
  hostRewrite: null,
  autoHostRewrite: false,
  timeout: 15_000,
  idleTimeout: null,
  retry: null,
  ...more,
});

export const routeTo = (
  path: Route["match"]["path"] | string,
  action: RouteAction,
  more: Partial<Omit<Route, "match">> & { readonly match?: Partial<Route["match"]> } = {},
): Route => ({
  name: "",
  action,
  headers: noEdits,
  perFilter: {},
  at,
  ...more,
  match: {
    path: typeof path === "string" ? { kind: "prefix", value: path } : path,
    caseSensitive: true,
    headers: [],
    query: [],
    grpcOnly: false,
    fraction: null,
    ...more.match,
  },
});

export const virtualHost = (
  routes: readonly Route[],
  more: Partial<VirtualHost> = {},
): VirtualHost => ({
  name: "all",
  domains: ["*"],
  routes,
  headers: noEdits,
  perFilter: {},
  requireTls: false,
  ...more,
});

export const clusterOf = (
  name: string,
  ports: readonly (number | string)[],
  more: Partial<ClusterConfig> = {},
): ClusterConfig => ({
  name,
  discovery: "static",
  balancing: "round-robin",
  connectTimeout: 1000,
  endpoints: ports.map((port) => ({
    address:
      typeof port === "string"
        ? { kind: "pipe", path: port }
        : { kind: "tcp", host: "127.0.0.1", port },
    weight: 1,
    hostname: "",
  })),
  tls: null,
  http2: false,
  maxConnections: 1024,
  maxPending: 1024,
  maxRequests: 1024,
  at,
  ...more,
});

export const chainOf = (
  virtualHosts: readonly VirtualHost[],
  more: Partial<HttpChain> = {},
): HttpChain => ({
  kind: "http",
  codec: "auto",
  statPrefix: "test",
  serverName: "envoy",
  virtualHosts,
  routeConfigName: "",
  filters: [],
  accessLogs: [],
  maxRequestHeaderBytes: 60 * 1024,
  maxRequestHeaders: 100,
  idleTimeout: 3_600_000,
  requestTimeout: 0,
  requestHeadersTimeout: 0,
  streamIdleTimeout: 300_000,
  useRemoteAddress: false,
  ...more,
});

export interface Gateway {
  readonly port: number;
  readonly clusters: Clusters;
  readonly listener: HttpListener;
  readonly counters: Readonly<Record<string, number>>;
  /** What got out of a request; empty unless there is a bug. */
  readonly bugs: readonly unknown[];
  close(): Promise<void>;
}

export interface GatewayOptions {
  readonly clusters: readonly ClusterConfig[];
  /** Without them, everything goes to the cluster `up`. */
  readonly hosts?: readonly VirtualHost[];
  readonly chain?: Partial<HttpChain>;
  readonly tls?: DownstreamTls;
  readonly bufferLimit?: number;
  readonly random?: () => number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

/** What a file's tests have opened is closed after them, the last first. */
export function closing(): (...what: readonly { close(): unknown }[]) => void {
  const open: { close(): unknown }[] = [];
  after(async () => {
    for (const one of open.reverse()) await one.close();
  });
  return (...what) => void open.push(...what);
}

let connections = 0;

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const bugs: unknown[] = [];
  const counters: Record<string, number> = {};
  const engine = new HttpEngine({
    now: options.now ?? (() => performance.now()),
    random: options.random ?? Math.random,
    resolve: options.resolve ?? (() => Promise.reject(new Error("no names here"))),
    nextId: () => ++connections,
    onBug: (error) => bugs.push(error),
  });
  const hosts = options.hosts ?? [virtualHost([routeTo("/", forwardTo("up"))])];
  const chain = chainOf(hosts, options.chain);
  const clusters = engine.upstreams(options.clusters);
  await clusters.ready();
  const bufferLimit = options.bufferLimit ?? 1024 * 1024;
  const service = new HttpService({
    chain,
    bufferLimit,
    router: engine.router(chain, clusters),
    filter: () => {
      throw new Error("there are no plugins here");
    },
    clock: { wall: () => Date.now(), now: () => performance.now() },
    counters: { begin() {}, end() {}, noRoute() {}, clientReset() {}, upstreamAnswered() {} },
    log: () => null,
    divert: null,
    observe: null,
  });
  const listener = await engine.listen({
    config: {
      name: "test",
      address: { kind: "tcp", host: "127.0.0.1", port: 0 },
      tls: options.tls ?? null,
      chain,
      bufferLimit,
      at,
    },
    chain,
    index: 0,
    on: { host: "127.0.0.1", port: 0 },
    handler: (exchange) => service.handle(exchange),
    counters: {
      add: (name, by) => {
        counters[name] = (counters[name] ?? 0) + by;
      },
    },
  });
  return {
    port: listener.port,
    clusters,
    listener,
    counters,
    bugs,
    close: async () => {
      await listener.close();
      await clusters.drain();
    },
  };
}

// The chain without sockets: a client that records what it is sent, a router whose answer the test writes, and
// filters that are plugins in this thread.

import type {
  Answer,
  Filter,
  Matched,
  Onward,
  Router,
  RouterSink,
} from "../../src/gateway/chain/seams.ts";
import { HttpService, type ServiceParts } from "../../src/gateway/chain/service.ts";
import { type Phase, stepName } from "../../src/gateway/chain/steps.ts";
import type { Exchange, MessageSink } from "../../src/gateway/http/exchange.ts";
import { HeaderMap, type Pair } from "../../src/host/header-map.ts";
import type { Plugin } from "../../src/host/plugin.ts";
import type {
  FilterConfig,
  HttpChain,
  PerFilter,
  Route,
  WeightedCluster,
} from "../../src/mesh/envoy/lab-config.ts";

const at = { line: 1, column: 1 };
const edits = { request: [], response: [] };

export const route = (name: string, perFilter: PerFilter = {}): Route => ({
  name,
  match: {
    path: { kind: "prefix", value: "/" },
    caseSensitive: true,
    headers: [],
    query: [],
    grpcOnly: false,
    fraction: null,
  },
  action: { kind: "direct", status: 200, body: "" },
  headers: edits,
  perFilter,
  at,
});

export const cluster = (name: string, perFilter: PerFilter = {}): WeightedCluster => ({
  name,
  weight: 1,
  headers: edits,
  perFilter,
});

export function chainConfig(
  filters: readonly FilterConfig[],
  accessLogs: HttpChain["accessLogs"] = [],
): HttpChain {
  return {
    kind: "http",
    codec: "auto",
    statPrefix: "test",
    serverName: "envoy",
    virtualHosts: [],
    routeConfigName: "routes",
    filters,
    accessLogs,
    maxRequestHeaderBytes: 60 * 1024,
    maxRequestHeaders: 100,
    idleTimeout: 0,
    requestTimeout: 0,
    requestHeadersTimeout: 0,
    streamIdleTimeout: 0,
    useRemoteAddress: false,
  };
}

/** A client on a connection of its own. */
export class Client implements Exchange {
  readonly connection = {
    id: 7,
    listener: 0,
    protocol: "HTTP/1.1" as const,
    sourceAddress: "10.0.0.1",
    sourcePort: 4000,
    localAddress: "10.0.0.2",
    localPort: 80,
    tls: null,
  };
  readonly headers: HeaderMap;
  readonly headersOnly: boolean;
  readonly started = 0;
  sink!: MessageSink;
  readonly events: string[] = [];
  bytesReceived = 0;
  bytesSent = 0;
  sent: HeaderMap | null = null;
  body = "";
  /** What sendData answers. */
  room = true;

  constructor(headers: readonly Pair[], headersOnly = true) {
    this.headers = HeaderMap.from([
      [":method", "GET"],
      [":path", "/"],
      [":authority", "host"],
      [":scheme", "http"],
      ...headers,
    ]);
    this.headersOnly = headersOnly;
  }

  sendInterim(): void {
    this.events.push("interim");
  }
  sendHeaders(headers: HeaderMap, end: boolean): void {
    this.sent = headers;
    this.events.push(`headers ${headers.get(":status")}${end ? " end" : ""}`);
  }
  sendData(bytes: Uint8Array, end: boolean): boolean {
    this.body += Buffer.from(bytes).toString("latin1");
    this.bytesSent += bytes.length;
    this.events.push(`data ${bytes.length}${end ? " end" : ""}`);
    return this.room;
  }
  sendTrailers(): void {
    this.events.push("trailers end");
  }
  reset(): void {
    this.events.push("reset");
  }
  pauseReading(): void {
    this.events.push("pause");
  }
  resumeReading(): void {
    this.events.push("resume");
  }
}

/** A router whose upstream the test plays. */
export class Upstream implements Router {
  matched: Matched | null;
  sink!: RouterSink;
  headers: HeaderMap | null = null;
  body = "";
  readonly events: string[] = [];
  room = true;
  /** Matches that were asked for. */
  matches = 0;
  /** Answers as soon as the headers are there. */
  answer: Answer | null = null;
  headersAnswer: readonly Pair[] | null = null;

  constructor(matched: Matched | null) {
    this.matched = matched;
  }

  match(): Matched | null {
    this.matches++;
    return this.matched;
  }

  send(_matched: Matched, headers: HeaderMap, end: boolean, sink: RouterSink): Onward {
    this.sink = sink;
    this.headers = headers;
    this.events.push(`headers${end ? " end" : ""}`);
    if (this.answer !== null) sink.answer(this.answer);
    else if (this.headersAnswer !== null) {
      sink.headers(HeaderMap.from([[":status", "200"], ...this.headersAnswer]), true);
    }
    return {
      data: (bytes, last) => {
        this.body += Buffer.from(bytes).toString("latin1");
        this.events.push(`data ${bytes.length}${last ? " end" : ""}`);
        return this.room;
      },
      trailers: () => void this.events.push("trailers end"),
      reset: () => void this.events.push("reset"),
      pauseReading: () => void this.events.push("pause"),
      resumeReading: () => void this.events.push("resume"),
    };
  }
}

export interface Step {
  readonly phase: string;
  readonly fuel: number;
}

/** A plugin as a filter, with a record of what it was asked. */
export class PluginFilter implements Filter {
  readonly name: string;
  readonly plugin: Plugin;
  readonly steps: Step[] = [];
  readonly requestFuel: number;
  readonly overBudget: "skip" | "reject";
  users = 0;
  exceeded = 0;
  readonly meter = {
    step: (phase: Phase, _time: number, fuel: number) =>
      void this.steps.push({ phase: stepName(phase), fuel }),
    begin: () => {},
    request: () => {},
    overBudget: () => void this.exceeded++,
  };

  constructor(
    plugin: Plugin,
    requestFuel = Number.POSITIVE_INFINITY,
    overBudget: "skip" | "reject" = "reject",
  ) {
    this.name = plugin.identity.name;
    this.plugin = plugin;
    this.requestFuel = requestFuel;
    this.overBudget = overBudget;
  }

  open: Filter["open"] = (attributes, limits, state) => this.plugin.open(attributes, limits, state);
  logRequest: Filter["logRequest"] = (logged) => this.plugin.logRequest(logged);
  enter(): void {
    this.users++;
  }
  leave(): void {
    this.users--;
  }
}

export interface Served {
  readonly service: HttpService;
  readonly upstream: Upstream;
  readonly lines: string[];
  readonly counted: string[];
}

/** A chain of plugins in front of an upstream. */
export function serve(
  filters: readonly Filter[],
  options: {
    readonly matched?: Matched | null;
    readonly configs?: readonly FilterConfig[];
    readonly accessLogs?: HttpChain["accessLogs"];
    readonly bufferLimit?: number;
  } = {},
): Served {
  const configs =
    options.configs ?? filters.map(({ name }, plugin) => ({ name, plugin, disabled: false }));
  const virtualHost = {
    name: "vh",
    domains: ["*"],
    routes: [],
    headers: edits,
    perFilter: {},
    requireTls: false,
  };
  const matched =
    options.matched === undefined
      ? { virtualHost, route: route("r"), cluster: cluster("backend") }
      : options.matched;
  const upstream = new Upstream(matched);
  const lines: string[] = [];
  const counted: string[] = [];
  const parts: ServiceParts = {
    chain: chainConfig(configs, options.accessLogs),
    bufferLimit: options.bufferLimit ?? 1024 * 1024,
    router: upstream,
    filter: (plugin) => filters[plugin]!,
    clock: { wall: () => 1_750_000_000_000, now: () => 12 },
    counters: {
      begin: () => void counted.push("begin"),
      end: (status) => void counted.push(`end ${status}`),
      upstreamAnswered: () => {},
      noRoute: () => void counted.push("no route"),
      clientReset: () => void counted.push("client reset"),
    },
    log: () => ({ write: (line) => void lines.push(line) }),
    divert: null,
    observe: null,
  };
  return { service: new HttpService(parts), upstream, lines, counted };
}

// What all requests of one HTTP connection manager share in one thread and one version of the configuration: the
// router, the filters of each route, the access logs, the counters. Immutable: a new configuration makes a new
// one, and requests in flight keep theirs.
import type { StreamLimits } from "../../host/stream-context.ts";
import type {
  FilterConfig,
  FilterOverride,
  HttpChain,
  PerFilter,
} from "../../mesh/envoy/lab-config.ts";
import type { ConnectionInfo, Exchange } from "../http/exchange.ts";
import { compileCommand, compileFormat, type FormatLine } from "../log/format.ts";
import { HttpStream } from "./http-stream.ts";
import { requestCommands } from "./log-format.ts";
import type { ManagerHeaders } from "./manager-headers.ts";
import type { Answer, Filter, Matched, Router, ServiceClock } from "./seams.ts";
import { PHASE } from "./steps.ts";

/** Hears what becomes of requests. */
export interface HttpCounters {
  begin(): void;
  /** `status` is 0 where nothing was sent. */
  end(status: number, milliseconds: number): void;
  /** A cluster has answered with a status. */
  upstreamAnswered?(cluster: string, status: number): void;
  noRoute(): void;
  clientReset(): void;
}

/** Takes lines of one access log. */
export interface LineSink {
  write(line: string): void;
}

/** Hears of requests that begin and end. */
export interface StreamObserver {
  begin(stream: HttpStream): void;
  end(stream: HttpStream): void;
}

export interface ServiceParts {
  readonly chain: HttpChain;
  readonly bufferLimit: number;
  readonly router: Router;
  /** The filter of a plugin by its index in the configuration. */
  readonly filter: (plugin: number) => Filter;
  readonly clock: ServiceClock;
  readonly counters: HttpCounters;
  readonly log: (to: HttpChain["accessLogs"][number]["to"]) => LineSink | null;
  /** What the connection manager adds by itself; nothing where there is none. */
  readonly manager?: ManagerHeaders;
  /** Sends a request elsewhere, as a whole; false where it is served here. */
  readonly divert: ((stream: HttpStream, filters: readonly Filter[]) => boolean) | null;
  /** Told of every request; null where nobody wants to know. */
  readonly observe: StreamObserver | null;
}

interface Log {
  readonly format: FormatLine<HttpStream>;
  readonly sink: LineSink;
}

const NO_FILTERS: readonly Filter[] = [];

export class HttpService {
  readonly router: Router;
  readonly clock: ServiceClock;
  readonly counters: HttpCounters;
  readonly limits: StreamLimits;
  readonly manager: ManagerHeaders | null;
  readonly observer: StreamObserver | null;
  readonly #parts: ServiceParts;
  readonly #logs: readonly Log[];
  readonly #loggers: readonly Filter[];
  /** By route, then by weighted cluster. */
  readonly #filters = new Map<unknown, Map<unknown, readonly Filter[]>>();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.router = parts.router;
    this.clock = parts.clock;
    this.counters = parts.counters;
    this.manager = parts.manager ?? null;
    this.observer = parts.observe;
    this.limits = { request: parts.bufferLimit, response: parts.bufferLimit };
    this.#logs = parts.chain.accessLogs.flatMap(({ to, format }) => {
      const sink = parts.log(to);
      return sink === null ? [] : [{ format: compileFormat(requestCommands, format), sink }];
    });
    this.#loggers = parts.chain.accessLogs.flatMap(({ to }) =>
      to.kind === "plugin" ? [parts.filter(to.plugin)] : [],
    );
  }

  /** Begins a request; `connection` is the client's where that is not the exchange's own. */
  handle(exchange: Exchange, connection: ConnectionInfo = exchange.connection): void {
    new HttpStream(this, exchange, connection).begin();
  }

  /** Answers a request before any filter sees it. */
  refuse(exchange: Exchange, connection: ConnectionInfo, answer: Answer): void {
    new HttpStream(this, exchange, connection).refuse(answer);
  }

  /** Whether another thread serves a request with these filters; then it has been sent there. */
  diverted(stream: HttpStream, filters: readonly Filter[]): boolean {
    return filters.length > 0 && (this.#parts.divert?.(stream, filters) ?? false);
  }

  /** The filters of a route, in order. */
  filtersOf(matched: Matched | null): readonly Filter[] {
    const { chain } = this.#parts;
    if (chain.filters.length === 0) return NO_FILTERS;
    const first = matched?.route ?? null;
    // A cluster that a header names is a new object each time, and says nothing of filters.
    const second = matched?.cluster && hasWords(matched.cluster.perFilter) ? matched.cluster : null;
    let inner = this.#filters.get(first);
    if (inner === undefined) {
      inner = new Map();
      this.#filters.set(first, inner);
    }
    let filters = inner.get(second);
    if (filters === undefined) {
      filters = chosen(chain.filters, matched).map(this.#parts.filter);
      inner.set(second, filters);
    }
    return filters;
  }

  /** An access-log command of a request, for header edits. */
  command(stream: HttpStream, name: string): string | null {
    const read = compileCommand(requestCommands, name);
    return read === undefined ? null : (read(stream) ?? "");
  }

  /** A request is over: counters, logs, plugins that only log. */
  finished(stream: HttpStream): void {
    const status = Number(stream.responseHeaders?.get(":status") ?? 0);
    this.counters.end(status, stream.finished - stream.exchange.started);
    for (const { format, sink } of this.#logs) sink.write(format(stream));
    for (const logger of this.#loggers) logOnly(logger, stream);
    this.observer?.end(stream);
  }
}

/** A plugin as an access logger sees nothing but the end of a request. */
function logOnly(logger: Filter, stream: HttpStream): void {
  const { responseHeaders, responseTrailers, service } = stream;
  const started = service.clock.now();
  logger.logRequest({
    requestHeaders: stream.exchange.headers,
    ...(responseHeaders !== null && { responseHeaders }),
    ...(responseTrailers !== null && { responseTrailers }),
    attributes: stream,
  });
  logger.meter.step(PHASE.log, service.clock.now() - started, 0, false);
}

/** Indices of the plugins that a route's requests meet. The most specific word on a filter counts, as in Envoy. */
export function chosen(filters: readonly FilterConfig[], matched: Matched | null): number[] {
  const levels: readonly (PerFilter | undefined)[] = [
    matched?.cluster?.perFilter,
    matched?.route.perFilter,
    matched?.virtualHost.perFilter,
  ];
  return filters.flatMap((filter) => {
    const override = levels
      .map((level) => wordOn(level, filter.name))
      .find((one) => one !== undefined);
    // Naming a plugin on a route switches the filter on there.
    const off = override?.disabled ?? (override?.plugin != null ? false : filter.disabled);
    return off ? [] : [override?.plugin ?? filter.plugin];
  });
}

function hasWords(perFilter: PerFilter): boolean {
  for (const _name in perFilter) return true;
  return false;
}

function wordOn(level: PerFilter | undefined, name: string): FilterOverride | undefined {
  return level !== undefined && Object.hasOwn(level, name) ? level[name] : undefined;
}

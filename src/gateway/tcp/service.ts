// What all connections of one TCP chain share in one thread and one version of the configuration: the filters, the
// way to the upstream, the access logs, the counters. Immutable: connections keep the version they began with.
import type { Socket } from "node:net";
import { HeaderMap } from "../../host/header-map.ts";
import type { AccessLog, TcpChain } from "../../mesh/envoy/lab-config.ts";
import type { ServiceClock } from "../chain/seams.ts";
import type { LineSink } from "../chain/service.ts";
import { PHASE } from "../chain/steps.ts";
import type { Deadlines } from "../http/deadlines.ts";
import { compileFormat, type FormatLine } from "../log/format.ts";
import { TcpConnection } from "./connection.ts";
import { connectionCommands } from "./log-format.ts";
import type { ClientInfo, Dial, TcpCounters, TcpFilter } from "./seams.ts";

export interface TcpServiceParts {
  readonly chain: TcpChain;
  /** Bytes that a plugin may hold of one direction before its sender is no longer read. */
  readonly bufferLimit: number;
  /** The filter of a plugin by its index in the configuration. */
  readonly filter: (plugin: number) => TcpFilter;
  readonly dial: Dial;
  readonly deadlines: Deadlines;
  readonly clock: ServiceClock;
  readonly counters: TcpCounters;
  readonly log: (to: AccessLog["to"]) => LineSink | null;
  /** Hears what was thrown where nothing may be thrown. */
  readonly onBug: (error: unknown) => void;
}

interface Log {
  readonly format: FormatLine<TcpConnection>;
  readonly sink: LineSink;
}

export class TcpService {
  readonly chain: TcpChain;
  readonly bufferLimit: number;
  readonly filters: readonly TcpFilter[];
  readonly dial: Dial;
  readonly clock: ServiceClock;
  readonly counters: TcpCounters;
  readonly onBug: (error: unknown) => void;
  readonly #deadlines: Deadlines;
  readonly #logs: readonly Log[];
  readonly #loggers: readonly TcpFilter[];

  constructor({ chain, filter, log, deadlines, ...parts }: TcpServiceParts) {
    this.chain = chain;
    this.bufferLimit = parts.bufferLimit;
    this.dial = parts.dial;
    this.clock = parts.clock;
    this.counters = parts.counters;
    this.onBug = parts.onBug;
    this.#deadlines = deadlines;
    this.filters = chain.filters.map(filter);
    this.#logs = chain.accessLogs.flatMap(({ to, format }) => {
      const sink = log(to);
      return sink === null ? [] : [{ format: compileFormat(connectionCommands, format), sink }];
    });
    this.#loggers = chain.accessLogs.flatMap(({ to }) =>
      to.kind === "plugin" ? [filter(to.plugin)] : [],
    );
  }

  /** Serves a connection that was accepted. */
  handle(client: Socket, info: ClientInfo): void {
    new TcpConnection(this, client, info).begin();
  }

  begun(connection: TcpConnection): void {
    this.counters.begin();
    this.#deadlines.add(connection);
  }

  /** The client is gone. */
  logged(connection: TcpConnection): void {
    for (const { format, sink } of this.#logs) sink.write(format(connection));
    for (const logger of this.#loggers) {
      const started = this.clock.now();
      logger.logRequest({ requestHeaders: new HeaderMap(), attributes: connection });
      logger.meter.step(PHASE.log, this.clock.now() - started, 0, false);
    }
  }

  /** Both sides are gone. */
  ended(connection: TcpConnection): void {
    this.#deadlines.delete(connection);
    this.counters.end();
  }
}

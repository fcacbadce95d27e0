// What serves the listeners of a version in one thread: the chains of HTTP and of TCP, with counters that outlive a
// version. It knows the HTTP engine by its seam only, and nothing of when a version is used.
import type { HttpChain, TcpChain } from "../../mesh/envoy/lab-config.ts";
import { getOrMake } from "../../util/get-or-make.ts";
import { managerHeaders } from "../chain/manager-headers.ts";
import type { ServiceClock } from "../chain/seams.ts";
import { HttpService } from "../chain/service.ts";
import type { StatCells } from "../stats/cells.ts";
import { TcpService } from "../tcp/service.ts";
import type { Diversion } from "./diversion.ts";
import type { Generation } from "./generation.ts";
import { HttpStats } from "./http-counters.ts";
import type { LogFiles } from "./log-files.ts";
import type { Observing } from "./observing.ts";
import type { Engine } from "./seams.ts";
import { TcpStats } from "./tcp-counters.ts";

export interface ServicesParts {
  readonly engine: Engine;
  readonly stats: StatCells;
  readonly files: LogFiles;
  readonly clock: ServiceClock;
  readonly observing: Observing;
  /** null in a cell: it sends nothing elsewhere. */
  readonly diversion: Diversion | null;
  readonly onBug: (error: unknown) => void;
}

export class Services {
  readonly #parts: ServicesParts;
  readonly #http = new Map<string, HttpStats>();
  readonly #tcp = new Map<string, TcpStats>();

  constructor(parts: ServicesParts) {
    this.#parts = parts;
  }

  /** The service of a listener, by its place in the configuration. */
  make(generation: Generation, listener: number): HttpService | TcpService {
    const { chain, bufferLimit } = generation.version.config.listeners[listener]!;
    return chain.kind === "tcp"
      ? this.#tcpService(generation, chain, bufferLimit)
      : this.#httpService(generation, chain, bufferLimit);
  }

  #httpService(generation: Generation, chain: HttpChain, bufferLimit: number): HttpService {
    const { engine, stats, files, clock, observing, diversion } = this.#parts;
    const make = (prefix: string): HttpStats => new HttpStats(prefix, stats);
    return new HttpService({
      chain,
      bufferLimit,
      router: engine.router(chain, generation.upstreams),
      filter: (plugin) => generation.plugins[plugin]!,
      clock,
      counters: getOrMake(this.#http, chain.statPrefix, make),
      manager: managerHeaders(chain, clock.wall),
      log: (to) => files.sink(to),
      divert: diversion === null ? null : (stream, filters) => diversion.divert(stream, filters),
      observe: observing,
    });
  }

  #tcpService(generation: Generation, chain: TcpChain, bufferLimit: number): TcpService {
    const { engine, stats, files, clock, onBug } = this.#parts;
    const make = (prefix: string): TcpStats => new TcpStats(prefix, stats);
    const { upstreams } = generation;
    return new TcpService({
      chain,
      bufferLimit,
      filter: (plugin) => generation.plugins[plugin]!,
      dial: (cluster, done) => upstreams.raw!(cluster, done),
      deadlines: engine.deadlines,
      clock,
      counters: getOrMake(this.#tcp, chain.statPrefix, make),
      log: (to) => files.sink(to),
      onBug,
    });
  }

  /** Requests that are in flight. */
  get requests(): number {
    return [...this.#http.values()].reduce((sum, one) => sum + one.active, 0);
  }

  /** A request or a connection is in flight. */
  get busy(): boolean {
    return this.requests > 0 || [...this.#tcp.values()].some((one) => one.active > 0);
  }
}

// The HTTP engine of one thread as one object: clusters, routers and listeners on one clock. What stands around it
// (the chain, the threads) needs nothing else of the folders http, upstream and route.
import type { ClusterConfig, HttpChain, ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import { wireLimits } from "../../spec/gateway-limits.ts";
import { HttpRouter } from "../route/router.ts";
import { Clusters } from "../upstream/clusters.ts";
import type { CodecCounters } from "./connection-context.ts";
import { Deadlines } from "./deadlines.ts";
import type { ConnectionInfo, ExchangeHandler, Upstreams } from "./exchange.ts";
import { HttpListener } from "./listener.ts";
import type { ParserLimits } from "./message-parser.ts";
import type { ListenOn } from "./server.ts";

export interface EngineParts {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** From 0 (included) to 1 (not). */
  readonly random: () => number;
  /** The addresses of a name; rejects where there are none. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** The next connection's number, unique within the process. */
  readonly nextId: () => number;
  /** Hears what was thrown where nothing may be thrown; `connection` is null on the upstream's side. */
  readonly onBug: (error: unknown, connection: ConnectionInfo | null) => void;
}

export interface ListenRequest {
  readonly config: ListenerConfig;
  readonly chain: HttpChain;
  readonly index: number;
  readonly on: ListenOn;
  readonly handler: ExchangeHandler;
  readonly counters: CodecCounters;
}

export class HttpEngine {
  readonly deadlines: Deadlines;
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.deadlines = new Deadlines(parts.now);
  }

  /**
   * Throws a Failure for a TLS setting that is refused. `ready()` settles after the first look-ups; `limits` are those
   * of answers.
   */
  upstreams(clusters: readonly ClusterConfig[], limits: ParserLimits = wireLimits): Clusters {
    const { random, resolve, onBug } = this.#parts;
    const { deadlines } = this;
    return new Clusters(clusters, {
      deadlines,
      random,
      resolve,
      onBug: (error) => onBug(error, null),
      limits,
    });
  }

  /** Throws a Failure for an expression that is refused. */
  router(chain: HttpChain, upstreams: Upstreams): HttpRouter {
    const { deadlines } = this;
    return new HttpRouter(chain, { upstreams, deadlines, random: this.#parts.random });
  }

  /** Accepts. Throws `certificate-refused`; rejects with the system's error. */
  async listen(request: ListenRequest): Promise<HttpListener> {
    const { nextId, onBug } = this.#parts;
    const { deadlines } = this;
    const listener = new HttpListener({ ...request, deadlines, nextId, onBug });
    await listener.listen(request.on);
    return listener;
  }
}

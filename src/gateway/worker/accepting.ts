// What a thread accepts, and which service each request or connection goes to: in a worker what comes to its listening
// sockets, in a cell what workers send there. A request that is taken is answered by the version in use at that moment.
import type { Socket } from "node:net";
import { HeaderMap } from "../../host/header-map.ts";
import type { ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import type { Answer } from "../chain/seams.ts";
import { HttpService } from "../chain/service.ts";
import type { Exchange } from "../http/exchange.ts";
import type { StatCells } from "../stats/cells.ts";
import type { ClientInfo } from "../tcp/seams.ts";
import { TcpService } from "../tcp/service.ts";
import type { CellGate } from "./cell-gate.ts";
import { cellListener } from "./cell-listener.ts";
import type { Generation } from "./generation.ts";
import { listenerEvents, UNCOUNTED } from "./listener-events.ts";
import type { ThreadStart } from "./messages.ts";
import { originOf } from "./origin.ts";
import type { Acceptor, Engine } from "./seams.ts";

export interface AcceptingParts {
  readonly engine: Engine;
  readonly stats: StatCells;
  /** null in a worker. */
  readonly cell: ThreadStart["cell"];
  readonly gate: CellGate | null;
  readonly current: () => Generation | null;
  readonly onBug: (error: unknown) => void;
}

export class Accepting {
  readonly #parts: AcceptingParts;
  readonly #acceptors: Acceptor[] = [];

  constructor(parts: AcceptingParts) {
    this.#parts = parts;
  }

  /** `sockets`: a listening descriptor for each listener; none in a cell. Rejects where one can't be used. */
  async listen(listeners: readonly ListenerConfig[], sockets: readonly number[]): Promise<void> {
    const { cell, engine, stats } = this.#parts;
    if (cell !== null) {
      const config = cellListener(listeners);
      if (config === null) return;
      const handler = (exchange: Exchange): void => this.#fromWorker(exchange);
      this.#acceptors.push(await engine.listen(config, 0, { path: cell.path }, handler, UNCOUNTED));
      return;
    }
    for (const [place, config] of listeners.entries()) {
      const events = listenerEvents(stats, config, place);
      if (config.chain.kind === "tcp") {
        const take = (client: Socket, info: ClientInfo): void => this.#take(place, client, info);
        const on = { fd: sockets[place]! };
        this.#acceptors.push(await engine.listenTcp(config, place, on, take, events));
        continue;
      }
      const handler = (exchange: Exchange): void => this.#handle(place, exchange);
      const acceptor = await engine.listen(config, place, { fd: sockets[place]! }, handler, events);
      this.#acceptors.push(acceptor);
    }
  }

  /** What listens goes on as a new version says. */
  listenAnew(listeners: readonly ListenerConfig[]): void {
    const own = this.#parts.cell === null ? listeners : [cellListener(listeners)];
    for (const [place, acceptor] of this.#acceptors.entries()) {
      const config = own[place];
      if (config != null) acceptor.use(config);
    }
  }

  /** `origin`: the client's connection, where another thread has accepted it; `no`: the answer without a look. */
  #handle(listener: number, exchange: Exchange, origin = exchange.connection, no?: Answer): void {
    try {
      const service = this.#parts.current()?.services[listener];
      if (!(service instanceof HttpService)) exchange.reset();
      else if (no === undefined) service.handle(exchange, origin);
      else service.refuse(exchange, origin, no);
    } catch (error) {
      this.#parts.onBug(error);
      exchange.reset();
    }
  }

  #take(listener: number, client: Socket, info: ClientInfo): void {
    try {
      const service = this.#parts.current()?.services[listener];
      if (service instanceof TcpService) service.handle(client, info);
      else client.destroy();
    } catch (error) {
      this.#parts.onBug(error);
      client.destroy();
    }
  }

  /** In a cell: a request as another thread has accepted it. */
  #fromWorker(exchange: Exchange): void {
    const { refusal } = exchange;
    if (refusal) {
      exchange.sendHeaders(HeaderMap.from([[":status", String(refusal.status)]]), true);
      return;
    }
    const origin = originOf(exchange);
    if (origin === null) {
      exchange.reset();
      return;
    }
    // The way here is without TLS, the client's may not be.
    exchange.headers.set(":scheme", origin.tls === null ? "http" : "https");
    const { listener } = origin;
    this.#parts.gate!.pass(exchange, {
      begin: () => this.#handle(listener, exchange, origin),
      refuse: (answer) => this.#handle(listener, exchange, origin, answer),
    });
  }

  /** Takes nothing new; what is in flight goes on. */
  drain(): void {
    for (const acceptor of this.#acceptors) acceptor.drain();
  }
}

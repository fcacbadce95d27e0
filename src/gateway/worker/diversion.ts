// Requests whose plugins live in a cell: sent there as a whole over the cell's socket, in both directions piece by
// piece. The cell matches the route again and runs the whole chain, so that nothing of it is done here.

import { caps } from "../../host/caps.ts";
import type { HeaderMap } from "../../host/header-map.ts";
import type { ClusterConfig } from "../../mesh/envoy/lab-config.ts";
import type { HttpStream } from "../chain/http-stream.ts";
import type { Filter, Answer as FinalAnswer } from "../chain/seams.ts";
import type {
  Exchange,
  MessageSink,
  ResetReason,
  UpstreamCall,
  UpstreamSink,
  Upstreams,
} from "../http/exchange.ts";
import { addOrigin, dropOrigin } from "./origin.ts";
import type { Engine } from "./seams.ts";
import { overload, Waiting } from "./waiting.ts";

/** Requests of all threads that may wait for a cell; its own gate is what really limits them. */
const CELL_REQUESTS = 100_000;

/** What a cell answers is what its plugins have made of an answer, with what the manager adds to it. */
const CELL_ANSWER = {
  headerBytes: caps.headerMapBytes + 4 * caps.headerMapCount + 16 * 1024,
  headerCount: caps.headerMapCount + 16,
};

/** Requests that may wait for one cell to be made. */
const WAITING = 256;
const LOST = "overload: the thread that this route's plugin had to itself is gone\n";
const NO_CELL = "overload: the plugin of this route is being moved to a thread of its own\n";

function clusterOf(plugin: string, path: string): ClusterConfig {
  return {
    name: plugin,
    discovery: "static",
    balancing: "round-robin",
    connectTimeout: 1000,
    endpoints: [{ address: { kind: "pipe", path }, weight: 1, hostname: "" }],
    tls: null,
    http2: false,
    maxConnections: CELL_REQUESTS,
    maxPending: CELL_REQUESTS,
    maxRequests: CELL_REQUESTS,
    at: { line: 0, column: 0 },
  };
}

export class Diversion {
  readonly #engine: Engine;
  #cells: Readonly<Record<string, string>> = {};
  #upstreams: Upstreams | null = null;
  active = 0;
  /** Requests of plugins that will have a cell soon, by plugin. */
  readonly #expected = new Map<string, Waiting[]>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Sockets of cells by plugin. */
  use(cells: Readonly<Record<string, string>>): void {
    if (JSON.stringify(cells) === JSON.stringify(this.#cells)) return;
    const before = this.#upstreams;
    this.#cells = cells;
    const entries = Object.entries(cells).filter(([, path]) => path !== "");
    this.#upstreams =
      entries.length === 0
        ? null
        : this.#engine.upstreams(
            entries.map(([plugin, path]) => clusterOf(plugin, path)),
            CELL_ANSWER,
          );
    if (before !== null) void before.drain();
    this.#arrived();
  }

  /** A plugin will have a cell: until then its requests wait, so that it takes no more of this thread. */
  expect(plugin: string): void {
    if (!this.#expected.has(plugin)) this.#expected.set(plugin, []);
  }

  #arrived(): void {
    for (const [plugin, waiting] of this.#expected) {
      if (!Object.hasOwn(this.#cells, plugin)) continue;
      this.#expected.delete(plugin);
      for (const one of waiting) {
        if (this.#cells[plugin] === "") one.refuse(NO_CELL);
        else one.go();
      }
    }
  }

  #wait(stream: HttpStream, waiting: Waiting[], plugin: string): void {
    const begin = (): void => this.#send(stream, plugin);
    const refuse = (answer: FinalAnswer): void => refuseHere(stream, answer);
    if (waiting.length >= WAITING) refuse(overload(NO_CELL));
    else waiting.push(new Waiting(stream.exchange, { begin, refuse }));
  }

  #send(stream: HttpStream, plugin: string): void {
    this.active++;
    new Diverted(stream, this.#upstreams!, plugin, () => this.active--);
  }

  /** Sends a request to the cell of one of its plugins; false where none has one. */
  divert(stream: HttpStream, filters: readonly Filter[]): boolean {
    if (this.#upstreams === null && this.#expected.size === 0) return false;
    for (const { name } of filters) {
      const waiting = this.#expected.get(name);
      if (waiting === undefined && !this.#cells[name]) continue;
      addOrigin(stream.exchange.headers, stream.connection);
      if (waiting === undefined) this.#send(stream, name);
      else this.#wait(stream, waiting, name);
      return true;
    }
    return false;
  }
}

/** The request doesn't get to a cell: it is answered, counted and logged here. */
function refuseHere(stream: HttpStream, answer: FinalAnswer): void {
  dropOrigin(stream.exchange.headers);
  stream.refuse(answer);
}

class Diverted implements MessageSink {
  readonly #stream: HttpStream;
  readonly #exchange: Exchange;
  readonly #call: UpstreamCall;
  readonly #done: () => void;
  #toClient: UpstreamSink | null;
  #answered = false;

  constructor(stream: HttpStream, upstreams: Upstreams, cell: string, done: () => void) {
    const { exchange } = stream;
    this.#stream = stream;
    this.#exchange = exchange;
    this.#done = done;
    exchange.sink = this;
    const sink = new Answer(this);
    this.#toClient = sink;
    this.#call = upstreams.open(cell, exchange.headers, exchange.headersOnly, sink);
  }

  // The client's side.

  data(bytes: Uint8Array, end: boolean): void {
    if (this.#toClient !== null && !this.#call.sendData(bytes, end)) this.#exchange.pauseReading();
  }

  trailers(trailers: HeaderMap): void {
    if (this.#toClient !== null) this.#call.sendTrailers(trailers);
  }

  reset(): void {
    if (this.#toClient === null) return;
    this.#end();
    this.#call.reset();
  }

  pause(): void {
    if (this.#toClient !== null) this.#call.pauseReading();
  }

  resume(): void {
    if (this.#toClient !== null) this.#call.resumeReading();
  }

  #end(): void {
    this.#toClient = null;
    this.#done();
  }

  // The cell's side: see Answer, whose names are the same as the client's.

  headers(headers: HeaderMap, end: boolean): void {
    if (this.#toClient === null) return;
    this.#answered = true;
    this.#exchange.sendHeaders(headers, end);
    if (end) this.#end();
  }

  answerData(bytes: Uint8Array, end: boolean): void {
    if (this.#toClient === null) return;
    if (!this.#exchange.sendData(bytes, end) && !end) this.#call.pauseReading();
    if (end) this.#end();
  }

  answerTrailers(trailers: HeaderMap): void {
    if (this.#toClient === null) return;
    this.#exchange.sendTrailers(trailers);
    this.#end();
  }

  answerReset(_reason: ResetReason): void {
    if (this.#toClient === null) return;
    this.#end();
    if (this.#answered) {
      this.#exchange.reset();
      return;
    }
    refuseHere(this.#stream, overload(LOST));
  }

  slow(slow: boolean): void {
    if (slow) this.#exchange.pauseReading();
    else this.#exchange.resumeReading();
  }

  interim(headers: HeaderMap): void {
    this.#exchange.sendInterim(headers);
  }

  connected(): void {}
}

class Answer implements UpstreamSink {
  readonly #of: Diverted;

  constructor(of: Diverted) {
    this.#of = of;
  }

  connected(): void {}

  interim(headers: HeaderMap): void {
    this.#of.interim(headers);
  }

  headers(headers: HeaderMap, end: boolean): void {
    this.#of.headers(headers, end);
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.#of.answerData(bytes, end);
  }

  trailers(trailers: HeaderMap): void {
    this.#of.answerTrailers(trailers);
  }

  reset(reason: ResetReason): void {
    this.#of.answerReset(reason);
  }

  pause(): void {
    this.#of.slow(true);
  }

  resume(): void {
    this.#of.slow(false);
  }
}

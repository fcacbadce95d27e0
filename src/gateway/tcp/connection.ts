// One TCP connection: the client, the filters in order, and the upstream behind them. The client's bytes pass the
// filters forwards, the upstream's backwards; the upstream is dialled when no filter holds the new connection any
// more. Either direction may end before the other. The invariants: nobody is read from while who comes next is
// full, so that what a connection holds in memory is bounded; and every connection ends, by its idle time at the
// latest, or by the time that closing may take.
import type { Socket } from "node:net";
import type { FlowName } from "../../host/connection-context.ts";
import type { AttributeSource, AttributeValue } from "../../host/properties.ts";
import { closingTime } from "../../spec/gateway-limits.ts";
import type { FlagName } from "../../spec/response-flags.ts";
import type { Timed } from "../http/deadlines.ts";
import type { RawResult, UpstreamInfo } from "../http/exchange.ts";
import { tcpAttribute } from "./attributes.ts";
import { type NodeOwner, TcpFilterNode } from "./filter-node.ts";
import type { ClientInfo } from "./seams.ts";
import type { TcpService } from "./service.ts";

const NOTHING = new Uint8Array(0);

const flagsOf: Readonly<Partial<Record<Extract<RawResult, string>, FlagName>>> = {
  "connect-failure": "UF",
  "connect-timeout": "UF",
  overflow: "UO",
  "no-cluster": "NC",
  "no-host": "UH",
};

export class TcpConnection implements NodeOwner, Timed, AttributeSource {
  readonly service: TcpService;
  readonly info: ClientInfo;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly #started: number;
  readonly #client: Socket;
  readonly #nodes: TcpFilterNode[] = [];
  /** How many filters have been told of the new connection. */
  #told = 0;
  #dialling: { cancel(): void } | null = null;
  #dialled = false;
  #upstream: Socket | null = null;
  /** What the filters let pass before there was an upstream. */
  #early: Uint8Array[] = [];
  #earlyEnd = false;
  #closing = false;
  #finished = false;
  #clientGone = false;
  #upstreamGone = true;
  #upstreamEnded = false;
  /** The upstream takes nothing more for now. */
  #full = false;
  readonly #paused = { downstream: false, upstream: false };
  upstream: UpstreamInfo | null = null;
  flags: FlagName = "";
  details = "";
  bytesReceived = 0;
  bytesSent = 0;
  deadline = Number.POSITIVE_INFINITY;

  constructor(service: TcpService, client: Socket, info: ClientInfo) {
    this.service = service;
    this.info = info;
    this.#client = client;
    this.startTime = service.clock.wall();
    this.#started = service.clock.now();
  }

  /** Milliseconds since it was accepted. */
  get duration(): number {
    return this.now() - this.#started;
  }

  now(): number {
    return this.service.clock.now();
  }

  attribute(path: string): AttributeValue | undefined {
    return tcpAttribute(this, path);
  }

  begin(): void {
    const { service } = this;
    service.begun(this);
    this.#alive();
    const client = this.#client;
    client.on("error", () => {});
    client.on("close", () => this.#onClientClose());
    client.on("drain", () => this.#regulate());
    for (const filter of service.filters) {
      const admission = filter.openConnection(this);
      if (admission.as === "reject") {
        this.closeHere("wasm_fail_stream");
        return;
      }
      if (admission.as === "skip") continue;
      this.#nodes.push(new TcpFilterNode(this, this.#nodes.length, filter, admission.connection));
    }
    client.on("data", (bytes: Uint8Array) => {
      this.bytesReceived += bytes.length;
      service.counters.count("downstream_cx_rx_bytes_total", bytes.length);
      this.#came("downstream", bytes, false);
    });
    client.on("end", () => this.#came("downstream", NOTHING, true));
    this.proceed();
  }

  /** Something has happened on either side. */
  #alive(): void {
    if (this.#closing) return;
    const { idleTimeout } = this.service.chain;
    this.deadline = idleTimeout === 0 ? Number.POSITIVE_INFINITY : this.now() + idleTimeout;
  }

  #came(flow: FlowName, bytes: Uint8Array, end: boolean): void {
    if (this.#closing || this.#finished) return;
    this.#alive();
    try {
      this.passed(flow === "downstream" ? -1 : this.#nodes.length, flow, bytes, end);
      this.#regulate();
    } catch (error) {
      this.service.onBug(error);
      this.closeHere("internal_error");
    }
  }

  passed(index: number, flow: FlowName, bytes: Uint8Array, end: boolean): void {
    if (this.#closing) return;
    if (flow === "downstream") {
      this.proceed();
      const next = this.#nodes[index + 1];
      if (next === undefined) this.#toUpstream(bytes, end);
      else next.feed(flow, bytes, end);
      return;
    }
    const next = this.#nodes[index - 1];
    if (next === undefined) this.#toClient(bytes, end);
    else next.feed(flow, bytes, end);
  }

  proceed(): void {
    while (!this.#closing && !this.#finished) {
      const last = this.#nodes[this.#told - 1];
      if (last?.waiting === true) {
        this.#regulate();
        return;
      }
      const next = this.#nodes[this.#told];
      if (next === undefined) {
        this.#dial();
        return;
      }
      this.#told++;
      next.open();
    }
  }

  #dial(): void {
    if (this.#dialled) return;
    this.#dialled = true;
    const { chain, counters } = this.service;
    this.#dialling = this.service.dial(chain.cluster, (result) => {
      this.#dialling = null;
      if (typeof result !== "string") {
        this.#connected(result);
        return;
      }
      if (result === "no-cluster") counters.count("downstream_cx_no_route", 1);
      this.flags = flagsOf[result] ?? "";
      this.closeHere(result.replaceAll("-", "_"));
    });
    this.#regulate();
  }

  #connected({ socket, info }: Exclude<RawResult, string>): void {
    this.#upstream = socket;
    this.#upstreamGone = false;
    this.upstream = info;
    this.#alive();
    socket.on("error", () => {});
    socket.on("close", () => this.#onUpstreamClose());
    socket.on("drain", () => this.#regulate());
    socket.on("data", (bytes: Uint8Array) => this.#came("upstream", bytes, false));
    socket.on("end", () => this.#came("upstream", NOTHING, true));
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) socket.write(bytes);
    if (this.#earlyEnd) socket.end();
    this.#regulate();
  }

  #toUpstream(bytes: Uint8Array, end: boolean): void {
    const upstream = this.#upstream;
    if (upstream === null) {
      if (bytes.length > 0) this.#early.push(bytes);
      this.#earlyEnd ||= end;
      return;
    }
    if (bytes.length > 0) upstream.write(bytes);
    if (end) upstream.end();
  }

  #toClient(bytes: Uint8Array, end: boolean): void {
    if (bytes.length > 0) {
      this.bytesSent += bytes.length;
      this.service.counters.count("downstream_cx_tx_bytes_total", bytes.length);
      this.#client.write(bytes);
    }
    if (end) {
      this.#upstreamEnded = true;
      this.#client.end();
    }
  }

  /** Reads from each side exactly while what it sends has somewhere to go. */
  #regulate(): void {
    const { bufferLimit, counters } = this.service;
    const held = (flow: FlowName): boolean =>
      this.#nodes.some((node) => node.held(flow) >= bufferLimit);
    const upstream = this.#upstream;
    // As behind Envoy's own proxy filter: before there is an upstream nothing is read, and no plugin is told.
    const waits = upstream === null && (this.#dialled || this.#nodes.some((node) => node.waiting));
    const full = upstream?.writableNeedDrain ?? false;
    const was = this.#full;
    this.#full = full;
    if (full && !was) counters.count("downstream_flow_control_paused_reading_total", 1);
    if (was && !full) counters.count("downstream_flow_control_resumed_reading_total", 1);
    this.#set("downstream", this.#client, waits || full || held("downstream"));
    const stop = this.#client.writableNeedDrain || held("upstream");
    if (upstream !== null) this.#set("upstream", upstream, stop);
  }

  #set(side: FlowName, socket: Socket, stop: boolean): void {
    if (this.#paused[side] === stop || this.#closing) return;
    this.#paused[side] = stop;
    if (stop) socket.pause();
    else socket.resume();
  }

  closeHere(details: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.details = details;
    this.deadline = this.now() + closingTime;
    this.#dialling?.cancel();
    this.#early = [];
    // Nothing more is taken; what was let pass is still written.
    this.#client.resume();
    this.#client.destroySoon();
    this.#upstream?.resume();
    this.#upstream?.destroySoon();
  }

  #onUpstreamClose(): void {
    this.#upstreamGone = true;
    // Where its end has reached the client, the client ends what is left by itself.
    const over = this.#upstreamEnded && this.#client.readableEnded;
    if (!over && !this.#clientGone) this.closeHere("upstream_remote_close");
    this.#end();
  }

  #onClientClose(): void {
    this.#clientGone = true;
    // After the upstream's end this side has closed it.
    const by = this.#closing || this.#upstreamEnded ? "local" : "remote";
    this.#finish(by);
    if (!this.#closing) this.closeHere("");
    this.#end();
  }

  /** The client is gone: the plugins hear it, and it is logged. */
  #finish(by: "local" | "remote"): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const node of this.#nodes) node.finish(by);
    this.service.logged(this);
  }

  #end(): void {
    if (this.#clientGone && this.#upstreamGone) this.service.ended(this);
  }

  /** Nothing has happened for too long, or closing takes too long. */
  onDeadline(): void {
    if (this.#closing) {
      this.#client.destroy();
      this.#upstream?.destroy();
      return;
    }
    this.service.counters.count("idle_timeout", 1);
    this.closeHere("idle_timeout");
  }
}

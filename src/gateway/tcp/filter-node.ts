// One filter of one TCP connection: feeds the plugin's side of it, measures what each step takes, and passes on what
// the plugin has let go. What the plugin does outside of a step comes in as the connection's listener.
import type {
  ConnectionContext,
  ConnectionListener,
  FlowName,
} from "../../host/connection-context.ts";
import { PHASE, type Phase } from "../chain/steps.ts";
import type { TcpFilter } from "./seams.ts";

/** The connection that a node stands in. */
export interface NodeOwner {
  now(): number;
  /** Bytes of one direction that the node at `index` has let pass; at the end of a direction possibly none. */
  passed(index: number, flow: FlowName, bytes: Uint8Array, end: boolean): void;
  /** A plugin no longer holds the new connection, or never did. */
  proceed(): void;
  /** A plugin closes the connection, or has failed and is not to be passed by. */
  closeHere(details: string): void;
}

const phases = { downstream: PHASE.downstreamData, upstream: PHASE.upstreamData } as const;

export class TcpFilterNode implements ConnectionListener {
  readonly #owner: NodeOwner;
  readonly #index: number;
  readonly #filter: TcpFilter;
  readonly #context: ConnectionContext;
  readonly #ended = { downstream: false, upstream: false };

  constructor(owner: NodeOwner, index: number, filter: TcpFilter, context: ConnectionContext) {
    this.#owner = owner;
    this.#index = index;
    this.#filter = filter;
    this.#context = context;
    context.listener = this;
    filter.enter();
  }

  /** The plugin holds the new connection: nobody behind it has heard of it. */
  get waiting(): boolean {
    return this.#context.waiting && !this.#context.skipped;
  }

  /** Bytes of one direction that the plugin holds. */
  held(flow: FlowName): number {
    return this.#context[flow].buffer.length;
  }

  open(): void {
    this.#step(PHASE.newConnection, () => this.#context.onNew());
    this.#look();
  }

  feed(flow: FlowName, bytes: Uint8Array, end: boolean): void {
    this.#step(phases[flow], () => this.#context.onData(flow, bytes, end));
    if (this.#look()) this.#pass(flow);
  }

  /** The connection is over. */
  finish(by: "local" | "remote"): void {
    this.#context.listener = null;
    this.#step(PHASE.log, () => this.#context.onClose(by));
    this.#filter.leave();
  }

  #step(phase: Phase, act: () => void): void {
    const { meter, fuelUsed } = this.#filter;
    const started = this.#owner.now();
    meter.begin(phase);
    act();
    const fuel = this.#filter.fuelUsed - fuelUsed;
    meter.step(phase, this.#owner.now() - started, fuel, this.#filter.trapped);
  }

  /** False: the connection is closed. */
  #look(): boolean {
    const { closed } = this.#context;
    if (!closed.downstream && !closed.upstream) return true;
    // What the plugin let pass before it closed still goes out.
    this.#pass("downstream");
    this.#pass("upstream");
    this.#owner.closeHere(this.#filter.trapped ? "wasm_fail_stream" : "wasm_close");
    return false;
  }

  #pass(name: FlowName): void {
    const flow = this.#context[name];
    const end = flow.ended && !this.#ended[name];
    if (flow.out.length === 0 && !end) return;
    this.#ended[name] = flow.ended;
    this.#owner.passed(this.#index, name, flow.out.take(), end);
  }

  // ConnectionListener: what happens outside of a step.

  released(flow: FlowName): void {
    this.#owner.proceed();
    this.#pass(flow);
  }

  close(_flow: FlowName): void {
    this.#look();
  }
}

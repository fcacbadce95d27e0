// One network connection as one plugin sees it: bytes in both directions, each of which the plugin may hold, and
// the end. The rules are those of the reference proxy's network filters: held bytes are shown again with what
// comes later, and what is held towards the client can't be continued, only followed by more. While a new
// connection is held the gateway reads nothing of it; where one does, the first bytes let through end that.
import { ACTION, BUFFER, PEER } from "../spec/status.ts";
import { BodyBuffer } from "./body.ts";
import { caps } from "./caps.ts";
import type { Context, GuestBuffer } from "./context.ts";
import type { Entry } from "./entries.ts";
import { FilterState } from "./filter-state.ts";
import type { HeaderMap } from "./header-map.ts";
import {
  type AttributeSource,
  type Attributes,
  attribute,
  pluginProperty,
  sourceOf,
  stateProperty,
} from "./properties.ts";
import type { RootContext } from "./root-context.ts";
import type { Vm } from "./vm.ts";

const NOTHING = new Uint8Array(0);

export type FlowName = "downstream" | "upstream";

/** What is told outside of the gateway's own calls, once no guest runs. */
export interface ConnectionListener {
  /** Bytes that were held may be taken from `flow`, or the connection goes on. */
  released(flow: FlowName): void;
  /** To be closed, after what has passed was written. */
  close(flow: FlowName): void;
}

/** Bytes from the client (`downstream`) or from the upstream, on their way through the plugin. */
export class Flow {
  /** What the plugin sees, null where it sees nothing. */
  shown: BodyBuffer | null = null;
  /** What has passed; taken by the gateway. */
  readonly out = new BodyBuffer();
  /** The last bytes have passed. */
  ended = false;
  /** The plugin holds what came. */
  held = false;
  readonly buffer = new BodyBuffer();
  inputEnded = false;

  release(): void {
    if (this.buffer.length > 0) this.out.adopt(this.buffer.take());
    this.shown = null;
    this.held = false;
    if (this.inputEnded) this.ended = true;
  }
}

export class ConnectionContext implements Context {
  readonly id: number;
  readonly vm: Vm;
  readonly root: RootContext;
  readonly stream = null;
  readonly connection: ConnectionContext = this;
  readonly logging = false;
  readonly downstream = new Flow();
  readonly upstream = new Flow();
  listener: ConnectionListener | null = null;
  /** The plugin failed and this connection goes on without it. */
  skipped = false;
  /** The plugin holds the new connection: no upstream is to be connected yet. */
  waiting = false;
  readonly closed = { downstream: false, upstream: false };
  readonly #attributes: AttributeSource;
  readonly filterState = new FilterState();
  #finished = false;
  #fed = 0;
  readonly #news = new Set<string>();

  constructor(vm: Vm, root: RootContext, id: number, attributes?: Attributes | AttributeSource) {
    this.vm = vm;
    this.root = root;
    this.id = id;
    this.#attributes = sourceOf(attributes);
  }

  /** Makes the guest's side of it; before anything else. */
  create(): void {
    this.#call(this.vm.http.create, this.root.id, 0);
  }

  /** The connection was accepted. */
  onNew(): void {
    this.#enter();
    const answer = this.#call(this.vm.network.accept, 0, 0);
    this.waiting = answer !== null && answer !== ACTION.continue;
    this.#leave();
  }

  /** Bytes of one direction; kept, not copied, where that is possible. */
  onData(name: FlowName, data: Uint8Array, end: boolean): void {
    const flow = this[name];
    if (this.closed[name] || this.#finished || flow.ended) return;
    this.#enter();
    flow.buffer.adopt(data);
    if (end) flow.inputEnded = true;
    if (flow.buffer.length > caps.bodyBytes) this.#fail();
    else {
      flow.shown = flow.buffer;
      const entry = this.vm.network[name];
      const answer = this.#call(entry, flow.buffer.length, end ? 1 : 0);
      flow.held = answer !== null && answer !== ACTION.continue;
      if (!flow.held && !this.closed[name]) {
        flow.release();
        if (name === "downstream") this.waiting = false;
      }
      if (end && name === "upstream") this.#call(this.vm.network.upstreamClose, PEER.unknown, 0);
    }
    this.#leave();
  }

  /** The client's connection is closed, by the client (`remote`) or from this side. Ends the context. */
  onClose(by: "local" | "remote"): void {
    if (this.#finished) return;
    this.#enter();
    this.closed.downstream = true;
    this.#call(this.vm.network.downstreamClose, PEER[by], 0);
    const { done, log, remove } = this.vm.http;
    for (const entry of [done, log, remove]) if (!this.skipped) this.#call(entry, 0, 0);
    this.#finished = true;
    this.downstream.shown = null;
    this.upstream.shown = null;
    this.vm.contexts.delete(this.id);
    this.#leave();
    this.vm.plugin.contextGone(this.vm);
  }

  /** The plugin lets the client's bytes go on. */
  resume(): void {
    this.waiting = false;
    this.downstream.release();
    this.#note("released downstream");
  }

  close(flow: FlowName): void {
    this.closed[flow] = true;
    this.#note(`close ${flow}`);
  }

  /** The instance died in another callback than one of this connection. */
  bereave(): void {
    if (!this.#finished) this.#fail();
  }

  deliver(): void {
    const news = [...this.#news];
    this.#news.clear();
    if (this.listener === null || this.#finished) return;
    for (const one of news) {
      const [what, flow] = one.split(" ") as ["released" | "close", FlowName];
      this.listener[what](flow);
    }
  }

  #note(news: `${"released" | "close"} ${FlowName}`): void {
    if (this.#fed > 0 || this.listener === null) return;
    if (this.#news.size === 0) this.vm.plugin.notices.add(this);
    this.#news.add(news);
  }

  #enter(): void {
    this.#fed++;
    this.vm.plugin.notices.enter();
  }

  #leave(): void {
    this.#fed--;
    this.vm.plugin.notices.leave();
  }

  /** Null: no such callback, or the plugin is out of the way. */
  #call(entry: Entry | undefined, a: number, b: number): number | null {
    if (this.skipped || this.#finished || entry === undefined) return null;
    if (this.vm.trap !== null) {
      this.#fail();
      return null;
    }
    const answer = this.vm.run(entry, this, this.id, a, b);
    if (this.vm.trap !== null) this.#fail();
    this.vm.plugin.settle(this.vm);
    return this.vm.trap === null ? answer : null;
  }

  /** Closed plugins close the connection in both directions, open ones let it pass. */
  #fail(): void {
    if (this.skipped) return;
    const { plugin } = this.vm;
    if (this.vm.trap !== null && plugin.verdictTrapping().request === "skip") {
      this.skipped = true;
      plugin.telemetry.failOpen++;
      for (const name of ["downstream", "upstream"] as const) {
        this[name].release();
        this.#note(`released ${name}`);
      }
      return;
    }
    if (this.closed.downstream && this.closed.upstream) return;
    plugin.telemetry.failClosed++;
    this.close("downstream");
    this.close("upstream");
  }

  map(type: number, change: boolean): HeaderMap | null {
    return this.root.map(type, change);
  }

  buffer(type: number): GuestBuffer | null {
    if (type === BUFFER.downstreamData) return this.downstream.shown ?? NOTHING;
    if (type === BUFFER.upstreamData) return this.upstream.shown ?? NOTHING;
    return this.root.buffer(type);
  }

  property(path: string): Uint8Array | null {
    return (
      attribute(this.#attributes, path) ??
      pluginProperty(this.root.identity, path) ??
      attribute(this.root.identity.attributes, path) ??
      stateProperty(this.filterState, path)
    );
  }

  setProperty(path: string, value: Uint8Array): number {
    return this.filterState.set(path, value, this.root.declared.get(path));
  }

  setEnvoyState(key: string, value: string): number {
    return this.filterState.setEnvoy(key, value);
  }
}

// A loaded plugin: its compiled module, the instance of now, the calls in flight, and what a failure makes of
// them. Requests come in through `stream` or `request` (request.ts); a dead instance is replaced here and
// nowhere else.
import { hostFunctions } from "../spec/host-functions.ts";
import { CALL_ID_STEP } from "../spec/status.ts";
import { timeOut } from "./answer.ts";
import { caps } from "./caps.ts";
import { type Effect, type OutgoingCall, sizeOf } from "./effects.ts";
import {
  type FailurePolicy,
  type Semantics,
  STOCK_BACKOFF,
  type Verdict,
  verdict,
} from "./failure.ts";
import { identityOf, namespaceOf, type PluginOptions } from "./options.ts";
import { bump, type ForeignFunction, type PluginState, type Telemetry } from "./plugin-state.ts";
import { type Attributes, attributeMap, type PluginIdentity } from "./properties.ts";
import { createServices, type HostServices } from "./services.ts";
import { type Loaded, type Started, type StartState, startInstance } from "./start.ts";
import { StreamContext } from "./stream-context.ts";
import type { Trap } from "./trap.ts";
import type { Vm } from "./vm.ts";

/** How a new request meets the plugin. */
export type Admission =
  | { readonly as: "stream"; readonly stream: StreamContext }
  /** A 503: the plugin has failed and failures are closed. */
  | { readonly as: "reject" }
  /** On without the plugin. */
  | { readonly as: "skip" };

/** Who wants to hear what a plugin does, beside its counters. */
export interface Observer {
  call(call: OutgoingCall): void;
  trap(trap: Trap): void;
}

/** Under what name calls are counted once too many clusters have been seen. */
const OTHERS = "(others)";

export class Plugin implements PluginState {
  readonly identity: PluginIdentity;
  readonly services: HostServices;
  readonly semantics: Semantics;
  readonly failure: FailurePolicy;
  readonly capabilities: ReadonlySet<string>;
  readonly clusters: ReadonlySet<string> | null;
  readonly environment: readonly (readonly [string, string])[];
  readonly foreign: Readonly<Record<string, ForeignFunction>>;
  readonly logLevel: number;
  readonly allowHeadersStop: boolean;
  readonly namespace: string;
  readonly calls = new Map<number, OutgoingCall>();
  readonly telemetry: Telemetry = {
    requests: 0,
    failClosed: 0,
    failOpen: 0,
    reloads: 0,
    traps: new Map(),
    callbacks: new Map(),
    denied: new Map(),
    dispatches: new Map(),
  };
  callBytes = 0;
  /** Told of every call that leaves and every trap, as they happen. */
  observer: Observer | null = null;
  /** The last traps, oldest first. */
  readonly traps: Trap[] = [];
  /** Monotonic nanoseconds at which calls in flight time out. */
  readonly #deadlines = new Map<number, bigint>();
  readonly #loaded: Loaded;
  readonly #backoff: number;
  readonly #nextCall = [0, 1, 2, 3];
  #started!: Started;
  #lastLoad = 0n;

  constructor(loaded: Loaded, options: PluginOptions) {
    this.#loaded = loaded;
    this.semantics = options.semantics ?? "glovebox";
    this.failure = options.failure ?? "closed";
    this.identity = identityOf(options);
    this.services = options.services ?? createServices();
    this.capabilities = new Set(options.capabilities ?? []);
    this.clusters = options.clusters === undefined ? null : new Set(options.clusters);
    this.environment = Object.entries(options.env ?? {});
    this.foreign = options.foreign ?? {};
    this.logLevel = options.logLevel ?? 0;
    this.allowHeadersStop = options.allowHeadersStop ?? false;
    this.namespace = namespaceOf(options, this.semantics);
    this.#backoff = options.reloadBackoff ?? (this.semantics === "stock" ? STOCK_BACKOFF : 0);
    this.#start();
  }

  /** How far the present instance came when it was started. */
  get state(): StartState {
    return this.#started.state;
  }

  /** Why the present instance is dead; null while it lives. */
  get trap(): Trap | null {
    return this.#started.vm.trap;
  }

  get abi(): string {
    return this.#loaded.abi;
  }

  /** Pages of 64 KiB that the present instance holds. */
  get memoryPages(): number {
    return this.#started.vm.memory.pages;
  }

  /** Names of functions whose denial a hardened module has recorded in its present instance. */
  deniedByModule(): string[] {
    const words = this.#started.vm.gauges?.denied.map((one) =>
      BigInt.asUintN(64, BigInt(one.value)),
    );
    if (words === undefined) return [];
    return hostFunctions
      .filter((_, i) => ((words[Math.floor(i / 64)] ?? 0n) >> BigInt(i % 64)) & 1n)
      .map((row) => row.name);
  }

  /** Opens a request. `attributes` are what properties answer for it. */
  open(attributes?: Attributes): Admission {
    this.telemetry.requests++;
    if (!this.#alive()) {
      const phase = this.#started.state.at === "running" ? "later" : "load";
      const now = verdict(this.semantics, this.failure, phase);
      if (now.reload && this.#backoffOver()) this.reload();
      if (!this.#alive()) {
        if (now.request === "skip") {
          this.telemetry.failOpen++;
          return { as: "skip" };
        }
        this.telemetry.failClosed++;
        return { as: "reject" };
      }
    }
    const { vm, root } = this.#started;
    const stream = new StreamContext(vm, root, vm.allocateContextId(), attributeMap(attributes));
    vm.contexts.set(stream.id, stream);
    stream.call(vm.http.create, root.id, 0);
    return { as: "stream", stream };
  }

  /** A fresh instance from the compiled module, whatever the back-off says. */
  reload(): void {
    this.telemetry.reloads++;
    this.calls.clear();
    this.#deadlines.clear();
    this.callBytes = 0;
    this.#start();
  }

  #start(): void {
    this.#lastLoad = this.services.clock.monotonic();
    this.#started = startInstance(this.#loaded, this);
  }

  #alive(): boolean {
    return this.#started.vm.trap === null && this.#started.state.at === "running";
  }

  #backoffOver(): boolean {
    // The first reload is at once; only a second one soon after waits.
    if (this.telemetry.reloads === 0) return true;
    const waited = this.services.clock.monotonic() - this.#lastLoad;
    return waited >= BigInt(this.#backoff) * 1_000_000n;
  }

  verdictTrapping(): Verdict {
    return verdict(this.semantics, this.failure, "trapping");
  }

  verdictInFlight(): Verdict {
    return verdict(this.semantics, this.failure, "in-flight");
  }

  trapped(vm: Vm, trap: Trap): void {
    this.traps.push(trap);
    if (this.traps.length > caps.traps) this.traps.shift();
    this.observer?.trap(trap);
    bump(this.telemetry.traps, trap.reason);
    vm.error(`Function: ${trap.callback} failed: ${trap.detail}`);
    // What the guest asked for before it trapped is not done; stock hosts have done it by then.
    if (this.semantics === "glovebox") vm.effects = [];
  }

  nextCall(kind: number): number {
    this.#nextCall[kind] = (this.#nextCall[kind]! + CALL_ID_STEP) >>> 0;
    return this.#nextCall[kind]!;
  }

  dispatch(vm: Vm, call: OutgoingCall): boolean {
    const bytes = this.callBytes + sizeOf(call);
    if (this.calls.size >= caps.outstanding || bytes > caps.dispatchBytes) return false;
    this.callBytes = bytes;
    this.calls.set(call.token, call);
    if (call.kind !== "dns" && call.timeout > 0) {
      const due = this.services.clock.monotonic() + BigInt(call.timeout) * 1_000_000n;
      this.#deadlines.set(call.token, due);
    }
    vm.ask({ kind: "call", call });
    return true;
  }

  settle(vm: Vm): void {
    if (vm.trap !== null && !vm.mourned) {
      vm.mourned = true;
      for (const context of vm.contexts.values()) context.stream?.bereave();
    }
    if (vm.effects.length === 0) return;
    for (let effect = vm.effects.shift(); effect !== undefined; effect = vm.effects.shift()) {
      this.#perform(effect);
    }
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "continue":
        effect.stream[effect.half].resume();
        break;
      case "close":
        effect.stream.reset = true;
        break;
      case "local":
        effect.stream.reply(effect.reply);
        break;
      case "call": {
        const { call } = effect;
        this.observer?.call(call);
        const { dispatches } = this.telemetry;
        const to = call.kind === "http" ? call.cluster : call.kind === "dns" ? "dns" : call.service;
        bump(dispatches, dispatches.has(to) || dispatches.size < caps.clusters ? to : OTHERS);
        break;
      }
      case "tick": {
        const { root, period } = effect;
        root.tickPeriod = period;
        root.nextTick = this.services.clock.monotonic() + BigInt(period) * 1_000_000n;
        break;
      }
      case "done":
        this.#delete();
        break;
    }
  }

  queueReady(context: number, queue: number): void {
    this.#tell("proxy_on_queue_ready", context, queue, 0, 0);
  }

  /** Calls a callback of the plugin's own context. */
  #tell(name: string, context: number, b: number, c: number, d: number, e = 0): void {
    const { vm, root } = this.#started;
    const entry = vm.entries[name];
    if (entry === undefined || context !== root.id || vm.trap !== null) return;
    vm.run(entry, root, context, b, c, d, e);
    this.settle(vm);
  }

  /** Delivers time-outs and ticks that are due, and queue notices, at most `caps.callbacksPerPoll`. */
  poll(): void {
    const { root, vm } = this.#started;
    const now = this.services.clock.monotonic();
    for (const [token, due] of this.#deadlines) if (now >= due) timeOut(this, token);
    if (root.tickPeriod > 0 && vm.trap === null && now >= root.nextTick) {
      root.nextTick = now + BigInt(root.tickPeriod) * 1_000_000n;
      this.#tell("proxy_on_tick", root.id, 0, 0, 0);
    }
    for (const notice of this.services.queues.takeNotices(caps.callbacksPerPoll)) {
      notice.listener.queueReady(notice.context, notice.queue);
    }
  }

  /** Takes a call out of flight; undefined where the token is unknown or was answered before. */
  take(token: number): OutgoingCall | undefined {
    const call = this.calls.get(token);
    if (call === undefined) return undefined;
    this.calls.delete(token);
    this.#deadlines.delete(token);
    this.callBytes -= sizeOf(call);
    return call;
  }

  /** Runs a callback of the plugin's own context with its answer in place. */
  tellRoot(name: string, token: number, c: number, d = 0, e = 0): void {
    this.#tell(name, this.#started.root.id, token, c, d, e);
  }

  get root(): Started["root"] {
    return this.#started.root;
  }

  /** Ends the plugin; one that answers false to `proxy_on_done` is deleted when it calls `proxy_done`. */
  close(): void {
    const { vm, root } = this.#started;
    const done = vm.entries.proxy_on_done;
    const finished = done === undefined || vm.run(done, root, root.id) !== 0;
    if (finished) this.#delete();
    else root.closing = true;
    this.settle(vm);
  }

  #delete(): void {
    const { vm, root } = this.#started;
    for (const name of ["proxy_on_log", "proxy_on_delete"]) {
      const entry = vm.entries[name];
      if (entry !== undefined && vm.trap === null) vm.run(entry, root, root.id);
    }
    vm.contexts.delete(root.id);
  }
}

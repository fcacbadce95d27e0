// A loaded plugin: its compiled module, the instance of now, the calls in flight, and what a failure makes of
// them. Requests come in through `stream` or `request` (request.ts); a dead instance is replaced here and
// nowhere else.
import { hostFunctions } from "../spec/host-functions.ts";
import { LOG_LEVEL } from "../spec/status.ts";
import { timeOut } from "./answer.ts";
import { Backoff } from "./backoff.ts";
import { caps } from "./caps.ts";
import { fraction } from "./clock.ts";
import { ConnectionContext } from "./connection-context.ts";
import type { Dialer } from "./dialer.ts";
import type { OutgoingCall } from "./effects.ts";
import {
  type FailurePolicy,
  type Semantics,
  STOCK_BACKOFF,
  type Verdict,
  verdict,
} from "./failure.ts";
import type { FilterState } from "./filter-state.ts";
import { Flights } from "./flights.ts";
import type { Guards } from "./guards.ts";
import { Notices } from "./notices.ts";
import { identityOf, namespaceOf, type PluginOptions } from "./options.ts";
import { perform } from "./perform.ts";
import {
  bump,
  createTelemetry,
  type ForeignFunction,
  type PluginState,
  type Telemetry,
} from "./plugin-state.ts";
import type { AttributeSource, Attributes, PluginIdentity } from "./properties.ts";
import type { LoggedRequest } from "./root-context.ts";
import { createServices, type HostServices } from "./services.ts";
import { type Loaded, type Started, type StartState, startInstance } from "./start.ts";
import { StreamContext, type StreamLimits } from "./stream-context.ts";
import type { Tracer } from "./tracer.ts";
import type { Trap } from "./trap.ts";
import type { Vm } from "./vm.ts";

/** A 503: the plugin has failed and failures are closed; or on without the plugin. */
export type Refused = { readonly as: "reject" } | { readonly as: "skip" };

/** How a new request meets the plugin. */
export type Admission = { readonly as: "stream"; readonly stream: StreamContext } | Refused;

/** How a new network connection meets the plugin; `reject` closes it. */
export type ConnectionAdmission =
  | { readonly as: "connection"; readonly connection: ConnectionContext }
  | Refused;

/** Who wants to hear what a plugin does, beside its counters. */
export interface Observer {
  call(call: OutgoingCall): void;
  trap(trap: Trap): void;
  /** `nextDeadline` may be sooner than it was: a timer has to be set again. */
  due?(): void;
}

const REJECT = { as: "reject" } as const;
const SKIP = { as: "skip" } as const;
const MILLISECOND = 1_000_000n;

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
  readonly flights = new Flights();
  readonly notices = new Notices();
  readonly dialer: Dialer | null;
  readonly tracer: Tracer | null;
  readonly guards: Guards | null;
  readonly telemetry: Telemetry = createTelemetry();
  /** Told of every call that leaves and every trap, as they happen. */
  observer: Observer | null = null;
  /** The last traps, oldest first. */
  readonly traps: Trap[] = [];
  readonly #loaded: Loaded;
  readonly #backoff: Backoff;
  #started!: Started;
  #retired = false;
  /** The plugin is told of its end. */
  #ending = false;
  /** When it was told, and has asked for time; 0 where it hasn't. */
  #asked = 0n;
  #deleted = false;
  /** Instances before this one whose module has recorded a denial, by function. */
  readonly #deniedBefore = new Map<string, number>();

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
    this.dialer = options.dialer ?? null;
    this.tracer = options.tracer ?? null;
    this.guards = options.guards ?? null;
    this.logLevel = options.logLevel ?? 0;
    this.allowHeadersStop = options.allowHeadersStop ?? false;
    this.namespace = namespaceOf(options, this.semantics);
    const base = options.reloadBackoff ?? (this.semantics === "stock" ? STOCK_BACKOFF : 0);
    const limits = { base, max: options.reloadBackoffMax ?? null };
    const { clock, random } = this.services;
    this.#backoff = new Backoff(limits, () => fraction(random));
    this.#backoff.begin(clock.monotonic());
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

  /** Names of functions whose denial a hardened module has recorded. */
  deniedByModule(): string[] {
    return [...this.deniedInstances().keys()];
  }

  /** The same, each with the number of instances that have recorded it. */
  deniedInstances(): ReadonlyMap<string, number> {
    const all = new Map(this.#deniedBefore);
    for (const name of this.#deniedNow()) bump(all, name);
    return all;
  }

  #deniedNow(): string[] {
    const words = this.#started.vm.gauges?.denied.map((one) =>
      BigInt.asUintN(64, BigInt(one.value)),
    );
    if (words === undefined) return [];
    return hostFunctions
      .filter((_, i) => ((words[Math.floor(i / 64)] ?? 0n) >> BigInt(i % 64)) & 1n)
      .map((row) => row.name);
  }

  /** Streams of the present instance that found no account of their own; 0 for a module that keeps none. */
  get unslotted(): number {
    return Number(this.#started.vm.gauges?.unslotted?.value ?? 0) >>> 0;
  }

  /** Calls in flight by token. */
  get calls(): ReadonlyMap<number, OutgoingCall> {
    return this.flights.calls;
  }

  /** Bytes of everything in flight. */
  get callBytes(): number {
    return this.flights.bytes;
  }

  /**
   * Opens a request. `attributes` are what properties answer for it, `limits` the bytes that may be held back;
   * `filterState` is shared by the plugins of one request, and the stream's own without it.
   */
  open(
    attributes?: Attributes | AttributeSource,
    limits?: StreamLimits,
    filterState?: FilterState,
  ): Admission {
    const refused = this.#refuse();
    if (refused !== null) return refused;
    const { vm, root } = this.#started;
    const stream = new StreamContext(
      vm,
      root,
      vm.allocateContextId(),
      attributes,
      limits,
      filterState,
    );
    vm.contexts.set(stream.id, stream);
    stream.call(vm.http.create, root.id, 0);
    return { as: "stream", stream };
  }

  /** Opens a network connection; the caller then tells it `onNew`. */
  openConnection(attributes?: Attributes | AttributeSource): ConnectionAdmission {
    const refused = this.#refuse();
    if (refused !== null) return refused;
    const { vm, root } = this.#started;
    const connection = new ConnectionContext(vm, root, vm.allocateContextId(), attributes);
    vm.contexts.set(connection.id, connection);
    connection.create();
    return { as: "connection", connection };
  }

  /** Tells a plugin that is an access log of a request that is over; nothing where it can't be told. */
  logRequest(logged: LoggedRequest): void {
    if (this.#refuse() !== null) return;
    const { root } = this.#started;
    root.logged = logged;
    this.#tell("proxy_on_log", root.id, 0, 0, 0);
    root.logged = null;
  }

  /** Null: the plugin takes it. */
  #refuse(): Refused | null {
    this.telemetry.requests++;
    // Ended: nothing of it runs again, and nothing passes unseen.
    if (this.#deleted) return REJECT;
    if (this.#alive()) return null;
    const phase = this.#started.state.at === "running" ? "later" : "load";
    const now = verdict(this.semantics, this.failure, phase);
    if (now.reload) {
      if (this.#backoff.over(this.services.clock.monotonic())) this.reload();
      else this.telemetry.backoffs++;
    }
    if (this.#alive()) return null;
    if (now.request === "skip") {
      this.telemetry.failOpen++;
      return SKIP;
    }
    this.telemetry.failClosed++;
    return REJECT;
  }

  /** A fresh instance from the compiled module, whatever the back-off says. */
  reload(): void {
    this.telemetry.reloads++;
    for (const name of this.#deniedNow()) bump(this.#deniedBefore, name);
    this.#backoff.again(this.services.clock.monotonic());
    this.#giveUpCalls();
    this.#start();
    if (!this.#alive()) this.telemetry.reloadFailures++;
  }

  #giveUpCalls(): void {
    for (const handle of this.flights.clear()) handle.cancel();
  }

  #start(): void {
    this.#started = startInstance(this.#loaded, this);
    this.observer?.due?.();
  }

  #alive(): boolean {
    return this.#started.vm.trap === null && this.#started.state.at === "running";
  }

  verdictTrapping(): Verdict {
    return verdict(this.semantics, this.failure, "trapping");
  }

  verdictInFlight(): Verdict {
    return verdict(this.semantics, this.failure, "in-flight");
  }

  trapped(vm: Vm, trap: Trap): void {
    if (this.#ending) {
      // Nobody waits for it, and it would have been thrown away: no failure of anything that was asked of it.
      this.telemetry.trapsAtEnd++;
      vm.log(LOG_LEVEL.info, `Function: ${trap.callback} failed at the end: ${trap.detail}`);
    } else {
      this.traps.push(trap);
      if (this.traps.length > caps.traps) this.traps.shift();
      this.observer?.trap(trap);
      bump(this.telemetry.traps, trap.reason);
      vm.error(`Function: ${trap.callback} failed: ${trap.detail}`);
    }
    // What the guest asked for before it trapped is not done, and nobody waits for its answers; stock hosts
    // have sent it by then.
    if (this.semantics === "glovebox") {
      vm.effects = [];
      this.#giveUpCalls();
    }
  }

  dispatch(vm: Vm, call: OutgoingCall): boolean {
    if (!this.flights.add(call, this.services.clock.monotonic())) return false;
    if (vm.ask({ kind: "call", call })) return true;
    this.flights.take(call.token);
    return false;
  }

  settle(vm: Vm): void {
    if (vm.trap !== null && !vm.mourned) {
      vm.mourned = true;
      for (const context of vm.contexts.values()) {
        context.stream?.bereave();
        context.connection?.bereave();
      }
    }
    if (vm.effects.length === 0) return;
    for (let effect = vm.effects.shift(); effect !== undefined; effect = vm.effects.shift()) {
      perform(this, effect);
    }
  }

  queueReady(context: number, queue: number): void {
    this.#tell("proxy_on_queue_ready", context, queue, 0, 0);
  }

  queueWaiting(): void {
    this.observer?.due?.();
  }

  /** Calls a callback of the plugin's own context. */
  #tell(name: string, context: number, b: number, c: number, d: number, e = 0): void {
    const { vm, root } = this.#started;
    const entry = vm.entries[name];
    if (entry === undefined || context !== root.id || vm.trap !== null || this.#deleted) return;
    this.notices.enter();
    try {
      vm.run(entry, root, context, b, c, d, e);
      this.settle(vm);
    } finally {
      this.notices.leave();
    }
  }

  /** Delivers time-outs and ticks that are due, and queue notices, at most `caps.callbacksPerPoll`. */
  poll(): void {
    const { root, vm } = this.#started;
    const now = this.services.clock.monotonic();
    for (const token of this.flights.overdue(now)) timeOut(this, token);
    if (root.tickPeriod > 0 && vm.trap === null && now >= root.nextTick) {
      root.nextTick = now + BigInt(root.tickPeriod) * MILLISECOND;
      this.#tell("proxy_on_tick", root.id, 0, 0, 0);
    }
    for (const notice of this.services.queues.takeNotices(caps.callbacksPerPoll)) {
      notice.listener.queueReady(notice.context, notice.queue);
    }
  }

  /** When the next tick is due, in monotonic nanoseconds; null where the plugin has no timer. */
  get nextTick(): bigint | null {
    const { root, vm } = this.#started;
    return root.tickPeriod > 0 && vm.trap === null ? root.nextTick : null;
  }

  /** When `poll` has something to do, in monotonic nanoseconds: now for queues; null for never. */
  nextDeadline(): bigint | null {
    if (this.services.queues.waiting) return this.services.clock.monotonic();
    const call = this.flights.nextDue();
    const tick = this.nextTick;
    if (call === null || tick === null) return call ?? tick;
    return call < tick ? call : tick;
  }

  /** Runs a callback of the plugin's own context with its answer in place. */
  tellRoot(name: string, token: number, c: number, d = 0, e = 0): void {
    this.#tell(name, this.#started.root.id, token, c, d, e);
  }

  get root(): Started["root"] {
    return this.#started.root;
  }

  /** Streams and connections that are open in the present instance. */
  get openContexts(): number {
    return this.#started.vm.contexts.size - (this.#deleted ? 0 : 1);
  }

  /** Whether the plugin has ended: `close` was called, and the plugin has let go. */
  get ended(): boolean {
    return this.#deleted;
  }

  /** Ends the plugin once its last stream is over; the caller opens no more. */
  retire(): void {
    this.#retired = true;
    this.contextGone(this.#started.vm);
  }

  contextGone(vm: Vm): void {
    if (this.#retired && vm === this.#started.vm && this.openContexts === 0) this.close();
  }

  /** Ends the plugin; one that answers false to `proxy_on_done` is deleted when it calls `proxy_done`. */
  close(): void {
    const { vm, root } = this.#started;
    if (this.#deleted || root.closing) return;
    this.notices.enter();
    this.#ending = true;
    const done = vm.entries.proxy_on_done;
    try {
      const finished = done === undefined || vm.trap !== null || vm.run(done, root, root.id) !== 0;
      if (finished || vm.trap !== null) this.delete();
      else {
        root.closing = true;
        this.#asked = this.services.clock.monotonic();
      }
      this.settle(vm);
    } finally {
      this.#ending = false;
      this.notices.leave();
    }
  }

  /** Ends a plugin that has asked for time to end, and hasn't ended within so many milliseconds. */
  giveUp(milliseconds: number): void {
    if (!this.root.closing || this.#deleted) return;
    const waited = this.services.clock.monotonic() - this.#asked;
    if (waited >= BigInt(milliseconds) * MILLISECOND) this.delete();
  }

  /** The plugin is over: nothing of it runs any more. */
  delete(): void {
    const { vm, root } = this.#started;
    if (this.#deleted) return;
    this.#deleted = true;
    this.#ending = true;
    const entry = vm.entries.proxy_on_delete;
    if (entry !== undefined && vm.trap === null) vm.run(entry, root, root.id);
    vm.contexts.delete(root.id);
    root.tickPeriod = 0;
    this.#giveUpCalls();
  }
}

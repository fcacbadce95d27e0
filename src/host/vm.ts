// One instance of one module: its memory, its contexts, whose turn it is, and why it died. All guest code runs
// through `run` or `allocate`; after a trap nothing of the guest runs again. Knows no HTTP.
import type { AbiVersion } from "../spec/host-function-row.ts";
import { LOG_LEVEL, STATUS } from "../spec/status.ts";
import { caps } from "./caps.ts";
import type { Context } from "./context.ts";
import type { Effect } from "./effects.ts";
import type { WasmFunction } from "./engine.ts";
import {
  type Entries,
  type Entry,
  type HttpEntries,
  httpEntries,
  type NetworkEntries,
  networkEntries,
} from "./entries.ts";
import { GuestMemory } from "./memory.ts";
import { MetricIds } from "./metrics.ts";
import type { PluginState } from "./plugin-state.ts";
import { VmTrace } from "./tracer.ts";
import { classify, type Gauges, HostTrap, type Trap, type TrapReason } from "./trap.ts";

/** Which host calls are let through at this moment. */
export const RESTRICTED = { none: 0, start: 1, allocator: 2 } as const;

export class Vm {
  readonly plugin: PluginState;
  readonly abi: AbiVersion;
  readonly memory = new GuestMemory();
  readonly contexts = new Map<number, Context>();
  readonly metricIds: MetricIds;
  /** Asked for by the guest, performed after it has returned. */
  effects: Effect[] = [];
  /** The context that host calls act on: the running one, or the one the guest chose. */
  active!: Context;
  /** The context of the running callback. */
  running!: Context;
  trap: Trap | null = null;
  restricted: number = RESTRICTED.none;
  entries: Entries = {};
  http: HttpEntries = httpEntries({});
  network: NetworkEntries = networkEntries({});
  /** Whether the streams in flight have been told of the trap. */
  mourned = false;
  /** Null where nobody traces the plugin. */
  readonly trace: VmTrace | null;
  /** Fuel that the last callback spent, of a hardened module; 0 after a trap. */
  lastFuel = 0;
  #gauges: Gauges | null = null;
  #allocator: WasmFunction | null = null;
  #doomed: HostTrap | null = null;
  #nextContext = 1;
  #work = 0;

  constructor(plugin: PluginState, abi: AbiVersion) {
    this.plugin = plugin;
    this.abi = abi;
    const { namespace, semantics } = plugin;
    this.metricIds = new MetricIds(plugin.services.metrics, namespace, semantics === "stock");
    this.trace = plugin.tracer === null ? null : new VmTrace(this, plugin.tracer);
  }

  attach(entries: Entries, gauges: Gauges | null): void {
    this.entries = entries;
    this.http = httpEntries(entries);
    this.network = networkEntries(entries);
    this.#gauges = gauges;
    const entry = entries.malloc ?? entries.proxy_on_memory_allocate;
    this.#allocator = entry?.fn ?? null;
  }

  get gauges(): Gauges | null {
    return this.#gauges;
  }

  /** Queues an effect; a callback that asks for too many is not heard any more, and told false. */
  ask(effect: Effect): boolean {
    if (this.effects.length >= caps.effects) return false;
    this.effects.push(effect);
    return true;
  }

  allocateContextId(): number {
    return this.#nextContext++;
  }

  /** Calls an export for a context. After a trap, now or before, the answer is 0 and `trap` is set. */
  run(entry: Entry, context: Context, a = 0, b = 0, c = 0, d = 0, e = 0): number {
    if (this.trap !== null) return 0;
    const outer = this.active;
    this.active = context;
    this.running = context;
    const { fn, stats } = entry;
    stats.calls++;
    this.lastFuel = 0;
    this.#work = 0;
    try {
      const answer = call(fn, entry.arity, a, b, c, d, e);
      this.memory.sync();
      if (this.#doomed !== null) throw this.#doomed;
      if (this.#gauges !== null) {
        const spent = this.#gauges.spent();
        this.lastFuel = spent;
        stats.fuel += spent;
        if (spent > stats.fuelMost) stats.fuelMost = spent;
      }
      return typeof answer === "number" ? answer : 0;
    } catch (error) {
      stats.traps++;
      this.fail(error, entry.name);
      return 0;
    } finally {
      this.active = outer;
      this.running = outer;
    }
  }

  /** Marks the instance as dead. The first reason stays. */
  fail(error: unknown, callback: string): void {
    this.memory.sync();
    if (this.trap !== null) return;
    this.trap = classify(this.#doomed ?? error, callback, this.#gauges);
    this.plugin.trapped(this, this.trap);
  }

  /** Ends the guest from inside a host call, also where the guest would catch what is thrown. */
  abort(reason: TrapReason, detail: string): never {
    this.#doomed ??= new HostTrap(reason, detail);
    throw this.#doomed;
  }

  /**
   * Charges what a host call costs the host beyond the arguments, which the guest's own fuel pays for, in units of
   * about four nanoseconds. Ends a guest that makes the host do too much in one callback: its fuel alone would let
   * it go on for many seconds.
   */
  charge(work: number): void {
    this.#work += work;
    if (this.#work > caps.hostWork) {
      this.abort("fuel", "one callback made the host do more than a callback may");
    }
  }

  /** An address in the guest with room for `size` bytes, from its own allocator; 0 where it has none to give. */
  allocate(size: number): number {
    if (this.#allocator === null) return 0;
    const outer = this.restricted;
    this.restricted = RESTRICTED.allocator;
    let address: number;
    try {
      address = Number(this.#allocator(size)) >>> 0;
    } finally {
      this.restricted = outer;
    }
    this.memory.sync();
    return address !== 0 && this.memory.has(address, size) ? address : 0;
  }

  /** Hands bytes to the guest: allocates, copies, writes address and length. Answers a status. */
  give(data: Uint8Array, addressAt: number, sizeAt: number): number {
    const memory = this.memory;
    if (!memory.has(addressAt, 4) || !memory.has(sizeAt, 4)) return STATUS.invalidMemoryAccess;
    let address = 0;
    if (data.length > 0) {
      this.charge(data.length >>> 3);
      address = this.allocate(data.length);
      if (address === 0) return STATUS.invalidMemoryAccess;
      memory.write(address, data);
    }
    memory.setU32(addressAt, address);
    memory.setU32(sizeAt, data.length);
    return STATUS.ok;
  }

  /** As `give`, for a byte string. */
  giveText(text: string, addressAt: number, sizeAt: number): number {
    const memory = this.memory;
    if (!memory.has(addressAt, 4) || !memory.has(sizeAt, 4)) return STATUS.invalidMemoryAccess;
    let address = 0;
    if (text.length > 0) {
      this.charge(text.length >>> 3);
      address = this.allocate(text.length);
      if (address === 0) return STATUS.invalidMemoryAccess;
      memory.writeLatin1(address, text);
    }
    memory.setU32(addressAt, address);
    memory.setU32(sizeAt, text.length);
    return STATUS.ok;
  }

  log(level: number, text: string): void {
    if (level < this.plugin.logLevel) return;
    this.plugin.services.log.push({ level, text, plugin: this.plugin.identity.name });
  }

  error(text: string): void {
    this.log(LOG_LEVEL.error, text);
  }
}

function call(
  fn: WasmFunction,
  arity: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): number | bigint | undefined {
  switch (arity) {
    case 0:
      return fn();
    case 1:
      return fn(a);
    case 2:
      return fn(a, b);
    case 3:
      return fn(a, b, c);
    default:
      return fn(a, b, c, d, e);
  }
}

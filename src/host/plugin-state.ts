// What of a plugin outlives its instances: who it is, what it may do, its counters. Instances report here.
import type { Dialer } from "./dialer.ts";
import type { OutgoingCall } from "./effects.ts";
import type { CallbackStats } from "./entries.ts";
import type { FailurePolicy, Semantics, Verdict } from "./failure.ts";
import type { Flights } from "./flights.ts";
import type { Guards } from "./guards.ts";
import type { Notices } from "./notices.ts";
import type { PluginIdentity } from "./properties.ts";
import type { HostServices } from "./services.ts";
import type { Tracer } from "./tracer.ts";
import type { Trap, TrapReason } from "./trap.ts";
import type { Vm } from "./vm.ts";

/** A function of the host that `proxy_call_foreign_function` reaches: bytes, or a status. */
export type ForeignFunction = (argument: Uint8Array, vm: Vm) => Uint8Array | number;

export interface Telemetry {
  requests: number;
  /** Requests answered with 503 because the plugin had failed. */
  failClosed: number;
  /** Requests that went on without the plugin because it had failed. */
  failOpen: number;
  reloads: number;
  /** Reloads whose instance did not come up. */
  reloadFailures: number;
  /** Requests that came before the back-off between two reloads was over. */
  backoffs: number;
  /** By reason; without those below. */
  readonly traps: Map<TrapReason, number>;
  /** Traps of the plugin's own `proxy_on_done` and `proxy_on_delete`, when it was no longer needed. */
  trapsAtEnd: number;
  readonly callbacks: Map<string, CallbackStats>;
  /** Denied calls by function, of the host's gate; a hardened module's own stubs are read from its bits. */
  readonly denied: Map<string, number>;
  /** Calls that left, by cluster (HTTP, gRPC) or `dns`. */
  readonly dispatches: Map<string, number>;
}

export function createTelemetry(): Telemetry {
  return {
    requests: 0,
    failClosed: 0,
    failOpen: 0,
    reloads: 0,
    reloadFailures: 0,
    backoffs: 0,
    traps: new Map(),
    trapsAtEnd: 0,
    callbacks: new Map(),
    denied: new Map(),
    dispatches: new Map(),
  };
}

export interface PluginState {
  readonly identity: PluginIdentity;
  readonly services: HostServices;
  readonly semantics: Semantics;
  readonly failure: FailurePolicy;
  readonly capabilities: ReadonlySet<string>;
  /** Clusters that exist; null for any name. */
  readonly clusters: ReadonlySet<string> | null;
  /** Who performs calls; null where their answers are given by hand. */
  readonly dialer: Dialer | null;
  readonly environment: readonly (readonly [string, string])[];
  readonly foreign: Readonly<Record<string, ForeignFunction>>;
  readonly logLevel: number;
  readonly allowHeadersStop: boolean;
  /** Namespace of shared data and queues. */
  readonly namespace: string;
  readonly telemetry: Telemetry;
  /** Null: nobody listens, and instances are linked without it. */
  readonly tracer: Tracer | null;
  /** Rules on the arguments of host calls, by function. */
  readonly guards?: Guards | null;
  readonly flights: Flights;
  readonly notices: Notices;
  /** Puts a call in flight and queues it; false where the plugin has too much in flight already. */
  dispatch(vm: Vm, call: OutgoingCall): boolean;
  /** Performs what the guest of this instance has asked for since the last time. */
  settle(vm: Vm): void;
  /** What a request sees whose own callback has just trapped, or that meets a dead instance. */
  verdictTrapping(): Verdict;
  verdictInFlight(): Verdict;
  /** A stream or connection of this instance is over. */
  contextGone(vm: Vm): void;
  trapped(vm: Vm, trap: Trap): void;
  queueReady(context: number, queue: number): void;
  queueWaiting(): void;
}

/** Adds one to a counter of a map. The caller bounds the keys. */
export function bump<K>(counters: Map<K, number>, key: K): void {
  counters.set(key, (counters.get(key) ?? 0) + 1);
}

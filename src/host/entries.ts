// The exports of an instance that the host calls, each with its own counters. Which exports a host looks up,
// for which ABI version, and which of them a capability list may hide, is the callback table's business.
import { type Callback, callbackSignature, callbacks } from "../spec/callbacks.ts";
import type { AbiVersion } from "../spec/host-function-row.ts";
import { exportedFunction, type Instance, type WasmFunction } from "./engine.ts";

/** Counters of one callback of one plugin, over all its instances. */
export interface CallbackStats {
  readonly name: string;
  calls: number;
  /** Fuel of all calls, of hardened modules; a call that trapped counts nothing. */
  fuel: number;
  fuelMost: number;
  traps: number;
}

export interface Entry {
  readonly name: string;
  readonly fn: WasmFunction;
  readonly arity: number;
  readonly stats: CallbackStats;
}

/** The callbacks of every request, as fields: looking a name up costs more than an empty callback. */
export interface HttpEntries {
  readonly create: Entry | undefined;
  readonly request: DirectionEntries;
  readonly response: DirectionEntries;
  readonly done: Entry | undefined;
  readonly log: Entry | undefined;
  readonly remove: Entry | undefined;
}

export interface DirectionEntries {
  readonly headers: Entry | undefined;
  readonly body: Entry | undefined;
  readonly trailers: Entry | undefined;
}

/** The callbacks of network connections, by what they are told. */
export interface NetworkEntries {
  readonly accept: Entry | undefined;
  readonly downstream: Entry | undefined;
  readonly upstream: Entry | undefined;
  readonly downstreamClose: Entry | undefined;
  readonly upstreamClose: Entry | undefined;
}

export function networkEntries(entries: Entries): NetworkEntries {
  return {
    accept: entries.proxy_on_new_connection,
    downstream: entries.proxy_on_downstream_data,
    upstream: entries.proxy_on_upstream_data,
    downstreamClose: entries.proxy_on_downstream_connection_close,
    upstreamClose: entries.proxy_on_upstream_connection_close,
  };
}

export function httpEntries(entries: Entries): HttpEntries {
  return {
    create: entries.proxy_on_context_create,
    request: {
      headers: entries.proxy_on_request_headers,
      body: entries.proxy_on_request_body,
      trailers: entries.proxy_on_request_trailers,
    },
    response: {
      headers: entries.proxy_on_response_headers,
      body: entries.proxy_on_response_body,
      trailers: entries.proxy_on_response_trailers,
    },
    done: entries.proxy_on_done,
    log: entries.proxy_on_log,
    remove: entries.proxy_on_delete,
  };
}

/** Entries by export name; hidden and missing ones are absent. */
export type Entries = Readonly<Record<string, Entry | undefined>>;

/** Whether a capability list lets a name through: an empty one lets everything through, as stock hosts do. */
export function allowed(capabilities: ReadonlySet<string>, name: string): boolean {
  return capabilities.size === 0 || capabilities.has(name);
}

function statsOf(stats: Map<string, CallbackStats>, name: string): CallbackStats {
  let row = stats.get(name);
  if (row === undefined) {
    row = { name, calls: 0, fuel: 0, fuelMost: 0, traps: 0 };
    stats.set(name, row);
  }
  return row;
}

function isLookedUp(row: Callback, abi: AbiVersion, capabilities: ReadonlySet<string>): boolean {
  if (row.kind === "abi" || !row.abis.includes(abi)) return false;
  return !row.gated || allowed(capabilities, row.name);
}

export function entriesOf(
  instance: Instance,
  abi: AbiVersion,
  capabilities: ReadonlySet<string>,
  stats: Map<string, CallbackStats>,
): Entries {
  const entries: Record<string, Entry> = Object.create(null) as Record<string, Entry>;
  for (const row of callbacks) {
    if (!isLookedUp(row, abi, capabilities)) continue;
    const fn = exportedFunction(instance, row.name);
    if (fn === null) continue;
    const arity = callbackSignature(row, abi).params.length;
    entries[row.name] = { name: row.name, fn, arity, stats: statsOf(stats, row.name) };
  }
  return entries;
}

// The injected names and shapes that a hardened module carries: harden writes them, verify recognises
// them, the host reads them. docs/containment.md says what each is for.
import { I32, I64 } from "./binary.ts";

/** Exports and custom sections that start with this belong to Glovebox; a plugin may not use it. */
export const RESERVED = "glovebox";

/** The instrumentation globals, appended after the guest's in this order, all mutable. */
export const injectedGlobals = [
  { key: "fuel", type: I64, init: 0n, exportName: "glovebox_fuel" },
  { key: "phase", type: I32, init: 0n, exportName: null },
  { key: "stack", type: I32, init: 0n, exportName: "glovebox_stack" },
  { key: "spent", type: I64, init: 0n, exportName: "glovebox_spent" },
  { key: "refused", type: I32, init: 0n, exportName: "glovebox_refused" },
  { key: "denied0", type: I64, init: 0n, exportName: "glovebox_denied0" },
  { key: "denied1", type: I64, init: 0n, exportName: "glovebox_denied1" },
  { key: "denied2", type: I64, init: 0n, exportName: "glovebox_denied2" },
  { key: "used", type: I64, init: 0n, exportName: null },
  { key: "left", type: I64, init: 0n, exportName: null },
  { key: "slot", type: I32, init: 0n, exportName: null },
  { key: "bodied", type: I64, init: 0n, exportName: null },
  { key: "kept", type: I64, init: 0n, exportName: null },
  { key: "queued", type: I64, init: 0n, exportName: null },
  { key: "defined", type: I64, init: 0n, exportName: null },
  { key: "open", type: I32, init: 0n, exportName: null },
  { key: "unslotted", type: I32, init: 0n, exportName: "glovebox_unslotted" },
  { key: "token0", type: I32, init: 0n, exportName: null },
  { key: "token1", type: I32, init: 0n, exportName: null },
  { key: "token2", type: I32, init: 0n, exportName: null },
  { key: "token3", type: I32, init: 0n, exportName: null },
  { key: "token4", type: I32, init: 0n, exportName: null },
  { key: "token5", type: I32, init: 0n, exportName: null },
  { key: "token6", type: I32, init: 0n, exportName: null },
  { key: "token7", type: I32, init: 0n, exportName: null },
  { key: "told", type: I32, init: 0n, exportName: null },
  { key: "calls", type: I64, init: 0n, exportName: null },
  { key: "pages", type: I32, init: 0n, exportName: null },
  { key: "refusedTold", type: I32, init: 0n, exportName: null },
  { key: "unslottedTold", type: I32, init: 0n, exportName: null },
] as const;

export type InjectedGlobal = (typeof injectedGlobals)[number]["key"];

/** Offset of an injected global from the first one. */
export function injectedOffset(key: InjectedGlobal): number {
  return injectedGlobals.findIndex((row) => row.key === key);
}

/** The globals that hold queue tokens, in the order in which they are filled. */
export const tokenGlobals = ["token0", "token1", "token2", "token3", "token4", "token5", "token6", "token7"] as const satisfies readonly InjectedGlobal[];

/** What the global `used` holds: each field's lowest bit, and how many bits it has. */
export const usedFields = {
  /** Bytes that were logged. */
  log: { shift: 0, width: 21 },
  /** Bytes of headers that the host was handed. */
  headers: { shift: 21, width: 21 },
  /** Outbound calls that were made. */
  dispatches: { shift: 42, width: 10 },
} as const;

export type UsedField = keyof typeof usedFields;

/** What `slot` holds while an answer to a plugin's call is delivered and no stream has been named yet. */
export const UNNAMED = -1;

/** The globals of one request slot, after all others, all mutable, initial value 0, never exported. */
export const slotGlobals = [
  { key: "id", type: I32 },
  { key: "left", type: I64 },
  { key: "used", type: I64 },
] as const;

export type SlotGlobal = (typeof slotGlobals)[number]["key"];

/** Offset of a slot's global from the first global of slot 0. */
export function slotOffset(slot: number, key: SlotGlobal): number {
  return slotGlobals.length * slot + slotGlobals.findIndex((row) => row.key === key);
}

/** Neighbouring slots that a stream's id may fall into. */
export const SLOT_PROBES = 4;

/** Phases (rule A6). An import thunk adds 1 before the call and takes it off after. */
export const PHASE = { new: 0, idle: 1, guest: 2, host: 3, alloc: 4, allocHost: 5 } as const;

/**
 * Fuel kept back at entry: for the template that fails (its own instructions and one frame's locals), and for
 * the entry region of an exported function without entry charge.
 */
export const RESERVE = 1024;

/** The most that the entry region of an exported function may cost without an entry charge. */
export const ENTRY_FREE = 512;

/** Units a function without entry charge may leave to its callers, as harden plans it. */
export const HOIST = 640;

/** The most that verify accepts as a function's shortfall (rule A2). */
export const SHORTFALL_MAX = 4096;

/** The most credit a program point may hold (rule A2). */
export const CREDIT_MAX = 2 ** 40;

/** The share of `limits.stack` that recursion may use; the rest covers entry paths and re-entry. */
export const STACK_SHARE = { numerator: 3, denominator: 4 } as const;

/** Any exported function's uncounted path may use at most this share of `limits.stack`. */
export const STACK_ENTRY_SHARE = 8;

/** Address and size, in bytes, of the window in page 0 that the denial log borrows (rule A30). */
export const WINDOW = { address: 16, bytes: 128 } as const;

/** Custom sections that a hardened module may carry, in this order, all after the data section. */
export const keptCustomSections = ["name", "producers", "target_features", "glovebox"] as const;

/** Version of the module format that this file and docs/containment.md describe. */
export const FORMAT = 1;

/** The first words of the line that a denied call logs; the name follows, then the article's alias. */
export const DENIED_PREFIX = "WASM filter capability denied: ";

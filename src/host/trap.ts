// Trap: the value that says why an instance died. The reason is read from the exported state of a hardened
// module where it has one, else from the engine's error. Which words an engine uses is known here only.
import { injectedGlobals } from "../spec/layout.ts";
import {
  exportedGlobal,
  type Instance,
  isEngineTrap,
  isLinkError,
  isStackOverflow,
} from "./engine.ts";
import { gaugeReader } from "./gauge-reader.ts";

export type TrapReason =
  | "fuel" // the budget of the entry is used up
  | "memory" // a growth past the cap was refused by a trap
  | "stack" // the stack budget is used up
  | "spent-instance" // a hardened module was entered again after a trap
  | "unreachable"
  | "oob" // memory, table or segment out of bounds
  | "div" // integer division or conversion without a result
  | "indirect" // indirect call of nothing or of another type
  | "engine-stack" // the engine's own native stack is full
  | "restricted-call" // a host call that is not allowed during start or in the allocator
  | "denied-call" // a denied function that has no status to answer with
  | "process-crash" // stock semantics: the reference host would end its whole process
  | "host"; // anything else thrown while the guest ran: a mistake of the host

export interface Trap {
  readonly reason: TrapReason;
  /** The export that was called, e.g. `proxy_on_request_headers`. */
  readonly callback: string;
  /** The engine's or the host's own words, for people. */
  readonly detail: string;
}

/** Thrown by a host call to end the guest; never leaves the VM. */
export class HostTrap extends Error {
  override readonly name = "HostTrap";
  readonly reason: TrapReason;

  constructor(reason: TrapReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** V8's words for traps; the first match counts. */
const words: readonly (readonly [RegExp, TrapReason])[] = [
  [/unreachable/, "unreachable"],
  [/function signature mismatch|null function|indirect call|dereferencing a null/, "indirect"],
  [/out of bounds|out-of-bounds/, "oob"],
  [/divide|remainder|unrepresentable/, "div"],
];

/** What ended a hardened module, where the engine knows of an `unreachable` only. */
const limits = {
  fuel: "its fuel is used up",
  stack: "its stack is used up",
  memory: "it asked for more memory than its cap",
} as const;

/** The exported globals of a hardened module, by the key that layout.ts gives them. */
export interface Gauges {
  readonly fuel: { readonly value: number | bigint };
  readonly stack: { readonly value: number | bigint };
  /** Of the last callback; read after each. */
  readonly spent: () => number;
  readonly refused: { readonly value: number | bigint };
  readonly denied: readonly { readonly value: number | bigint }[];
  /** Streams that found no account of their own. */
  readonly unslotted: { readonly value: number | bigint } | null;
}

/** Null for a module that was not hardened. */
export function gaugesOf(instance: Instance): Gauges | null {
  const found = new Map(
    injectedGlobals.map((row) => [
      row.key,
      row.exportName === null ? null : exportedGlobal(instance, row.exportName),
    ]),
  );
  const [fuel, stack, spent, refused] = [
    found.get("fuel"),
    found.get("stack"),
    found.get("spent"),
    found.get("refused"),
  ];
  const denied = (["denied0", "denied1", "denied2"] as const).map((key) => found.get(key));
  if (!fuel || !stack || !spent || !refused || !denied.every((one) => !!one)) return null;
  try {
    const unslotted = found.get("unslotted") ?? null;
    return { fuel, stack, spent: gaugeReader(spent), refused, denied, unslotted };
  } catch (error) {
    // The names are the layout's, the type is not: some module of another's making.
    if (isLinkError(error)) return null;
    throw error;
  }
}

/**
 * What ended a call. `entered` says whether the guest's own code was reached: a hardened module that trapped
 * before traps at its entry, with the state of the first trap still in its globals.
 */
export function classify(error: unknown, callback: string, gauges: Gauges | null): Trap {
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof HostTrap) return { reason: error.reason, callback, detail };
  if (isStackOverflow(error)) return { reason: "engine-stack", callback, detail };
  if (!isEngineTrap(error)) return { reason: "host", callback, detail };
  const reason = words.find(([pattern]) => pattern.test(detail))?.[1] ?? "unreachable";
  if (gauges !== null && reason === "unreachable") {
    const limit =
      Number(gauges.fuel.value) < 0
        ? "fuel"
        : Number(gauges.stack.value) < 0
          ? "stack"
          : Number(gauges.refused.value) > 0
            ? "memory"
            : null;
    if (limit !== null) return { reason: limit, callback, detail: limits[limit] };
  }
  return { reason, callback, detail };
}

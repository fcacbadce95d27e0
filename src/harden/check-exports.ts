// Pass: exports. Finds the ABI version, refuses wrong signatures and reserved names, drops what the policy
// leaves out, and says which wrapper each remaining function export gets (rules A7, A27, A34, A35).
import { fail } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { I32 } from "../spec/binary.ts";
import { abiOfMarker, callback, callbackSignature, callbacks } from "../spec/callbacks.ts";
import type { AbiVersion } from "../spec/host-function-row.ts";
import { RESERVED } from "../spec/layout.ts";
import { type Export, type FuncType, type Module, placeOf } from "../wasm/module.ts";
import { typeText } from "../wasm/type-text.ts";
import { type EntryKind, settleCallback, slotCallbacks } from "./bodies/entries.ts";

export interface EntryExport {
  readonly name: string;
  /** Function index, or null where the export is synthesised. */
  readonly func: number | null;
  readonly kind: EntryKind;
  /** Parameter types of a synthesised export. */
  readonly params: readonly number[];
}

/** The ABI version of a module's first marker export. Throws `harden-abi-missing`. */
export function abiOf(module: Module): AbiVersion {
  for (const entry of module.exports) {
    const abi = abiOfMarker(entry.name);
    if (abi !== undefined && entry.kind === "func") return abi;
  }
  const expected = callbacks.filter((row) => row.kind === "abi").at(-1)!.name;
  return fail("harden-abi-missing", { expected }, placeOf(module, "export"));
}

/** Names of the exports that a start section makes impossible to keep (rule A27). */
const AFTER_INITIALIZE: ReadonlySet<string> = new Set(["main", "__main_void"]);

function checkSignature(module: Module, entry: Export, type: FuncType, abi: AbiVersion): void {
  const row = callback(entry.name);
  if (row === undefined) return;
  const { params, result } = callbackSignature(row, abi);
  const right =
    type.params.length === params.length &&
    type.params.every((one) => one === I32) &&
    type.results.length === (result === null ? 0 : 1) &&
    type.results.every((one) => one === I32);
  if (right) return;
  const expected = typeText({
    params: params.map(() => I32),
    results: result === null ? [] : [I32],
  });
  const args = { name: entry.name, found: typeText(type), abi, expected };
  fail("harden-export-signature", args, placeOf(module, "export"));
}

function isKept(name: string, policy: Policy): boolean {
  const row = callback(name);
  if (row === undefined || policy.callbacks === "all") return true;
  const decided = row.gated || row.kind === "callback";
  if (!decided || policy.callbacks.has(name)) return true;
  if (policy.security && row.requestPath) {
    fail("harden-callback-missing", { name, role: policy.role ?? "security" });
  }
  return false;
}

/**
 * The function exports that the hardened module will have, in order. `typeOf` gives a function's type.
 * `calls`: the module makes HTTP calls. Throws when memory is not exported once as `memory`, or an export cannot
 * stay as it is.
 */
export function checkExports(
  module: Module,
  policy: Policy,
  abi: AbiVersion,
  typeOf: (func: number) => FuncType,
  calls: boolean,
): readonly EntryExport[] {
  const memory = module.exports.find((entry) => entry.name === "memory");
  if (module.memories.length !== 1 || memory?.kind !== "memory") {
    const exported =
      memory?.kind === "memory" ? "exports it as `memory`" : "exports none as `memory`";
    const section = module.memories.length === 1 ? "export" : "memory";
    fail(
      "harden-memory-none",
      { found: module.memories.length, exported },
      placeOf(module, section),
    );
  }
  const names = new Set(module.exports.map((entry) => entry.name));
  const bare = module.start !== null && !names.has("_initialize") && !names.has("_start");
  const kept: EntryExport[] = [];
  for (const entry of module.exports) {
    if (entry.name.startsWith(RESERVED)) {
      fail("harden-reserved", { name: entry.name }, placeOf(module, "export"));
    }
    if (entry.kind !== "func") continue;
    checkSignature(module, entry, typeOf(entry.index), abi);
    if (!isKept(entry.name, policy) || (bare && AFTER_INITIALIZE.has(entry.name))) continue;
    const kind = callback(entry.name)?.kind ?? "callback";
    const entered = kind === "abi" ? "callback" : kind;
    kept.push({ name: entry.name, func: entry.index, kind: entered, params: [] });
  }
  if (bare) kept.push({ name: "_initialize", func: null, kind: "bare", params: [] });
  const { fuel, dispatch } = policy.limits;
  const needed = [
    ...(fuel.request === null ? [] : slotCallbacks),
    ...(calls && dispatch.outstanding !== null ? [settleCallback] : []),
  ];
  const missing = needed.filter(({ name }) => kept.every((entry) => entry.name !== name));
  return [...kept, ...missing.map((one) => ({ ...one, func: null }))];
}

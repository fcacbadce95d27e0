// What each generated function of a hardened module is, told by its place and its shape: the order of functions is
// that of docs/containment.md and docs/guards.md; nothing is asked of harden or verify.
import type { Policy } from "../../src/policy/policy.ts";
import { I32, I64 } from "../../src/spec/binary.ts";
import { callback } from "../../src/spec/callbacks.ts";
import { EFFECTIVE_CONTEXT } from "../../src/spec/guards.ts";
import { hostFunctions } from "../../src/spec/host-functions.ts";
import { injectedGlobals, injectedOffset, slotGlobals } from "../../src/spec/layout.ts";
import { type FuncType, funcImports, type Module, typeKey } from "../../src/wasm/module.ts";
import { type Body, readBody } from "./body.ts";

export const slotKinds = [
  "slotId",
  "slotOwn",
  "slotLoad",
  "slotStore",
  "find",
  "take",
  "begin",
  "finish",
  "release",
] as const;

/** With telemetry, right before `enter`. */
export const telemetryKinds = ["define", "tell", "report", "exhausted", "refuse"] as const;

/** Slot functions that a module may have or not, in their order, behind the others. */
export const moreSlotKinds = ["spentOut", "adopt"] as const;

/** Index of the first injected global. */
export function injectedAt(module: Module, { limits, telemetry }: Policy): number {
  const slots = limits.fuel.request === null ? 0 : limits.streams;
  // Slots end with an i64, and what metrics have behind them are all i32.
  const last = module.globals.findLastIndex(({ type }) => type !== I32);
  const metrics = telemetry ? module.globals.length - 1 - last : 0;
  return module.globals.length - metrics - injectedGlobals.length - slotGlobals.length * slots;
}

/** The number of the host function that a stub stands for; -1 of what is no stub. */
function deniedRow({ code }: Body, denied: number, counts: boolean): number {
  const [first, second] = counts ? code.slice(4) : code;
  const word = (first?.name === "global.get" ? first.a : -1) - denied;
  if (word < 0 || word > 2 || second?.name !== "i64.const") return -1;
  const bits = BigInt.asUintN(64, second.value).toString(2);
  return 64 * word + bits.length - 1;
}

function guardKind(body: Body, type: FuncType): string {
  const has = (name: string): boolean => body.code.some((one) => one.name === name);
  const key = typeKey(type);
  const last = body.code.at(-2);
  if (key === typeKey({ params: [I64], results: [] })) return "pay";
  if (type.params[0] === I64) return "spender";
  if (type.results[0] === I64) return "vectors";
  if (body.locals.length === 7) return "pairs";
  if (has("loop")) return "segments";
  if (has("memory.size")) return "inside";
  if (last?.name === "i32.const" && last.value === -1n) return "check";
  if (last?.name === "i32.and" && !has("if")) return "overlap";
  if (type.results.length === 0) return "keepToken";
  return type.params.length === 1 ? "hasToken" : "matcher";
}

function helperKind(body: Body, type: FuncType, policy: Policy, denied: number): string {
  const has = (name: string): boolean => body.code.some((one) => one.name === name);
  const row = deniedRow(body, denied, policy.telemetry);
  if (row >= 0) return policy.allow.has(hostFunctions[row]!.name) ? "guard's stub" : "stub";
  if (has("memory.grow")) return "grow";
  if (has("memory.init")) return "deny";
  const isBulk = type.params.length === 1 && type.results.length === 1 && has("i64.lt_s");
  if (isBulk) return has("i64.shr_u") ? "bulkBytes" : "bulkElems";
  return guardKind(body, type);
}

/** Kinds from the first thunk to the last wrapper. */
export function kindsOf(
  module: Module,
  policy: Policy,
  typeOf: (func: number) => FuncType,
): readonly string[] {
  const imports = funcImports(module).length;
  const exported = module.exports.filter(({ kind }) => kind === "func");
  const wrappers = exported.map(({ name }) => `wrapper ${callback(name)?.kind ?? "callback"}`);
  const adopts = module.imports.some(({ name }) => name === EFFECTIVE_CONTEXT);
  const lands = policy.onExhaustion !== "trap";
  const more = moreSlotKinds.filter((kind) => (kind === "adopt" ? adopts : lands));
  const slots: readonly string[] =
    policy.limits.fuel.request === null ? [] : [...slotKinds, ...more];
  const telling: readonly string[] = policy.telemetry ? telemetryKinds : [];
  const { bodies } = module;
  const bodyAt = (func: number): Body =>
    readBody(bodies.code.subarray(bodies.start[func - imports]!, bodies.end[func - imports]!));
  const denied = injectedAt(module, policy) + injectedOffset("denied0");
  const end =
    (exported[0]?.index ?? imports + module.funcs.length) - 1 - slots.length - telling.length;
  const kinds = new Array<string>(imports).fill("thunk");
  for (let func = 2 * imports; func < end; func++)
    kinds.push(helperKind(bodyAt(func), typeOf(func), policy, denied));
  return [...kinds, ...slots, ...telling, "enter", ...wrappers];
}

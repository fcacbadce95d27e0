// Everything that the findings and the least policy are drawn from, gathered once: the module, its checks
// against the tables, and the walks over its calls.
import { ERRNO } from "../spec/status.ts";
import type { Limits, Module } from "../wasm/module.ts";
import { type Abi, abiOf, entries } from "./exports.ts";
import { type CheckedImport, checkImports } from "./imports.ts";
import { anyReach, directReach } from "./reach.ts";
import { type CodeSurvey, surveyCode } from "./survey.ts";

export interface Facts {
  readonly module: Module;
  readonly survey: CodeSurvey;
  readonly abi: Abi;
  readonly imports: readonly CheckedImport[];
  /** Functions that hosts' calls and the start section lead to, by direct calls and by any. */
  readonly direct: Uint8Array;
  readonly any: Uint8Array;
}

/** Function index of an export, if it is one. */
export function exportedFunc(module: Module, name: string): number | undefined {
  return module.exports.find((one) => one.kind === "func" && one.name === name)?.index;
}

/** Names of the imported functions among those that a walk has seen. */
export function callsIn(facts: Facts, seen: Uint8Array): readonly CheckedImport[] {
  return facts.imports.filter((one) => one.func !== null && seen[one.func] === 1);
}

/** The host answers one number and does nothing else: no memory, no context, no log. */
function isInert({ row }: CheckedImport): boolean {
  if (row === undefined) return true;
  return row.module === "env"
    ? row.group === "runtime"
    : row.denied !== ERRNO.notcapable && row.denied !== "trap";
}

/** Whether the call needs the plugin's memory or its context, neither of which exists in a start section. */
export function needsInstance(one: CheckedImport): boolean {
  return !isInert(one);
}

/** Whether the host reads or writes the plugin's memory in this call. */
export function touchesMemory(one: CheckedImport): boolean {
  return !isInert(one) && (one.row?.params.some((param) => param.role !== "int") ?? false);
}

/** The memory, defined or imported. */
export function memoryLimits(module: Module): Limits | undefined {
  const made = module.imports.map((one) => one.desc).find((one) => one.kind === "memory");
  return module.memories[0] ?? (made?.kind === "memory" ? made.limits : undefined);
}

/** Walks the module once. Throws the codec's failures for code that is not well formed. */
export function gatherFacts(module: Module): Facts {
  const survey = surveyCode(module);
  const abi = abiOf(module);
  const roots = entries(module, abi.version).map((one) => one.index);
  if (module.start !== null) roots.push(module.start);
  return {
    module,
    survey,
    abi,
    imports: checkImports(module, abi.version),
    direct: directReach(survey, roots),
    any: anyReach(survey, roots),
  };
}

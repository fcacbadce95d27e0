// What a module imports, against the table of host functions: known or not, what it may do, and whether a
// host's calls lead to it. An import that stands twice (Go does that) is one row.

import { articleName } from "../spec/aliases.ts";
import { I32, I64 } from "../spec/binary.ts";
import { wasiSince, wasiSteps } from "../spec/envoy-versions.ts";
import type { AbiVersion, HostFunction } from "../spec/host-function-row.ts";
import { hostFunction, hostFunctionIndex } from "../spec/host-functions.ts";
import { denialTraps } from "../spec/sdk-signs.ts";
import { type FuncType, type Import, type Module, typeKey } from "../wasm/module.ts";
import { type Reach, reachOf } from "./reach.ts";
import type { ImportReport, SdkReport } from "./report.ts";

const order: readonly Reach[] = ["unused", "indirect", "reachable"];

/** The type that hosts give a function. */
export function hostType(row: HostFunction): FuncType {
  return {
    params: row.params.map((param) => (param.type === "i64" ? I64 : I32)),
    results: row.result === null ? [] : [I32],
  };
}

export interface CheckedImport {
  readonly entry: Import;
  /** Function index; null where it is no function. */
  readonly func: number | null;
  /** The host function of that name, whatever its type. */
  readonly row: HostFunction | undefined;
  readonly problem: "kind" | "made" | "unknown" | "abi" | "type" | null;
}

function problemOf(
  entry: Import,
  row: HostFunction | undefined,
  module: Module,
  abi: AbiVersion | null,
): CheckedImport["problem"] {
  if (entry.desc.kind === "global") return "kind";
  // The reference host makes a memory or table of that shape, whatever it is called.
  if (entry.desc.kind !== "func") return "made";
  if (row === undefined) return "unknown";
  if (abi !== null && !row.abis.includes(abi)) return "abi";
  return typeKey(module.types[entry.desc.type]!) === typeKey(hostType(row)) ? null : "type";
}

/** Whether a stock host can't link it. */
export function isRefused({ problem }: CheckedImport): boolean {
  return problem !== null && problem !== "made";
}

/** Every import in the module's order, each with what keeps a host from linking it. */
export function checkImports(module: Module, abi: AbiVersion | null): readonly CheckedImport[] {
  let funcs = 0;
  return module.imports.map((entry) => {
    const isFunc = entry.desc.kind === "func";
    const row = isFunc ? hostFunction(entry.module, entry.name) : undefined;
    const func = isFunc ? funcs++ : null;
    return { entry, func, row, problem: problemOf(entry, row, module, abi) };
  });
}

/** First minor release whose host has the function; null where none has. */
function sinceOf(row: HostFunction): string | null {
  if (row.module === "env") return wasiSteps[0]!.since;
  return wasiSince(row.name)?.since ?? null;
}

function report(one: CheckedImport, reach: Reach, sdk: SdkReport["id"]): ImportReport {
  const { entry, row, problem } = one;
  const known = problem === null;
  return {
    module: entry.module,
    name: entry.name,
    capability: row?.gated ? row.name : null,
    known,
    group: row?.group ?? null,
    alias: articleName(entry.name) ?? null,
    risk: row?.risk ?? null,
    why: row?.why ?? null,
    reach,
    since: known && row !== undefined ? sinceOf(row) : null,
    denialTraps: denialTraps(sdk, entry.name),
  };
}

/** One row a name, in the order of the host-function table, unknown ones last. */
export function importReports(
  checked: readonly CheckedImport[],
  direct: Uint8Array,
  any: Uint8Array,
  sdk: SdkReport["id"],
): readonly ImportReport[] {
  const rows = new Map<string, { report: ImportReport; place: number }>();
  for (const one of checked) {
    const reach = one.func === null ? "reachable" : reachOf(one.func, direct, any);
    const key = JSON.stringify([one.entry.module, one.entry.name]);
    const before = rows.get(key)?.report;
    const place = one.row === undefined ? Number.POSITIVE_INFINITY : hostFunctionIndex(one.row);
    if (before === undefined) rows.set(key, { report: report(one, reach, sdk), place });
    else {
      const better = order.indexOf(reach) > order.indexOf(before.reach) ? reach : before.reach;
      const known = before.known && one.problem === null;
      rows.set(key, { report: { ...before, reach: better, known }, place });
    }
  }
  return [...rows.values()].sort((a, b) => compare(a.place, b.place)).map((one) => one.report);
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

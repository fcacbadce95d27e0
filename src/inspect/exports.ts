// What a module exports, against the table of callbacks: the ABI version that it announces, what hosts of that
// version would call, and what nobody looks up.

import { I32 } from "../spec/binary.ts";
import { abiOfMarker, type Callback, callback, callbackSignature } from "../spec/callbacks.ts";
import type { AbiVersion } from "../spec/host-function-row.ts";
import type { Export, Module } from "../wasm/module.ts";
import { type FuncType, typeKey } from "../wasm/module.ts";
import type { CallbackReport } from "./report.ts";

/** What the names of all markers begin with, those of unknown versions too. */
const MARKER = "proxy_abi_version_";

export interface Abi {
  readonly version: AbiVersion | null;
  /** Name of the marker that counts; null where there is none at all. */
  readonly marker: string | null;
  /** Further known markers, which hosts ignore. */
  readonly ignored: readonly string[];
}

/** The first marker in the order of exports decides, as in stock hosts. */
export function abiOf(module: Module): Abi {
  const markers = module.exports.filter(
    (one) => one.kind === "func" && one.name.startsWith(MARKER),
  );
  const known = markers.filter((one) => abiOfMarker(one.name) !== undefined);
  const first = known[0];
  if (first === undefined) return { version: null, marker: markers[0]?.name ?? null, ignored: [] };
  const ignored = known.slice(1).map((one) => one.name);
  return { version: abiOfMarker(first.name)!, marker: first.name, ignored };
}

/** Whether hosts of this version (null: of any) call an export of this row. */
export function isCalled(row: Callback, abi: AbiVersion | null): boolean {
  return row.kind !== "abi" && (abi === null || row.abis.includes(abi));
}

/** The function exports that hosts call: where reachability begins. */
export function entries(module: Module, abi: AbiVersion | null): readonly Export[] {
  return module.exports.filter((one) => {
    const row = one.kind === "func" ? callback(one.name) : undefined;
    return row !== undefined && isCalled(row, abi);
  });
}

/** The type that hosts of this version demand of an export. */
export function callbackType(row: Callback, abi: AbiVersion): FuncType {
  const { params, result } = callbackSignature(row, abi);
  return { params: params.map(() => I32), results: result === null ? [] : [I32] };
}

/** Whether an export has the type that hosts demand. */
export function hasType(row: Callback, abi: AbiVersion, type: FuncType): boolean {
  return typeKey(callbackType(row, abi)) === typeKey(type);
}

/** Exports that hosts look up as callbacks, in the module's order: markers, start and allocators are not. */
export function callbackReports(module: Module, abi: AbiVersion | null): readonly CallbackReport[] {
  return module.exports.flatMap((one) => {
    const row = one.kind === "func" ? callback(one.name) : undefined;
    if (row === undefined || row.kind === "abi" || row.kind === "allocator") return [];
    if (!row.gated && row.kind === "start") return [];
    const { name, phase, requestPath } = row;
    return [{ name, phase, called: isCalled(row, abi), requestPath }];
  });
}

/** Names that nobody looks up; memories, tables and globals are not among them. */
export function otherExports(module: Module): readonly string[] {
  return module.exports
    .filter((one) => one.kind === "func" && callback(one.name) === undefined)
    .map((one) => one.name)
    .filter((name) => !name.startsWith(MARKER));
}

/** The start functions that hosts call, in the order in which they do. */
export function startFunctions(module: Module): readonly string[] {
  const exported = (name: string) =>
    module.exports.some((one) => one.kind === "func" && one.name === name);
  const [initialize, main, mainVoid, start] = [
    "_initialize",
    "main",
    "__main_void",
    "_start",
  ] as const;
  if (!exported(initialize)) return exported(start) ? [start] : [];
  if (exported(main)) return [initialize, main];
  return exported(mainVoid) ? [initialize, mainVoid] : [initialize];
}

/** The allocator that hosts take: malloc where there are both. */
export function allocatorOf(module: Module): string | null {
  const rows = module.exports.filter(
    (one) => one.kind === "func" && callback(one.name)?.kind === "allocator",
  );
  return rows.find((one) => one.name === "malloc")?.name ?? rows[0]?.name ?? null;
}

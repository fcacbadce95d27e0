// What a host demands of a module before it runs: an ABI marker that it knows, imports that hosts of that ABI
// have, with their types, exports with the types that it will call, and an allocator. Everything here throws a
// Failure blamed on the input; nothing runs.
import { fail } from "../errors/failure.ts";
import { F32, F64, I32, I64 } from "../spec/binary.ts";
import { abiOfMarker, callbackSignature, callbacks } from "../spec/callbacks.ts";
import type { AbiVersion } from "../spec/host-function-row.ts";
import { type FuncType, funcImports, funcTypeIndex, type Module } from "../wasm/module.ts";
import { importRow } from "./import-row.ts";

const names: Readonly<Record<number, string>> = {
  [I32]: "i32",
  [I64]: "i64",
  [F32]: "f32",
  [F64]: "f64",
};

function show(params: readonly string[], results: readonly string[]): string {
  return `${params.join(" ")} -> ${results.join(" ")}`.trim();
}

function shape(type: FuncType): string {
  const text = (list: readonly number[]): string[] =>
    list.map((one) => names[one] ?? `0x${one.toString(16)}`);
  return show(text(type.params), text(type.results));
}

/** The version of the first marker in the order of exports. */
function abiOf(module: Module): AbiVersion {
  for (const entry of module.exports) {
    const abi = entry.kind === "func" ? abiOfMarker(entry.name) : undefined;
    if (abi !== undefined) return abi;
  }
  return fail("host-no-abi");
}

function checkImports(module: Module, abi: AbiVersion): void {
  for (const entry of module.imports) {
    const row = importRow(entry, abi);
    const expected = show(
      row.params.map((param) => param.type),
      row.result === null ? [] : [row.result],
    );
    const found = entry.desc.kind === "func" ? shape(module.types[entry.desc.type]!) : "";
    if (found !== expected) {
      const where = { at: "bytes", section: "import", offset: entry.offset } as const;
      fail("host-import-type", { name: `${entry.module}.${entry.name}`, found, expected }, where);
    }
  }
}

function checkExports(module: Module, abi: AbiVersion): void {
  const imported = funcImports(module);
  const exported = new Map(module.exports.map((entry) => [entry.name, entry]));
  for (const row of callbacks) {
    const entry = exported.get(row.name);
    if (entry?.kind !== "func" || row.kind === "abi" || !row.abis.includes(abi)) continue;
    const { params, result } = callbackSignature(row, abi);
    const expected = show(
      params.map(() => "i32"),
      result === null ? [] : [result],
    );
    const found = shape(module.types[funcTypeIndex(module, imported, entry.index)]!);
    if (found !== expected) fail("host-export-type", { name: row.name, abi, found, expected });
  }
  const allocators = callbacks.filter((row) => row.kind === "allocator");
  if (!allocators.some((row) => exported.get(row.name)?.kind === "func")) fail("host-no-allocator");
}

/** Checks the module and answers the ABI version that decides what it is given. */
export function checkModule(module: Module): AbiVersion {
  const abi = abiOf(module);
  checkImports(module, abi);
  checkExports(module, abi);
  return abi;
}

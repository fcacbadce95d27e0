// Pass: imports. Every import must be a host function with the table's signature for this ABI version; the
// policy then says which ones stay behind a thunk and which ones become stubs (rules A3, A4).
import { fail } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import type { AbiVersion, HostFunction } from "../spec/host-function-row.ts";
import { hostFunction } from "../spec/host-functions.ts";
import { RESERVED } from "../spec/layout.ts";
import { type Import, type Module, typeKey } from "../wasm/module.ts";
import { typeText } from "../wasm/type-text.ts";
import { paramTypes, resultTypes } from "./bodies/thunk.ts";

export interface HostImport {
  readonly module: string;
  readonly row: HostFunction;
  readonly allowed: boolean;
}

function checkImport(entry: Import, module: Module, abi: AbiVersion): HostFunction {
  const name = `${entry.module}.${entry.name}`;
  const where = { at: "bytes", offset: entry.offset, section: "import" } as const;
  if (entry.module.startsWith(RESERVED)) fail("harden-reserved", { name }, where);
  if (entry.desc.kind !== "func") {
    fail("harden-import-kind", { kind: entry.desc.kind, name }, where);
  }
  const row = hostFunction(entry.module, entry.name);
  if (row === undefined) fail("harden-import-unknown", { name }, where);
  if (!row.abis.includes(abi)) fail("harden-import-abi", { name, abi }, where);
  const type = module.types[entry.desc.type]!;
  const expected = { params: paramTypes(row), results: resultTypes(row) };
  if (typeKey(type) !== typeKey(expected)) {
    const args = { name, found: typeText(type), expected: typeText(expected) };
    fail("harden-import-signature", args, where);
  }
  return row;
}

/** One entry per import, in import order. Throws on an import that no host provides so. */
export function checkImports(
  module: Module,
  policy: Policy,
  abi: AbiVersion,
): readonly HostImport[] {
  return module.imports.map((entry) => {
    const row = checkImport(entry, module, abi);
    return { module: entry.module, row, allowed: policy.allow.has(row.name) };
  });
}

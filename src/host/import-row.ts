// What stands behind an import of a module: a row of the table of host functions, or a Failure. It knows no host call:
// whoever only judges modules doesn't load them.
import { fail } from "../errors/failure.ts";
import type { AbiVersion, HostFunction } from "../spec/host-function-row.ts";
import { hostFunction } from "../spec/host-functions.ts";
import type { Import } from "../wasm/module.ts";

/** The row behind an import, or a Failure that says why no host of this ABI has it. */
export function importRow(entry: Import, abi: AbiVersion): HostFunction {
  const name = `${entry.module}.${entry.name}`;
  const where = { at: "bytes", section: "import", offset: entry.offset } as const;
  if (entry.desc.kind !== "func") fail("host-import-kind", { name, kind: entry.desc.kind }, where);
  const row = hostFunction(entry.module, entry.name);
  if (row === undefined || !row.abis.includes(abi))
    fail("host-missing-import", { name, abi }, where);
  return row;
}

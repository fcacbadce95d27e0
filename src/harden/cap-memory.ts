// Pass: memory and table caps. The declared maximum is what every engine enforces; memory.grow goes through
// a helper besides, so that passing the cap can trap.
import { fail } from "../errors/failure.ts";
import { PAGE } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import { type Limits, type Module, placeOf } from "../wasm/module.ts";

/** The capped memory. Throws `harden-memory-min` when the plugin cannot start under the cap. */
export function capMemory(module: Module, cap: number): Limits {
  const memory = module.memories[0]!;
  if (memory.min > cap) {
    const need = `${(memory.min * PAGE) / 1024}KiB`;
    fail("harden-memory-min", { found: memory.min, cap, need }, placeOf(module, "memory"));
  }
  return { min: memory.min, max: Math.min(memory.max ?? cap, cap) };
}

/** Tables with maxima whose sum stays within the limit; a table that nobody grows stays as small as it is. */
export function capTables(module: Module, grown: ReadonlySet<number>): readonly Limits[] {
  const { tables } = module;
  const needed = tables.reduce((sum, table) => sum + table.min, 0);
  const limit = limits.tableEntries;
  if (needed > limit) fail("harden-tables", { found: needed, limit }, placeOf(module, "table"));
  let room = limit - needed;
  return tables.map((table, i) => {
    if (!grown.has(i)) return { min: table.min, max: table.min };
    const more = Math.min((table.max ?? limit) - table.min, room);
    room -= more;
    return { min: table.min, max: table.min + more };
  });
}

// Instructions on memories, tables and segments as a whole. `units` is what an operation moves, by the cost
// table: bytes by its bulkShift, entries by its elemShift; it counts only where the operation is carried out.
import { PAGE } from "../../src/spec/binary.ts";
import type { Instruction } from "./body.ts";
import type { Machine } from "./machine.ts";
import { trap, type Value } from "./value.ts";

interface Done {
  readonly value?: Value;
  readonly units: number;
}

const NOTHING: Done = { units: 0 };

function bytesIn(m: Machine, at: number, count: number): void {
  if (at + count > m.memory.length) trap("memory");
}

function entriesIn(table: readonly unknown[], at: number, count: number): void {
  if (at + count > table.length) trap("table");
}

function memoryInit(m: Machine, segment: number, to: number, from: number, count: number): void {
  const data = m.datas[segment]!;
  if ((from >>> 0) + (count >>> 0) > data.length) trap("memory");
  bytesIn(m, to >>> 0, count >>> 0);
  m.memory.set(data.subarray(from >>> 0, (from >>> 0) + (count >>> 0)), to >>> 0);
}

function tableInit(
  m: Machine,
  segment: number,
  table: number,
  to: number,
  from: number,
  count: number,
): void {
  const elem = m.elems[segment]!;
  const into = m.tables[table]!;
  entriesIn(elem, from >>> 0, count >>> 0);
  entriesIn(into, to >>> 0, count >>> 0);
  for (let i = 0; i < count >>> 0; i++) into[(to >>> 0) + i] = elem[(from >>> 0) + i]!;
}

function memoryGrow(m: Machine, pages: number): number {
  const before = m.memory.length / PAGE;
  if (before + pages > m.memoryMax) return -1;
  const grown = new Uint8Array((before + pages) * PAGE);
  grown.set(m.memory);
  m.memory = grown;
  m.view = new DataView(grown.buffer);
  return before;
}

function tableGrow(m: Machine, table: number, fill: Value, count: number): number {
  const entries = m.tables[table]!;
  const before = entries.length;
  if (before + count > m.tableMax[table]!) return -1;
  for (let i = 0; i < count; i++) entries.push(fill as number | null);
  return before;
}

/** Carries one out. Operands are in the order of the specification. */
function run(m: Machine, at: Instruction, operands: readonly Value[]): Done {
  const [a = 0, b = 0, c = 0] = operands.map((value) =>
    typeof value === "number" ? value >>> 0 : 0,
  );
  const bytes = (count: number): Done => ({ units: Math.floor(count / 2 ** m.costs.bulkShift) });
  const entries = (count: number): Done => ({ units: count * 2 ** m.costs.elemShift });
  switch (at.name) {
    case "memory.size":
      return { value: m.memory.length / PAGE, units: 0 };
    case "memory.grow":
      return { value: memoryGrow(m, a), units: 0 };
    case "memory.init":
      memoryInit(m, at.a, a, b, c);
      return bytes(c);
    case "memory.copy":
      bytesIn(m, a, c);
      bytesIn(m, b, c);
      m.memory.copyWithin(a, b, b + c);
      return bytes(c);
    case "memory.fill":
      bytesIn(m, a, c);
      m.memory.fill(b & 255, a, a + c);
      return bytes(c);
    case "data.drop":
      m.datas[at.a] = new Uint8Array();
      return NOTHING;
    case "elem.drop":
      m.elems[at.a] = [];
      return NOTHING;
    case "table.init":
      tableInit(m, at.a, at.b, a, b, c);
      return entries(c);
    case "table.copy": {
      const [to, from] = [m.tables[at.a]!, m.tables[at.b]!];
      entriesIn(from, b, c);
      entriesIn(to, a, c);
      from.slice(b, b + c).forEach((entry, i) => {
        to[a + i] = entry;
      });
      return entries(c);
    }
    case "table.get":
      entriesIn(m.tables[at.a]!, a, 1);
      return { value: m.tables[at.a]![a]!, units: 0 };
    case "table.set":
      entriesIn(m.tables[at.a]!, a, 1);
      m.tables[at.a]![a] = operands[1] as number | null;
      return NOTHING;
    case "table.size":
      return { value: m.tables[at.a]!.length, units: 0 };
    case "table.grow":
      return { ...entries(b), value: tableGrow(m, at.a, operands[0]!, b) };
    case "table.fill":
      entriesIn(m.tables[at.a]!, a, c);
      m.tables[at.a]!.fill(operands[1] as number | null, a, a + c);
      return entries(c);
    default:
      throw new Error(`no meaning for ${at.name}`);
  }
}

export const bulk = { run, memoryInit, tableInit };

// Prints a module as text for golden files and for people: flat, one instruction a line, indices as numbers.
// It is not meant to be parsed again.
import { BLOCK_EMPTY } from "../spec/binary.ts";
import { opcodeRow } from "../spec/opcodes.ts";
import { type ConstExpr, funcImports, type Module } from "./module.ts";
import { typeName, typeText } from "./type-text.ts";
import { OP, Walker } from "./walker.ts";

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function printConst(expr: ConstExpr): string {
  switch (expr.op) {
    case "i32.const":
    case "i64.const":
      return `${expr.op} ${expr.value}`;
    case "ref.null":
      return "ref.null func";
    case "ref.func":
      return `ref.func ${expr.func}`;
    case "global.get":
      return `global.get ${expr.global}`;
    default:
      return `${expr.op} 0x${hex(expr.bytes)}`;
  }
}

/** A signed LEB128 as the walker left it. */
function signedAt(w: Walker): bigint {
  let value = 0n;
  let shift = 0n;
  for (let i = w.operands; i < w.pos; i++) {
    value |= BigInt(w.bytes[i]! & 0x7f) << shift;
    shift += 7n;
  }
  return BigInt.asIntN(Number(shift), value);
}

function printBlockType(a: number): string {
  if (a >= 0) return ` type ${a}`;
  return a === -1 - BLOCK_EMPTY ? "" : ` ${typeName(-1 - a)}`;
}

/** The current instruction with its immediates, e.g. `i32.load align=2 offset=8`. */
export function printInstruction(w: Walker): string {
  const row = opcodeRow(w.code);
  if (row === undefined) return `0x${w.code.toString(16)}`;
  switch (row.imm) {
    case "none":
      return row.name;
    case "block":
      return `${row.name}${printBlockType(w.a)}`;
    case "labels":
      return `${row.name} ${[...w.targets.subarray(0, w.targetCount)].join(" ")}`;
    case "i32":
    case "i64":
      return `${row.name} ${signedAt(w)}`;
    case "indirect":
      return `${row.name} type ${w.a} table ${w.b}`;
    case "memarg":
    case "memarg-lane":
      return `${row.name} align=${w.a} offset=${w.b}`;
    case "elem-table":
    case "table-table":
      return `${row.name} ${w.a} ${w.b}`;
    case "memory":
    case "memory-memory":
      return row.name;
    case "f32":
    case "f64":
    case "v128":
    case "shuffle":
    case "lane":
    case "types":
    case "reftype":
      return `${row.name} 0x${hex(w.bytes.subarray(w.operands, w.pos))}`;
    default:
      return `${row.name} ${w.a}`;
  }
}

function printBody(module: Module, i: number, imported: number, lines: string[]): void {
  const w = new Walker();
  const type = module.types[module.funcs[i]!]!;
  const { code, start, end } = module.bodies;
  lines.push(`func ${imported + i} ${typeText(type)}`);
  w.open(code, start[i]!, end[i]!, imported + i);
  w.localTypes.forEach((local, g) => {
    lines.push(`  locals ${w.localCounts[g]} ${typeName(local)}`);
  });
  let indent = 1;
  for (let op = w.next(); op >= 0; op = w.next()) {
    if (op === OP.end || op === OP.else) indent--;
    if (!w.falls && w.deadFrom !== w.at) lines.push(`${"  ".repeat(indent + 1)};; dead code`);
    lines.push(`${"  ".repeat(indent)}${printInstruction(w)}`);
    if (op === OP.block || op === OP.loop || op === OP.if || op === OP.else) indent++;
  }
}

/** The whole module as lines of text. */
export function print(module: Module): string {
  const lines: string[] = [];
  module.types.forEach((type, i) => {
    lines.push(`type ${i} ${typeText(type)}`);
  });
  for (const { module: from, name, desc } of module.imports) {
    lines.push(
      `import ${from}.${name} ${desc.kind}${desc.kind === "func" ? ` type ${desc.type}` : ""}`,
    );
  }
  for (const { min, max } of module.tables) lines.push(`table ${min} ${max ?? "unbounded"}`);
  for (const { min, max } of module.memories) lines.push(`memory ${min} ${max ?? "unbounded"}`);
  module.globals.forEach(({ type, mutable, init }, i) => {
    lines.push(`global ${i} ${mutable ? "mut " : ""}${typeName(type)} = ${printConst(init)}`);
  });
  for (const { name, kind, index } of module.exports) lines.push(`export ${name} ${kind} ${index}`);
  if (module.start !== null) lines.push(`start ${module.start}`);
  for (const { flags, table, offset, items } of module.elems) {
    const place =
      offset === null
        ? flags & 2
          ? "declared"
          : "passive"
        : `table ${table} ${printConst(offset)}`;
    lines.push(`elem ${place}: ${items.map((item) => item ?? "null").join(" ")}`);
  }
  if (module.dataCount !== null) lines.push(`datacount ${module.dataCount}`);
  const imported = funcImports(module).length;
  for (let i = 0; i < module.funcs.length; i++) printBody(module, i, imported, lines);
  for (const { offset, bytes } of module.datas) {
    const text = new TextDecoder("latin1").decode(bytes).replace(/[^\x20-\x7e]/g, ".");
    lines.push(`data ${offset === null ? "passive" : printConst(offset)}: "${text}"`);
  }
  for (const { name, bytes } of module.customs) lines.push(`custom ${name} ${bytes.length} bytes`);
  return `${lines.join("\n")}\n`;
}

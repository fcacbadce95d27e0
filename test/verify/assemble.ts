// A small assembler for the verifier's tests: instructions as words, symbols for indices, and the
// instrumentation sequences as macros. Written apart from the verifier's own templates, from the format page.
import { valueTypes } from "../../src/spec/binary.ts";
import { opcodes } from "../../src/spec/opcodes.ts";

export type Symbols = (name: string) => number;

export function u32(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...out, rest];
}

export function signed(value: bigint): number[] {
  const low = Number(BigInt.asUintN(7, value));
  const rest = value >> 7n;
  const last = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return last ? [low] : [low + 0x80, ...signed(rest)];
}

export function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [...u32(bytes.length), ...bytes];
}

/** `ii:i` to value type bytes. */
export function letters(text: string): number[] {
  return [...text].map((letter) => valueTypes.find((row) => row.letter === letter)!.byte);
}

const macros: Readonly<Record<string, (c: string) => string>> = {
  CHARGE_G: (c) =>
    `global.get $fuel i64.const ${c} i64.sub global.set $fuel global.get $fuel i64.const 0 i64.lt_s if unreachable end`,
  TEST_G: (c) =>
    `global.get $fuel i64.const ${c} i64.lt_s if i64.const -1 global.set $fuel unreachable end`,
  SUB_G: (c) => `global.get $fuel i64.const ${c} i64.sub global.set $fuel`,
  LOAD: (t) => `global.get $fuel local.set ${t}`,
  FLUSH: (t) => `local.get ${t} global.set $fuel`,
  STACK_IN: (w) =>
    `global.get $stack i32.const ${w} i32.sub global.set $stack global.get $stack i32.const 0 i32.lt_s if unreachable end`,
  STACK_OUT: (w) => `global.get $stack i32.const ${w} i32.add global.set $stack`,
};

/** The macros on the fuel local take `local,constant`. */
const onLocal: Readonly<Record<string, (t: string, c: string) => string>> = {
  ENTER_L: (t, c) =>
    `global.get $fuel i64.const ${c} i64.sub local.tee ${t} i64.const 0 i64.lt_s if local.get ${t} global.set $fuel unreachable end`,
  CHARGE_L: (t, c) =>
    `local.get ${t} i64.const ${c} i64.sub local.tee ${t} i64.const 0 i64.lt_s if local.get ${t} global.set $fuel unreachable end`,
  TEST_L: (t, c) =>
    `local.get ${t} i64.const ${c} i64.lt_s if i64.const -1 global.set $fuel unreachable end`,
  SUB_L: (t, c) => `local.get ${t} i64.const ${c} i64.sub local.set ${t}`,
};

function expand(word: string): string[] {
  const [macro, argument = ""] = word.split("=");
  const [first = "", second = ""] = argument.split(",");
  const text = macros[macro!]?.(first) ?? onLocal[macro!]?.(first, second);
  return text === undefined ? [word] : text.split(" ");
}

function blockType(word: string, symbols: Symbols): number[] {
  const type = word.slice(word.indexOf(":") + 1);
  if (!word.includes(":")) return [0x40];
  return type.includes(":") ? signed(BigInt(symbols(`type ${type}`))) : letters(type);
}

/** Words to bytes; `0x..` is a raw byte, `$x` a symbol, `block:i` and `loop:i:i` have a type. */
export function assemble(text: string, symbols: Symbols): number[] {
  const words = text
    .split(/\s+/)
    .filter((word) => word !== "")
    .flatMap(expand);
  const out: number[] = [];
  let at = 0;
  const index = (): number => {
    const word = words[at++]!;
    return word.startsWith("$") ? symbols(word.slice(1)) : Number(word);
  };
  while (at < words.length) {
    const word = words[at++]!;
    if (word.startsWith("0x")) {
      out.push(Number(word));
      continue;
    }
    const mnemonic = word.includes(":") ? word.slice(0, word.indexOf(":")) : word;
    const row = opcodes.find((one) => one.name.replace(" ", "_") === mnemonic);
    if (row === undefined) throw new Error(`no instruction ${word}`);
    if (row.code < 0x100) out.push(row.code);
    else out.push(row.code < 0x200 ? 0xfc : 0xfd, ...u32(row.code % 0x100));
    switch (row.imm) {
      case "none":
        break;
      case "block":
        out.push(...blockType(word, symbols));
        break;
      case "i32":
      case "i64":
        out.push(...signed(BigInt(words[at++]!)));
        break;
      case "f32":
      case "f64":
        out.push(...new Array<number>(row.imm === "f32" ? 4 : 8).fill(0));
        break;
      case "v128":
        out.push(...new Array<number>(16).fill(0));
        break;
      case "labels": {
        const count = index();
        out.push(...u32(count));
        for (let i = 0; i <= count; i++) out.push(...u32(index()));
        break;
      }
      case "types":
        out.push(1, ...letters(words[at++]!));
        break;
      case "indirect": {
        const type = words[at++]!;
        out.push(...u32(symbols(`type ${type}`)), ...u32(index()));
        break;
      }
      case "memarg":
      case "data-memory":
      case "memory-memory":
      case "elem-table":
      case "table-table":
        out.push(...u32(index()), ...u32(index()));
        break;
      default:
        out.push(...u32(index()));
    }
  }
  return out;
}

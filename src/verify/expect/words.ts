// Reads a body in words, as docs/guards.md has it: instructions with their immediates between
// spaces, injected globals by key, locals by number or name, callees by name. It knows no body.
import { type InjectedGlobal, injectedOffset } from "../../spec/layout.ts";
import { type Opcode, type OpcodeName, opcodes } from "../../spec/opcodes.ts";
import { Body } from "./body.ts";
import { type Expected, type Signature, typesOf } from "./expected.ts";
import type { Link } from "./link.ts";

const rows = new Map<string, Opcode & { name: OpcodeName }>(opcodes.map((row) => [row.name, row]));

/** What else a body has. */
export interface Extras {
  /** Groups of declared locals by letter: `iii I`. */
  readonly locals?: string;
  /** Names of parameters and locals, by index. */
  readonly names?: string;
}

function groups(letters: string): number[][] {
  return letters
    .split(" ")
    .filter((group) => group !== "")
    .map((group) => [group.length, ...typesOf(group[0]!)]);
}

/** Most constants are small, and large ones slow. */
const long = (word: string): number | bigint =>
  word.length < 10 ? Number(word) : BigInt.asIntN(64, BigInt(word));

/** The body of a function with this type; `call target` leaves it open there. */
export function write(link: Link, type: Signature, text: string, extras: Extras = {}): Body {
  const body = new Body(link.context.table, type, groups(extras.locals ?? ""));
  const names = extras.names?.split(" ") ?? [];
  const words = text.split(/\s+/);
  let at = words[0] === "" ? 1 : 0;
  const isNumber = (word: string): boolean => word <= ":";
  const local = (word: string): number => (isNumber(word) ? Number(word) : names.indexOf(word));
  const global = (word: string): number => {
    if (isNumber(word)) return Number(word);
    return link.context.globals + injectedOffset(word as InjectedGlobal);
  };
  while (at < words.length && words[at] !== "") {
    const row = rows.get(words[at++]!)!;
    const { name, imm } = row;
    if (imm === "local") body.op(name, local(words[at++]!));
    else if (imm === "global") body.op(name, global(words[at++]!));
    else if (imm === "i32") body.op(name, Number(words[at++]!) | 0);
    else if (imm === "i64") body.op(name, long(words[at++]!));
    else if (imm === "label") body.op(name, Number(words[at++]!));
    else if (imm === "memory") body.op(name, 0);
    else if (imm === "memarg" || imm === "data-memory") {
      body.op(name, Number(words[at]!), Number(words[at + 1]!));
      at += 2;
    } else if (imm === "labels") {
      const count = Number(words[at]!);
      body.op(name, ...words.slice(at, at + count + 2).map(Number));
      at += count + 2;
    } else if (imm !== "func") body.op(name);
    else if (words[at++] === "target") {
      body.call(null, type.params.length, type.results.length, 0);
    } else {
      const { index, params, results, cost } = link.callee(words[at - 1]!);
      body.call(index, params, results, cost);
    }
  }
  return body;
}

/** What instructions cost by themselves, as in any generated body. */
export function price(link: Link, type: Signature, text: string, extras?: Extras): number {
  const body = write(link, type, text, { ...extras, locals: "" });
  return body.cost;
}

/** A whole function from its words. */
export function written(
  link: Link,
  what: string,
  type: Signature,
  text: string,
  extras?: Extras,
): Expected {
  return write(link, type, text, extras).done(what);
}

/** Parameters in order, for a call with the same ones. */
export function gets(type: Signature): string {
  return type.params.map((_, q) => `local.get ${q}`).join(" ");
}

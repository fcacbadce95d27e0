// Mutations of one generated function: each instruction weakened or pointed at something else, each statement
// left out or swapped with its neighbour. A statement is what lies between two points with no operand left.
import { I32, I64 } from "../../src/spec/binary.ts";
import { typeKey } from "../../src/wasm/module.ts";
import { type Body, type Instruction, readBody } from "./body.ts";
import type { Edit, Mutant, Mutation } from "./edits.ts";
import { alternatives, effectOf, encode } from "./encode.ts";
import { insert, swap } from "./of-templates.ts";
import { bodyBytes, type Subject, typeOf } from "./subject.ts";

type Made = readonly [mutation: Mutation, what: string, edits: readonly Edit[]];

/** How many instructions, globals or functions of the same type stand in for one. */
const ALTERNATIVES = 3;
const CONSTRUCT = /^(if|block|loop)$/;

/** Comparisons that let a little more through. */
const weaker: Readonly<Record<string, string>> = {
  eq: "ge_u",
  lt_u: "le_u",
  gt_u: "ge_u",
  ge_u: "gt_u",
  le_u: "lt_u",
  lt_s: "le_s",
};

function effect(subject: Subject, one: Instruction): number {
  if (one.name !== "call") return effectOf(one.name) ?? 0;
  const { params, results } = typeOf(subject, one.a);
  return results.length - params.length;
}

/** Ranges of instructions that leave the operand stack as it was, at the outermost level. */
function statements(subject: Subject, { code }: Body): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  let [from, height, nesting] = [0, 0, 0];
  for (const [i, one] of code.slice(0, -1).entries()) {
    if (CONSTRUCT.test(one.name)) {
      if (nesting === 0 && one.name === "if") height--;
      nesting++;
    } else if (one.name === "end") nesting--;
    else if (nesting === 0) height += effect(subject, one);
    if (nesting > 0 || height !== 0) continue;
    found.push({ from, to: i + 1 });
    from = i + 1;
  }
  return found;
}

function* ofStatements(subject: Subject, body: Body): Generator<Made> {
  const { code, bytes } = body;
  const all = statements(subject, body);
  const range = ({ from, to }: { from: number; to: number }): readonly [number, number] => [
    code[from]!.at,
    code[to - 1]!.end,
  ];
  for (const [k, one] of all.entries()) {
    const [at, end] = range(one);
    const out = { at, remove: end - at, put: [] };
    const trap = code[one.from]!.name === "unreachable";
    if (!trap) yield ["delete", `statement ${k}`, [out]];
    const next = all[k + 1];
    if (next === undefined || trap || code[next.from]!.name === "unreachable") continue;
    const [, nextEnd] = range(next);
    yield ["move", `statement ${k} behind the next`, [out, insert(nextEnd, bytes.slice(at, end))]];
  }
  yield ["weaken", "nop at its start", [insert(code[0]!.at, encode("nop"))]];
  yield ["weaken", "nop at its end", [insert(code.at(-1)!.at, encode("nop"))]];
}

function* ofConstants(one: Instruction): Generator<Made> {
  const limit = one.name === "i32.const" ? 2n ** 31n : 2n ** 63n;
  for (const value of new Set([one.value + 1n, one.value - 1n, 2n * one.value, 0n, -1n])) {
    if (value === one.value || value >= limit || value < -limit) continue;
    yield ["weaken", `${one.value} becomes ${value}`, [swap(one, `${one.name} ${value}`)]];
  }
}

function* ofUses(subject: Subject, func: number, one: Instruction): Generator<Made> {
  if (one.name.startsWith("global")) {
    const { globals } = subject.module;
    const { type } = globals[one.a]!;
    // The nearest on both sides, and one of the guest's: with slots there are thousands.
    const fits = (i: number): boolean => globals[i]?.type === type && globals[i].mutable;
    const all = globals.flatMap((_, i) => (fits(i) && i !== one.a ? [i] : []));
    const below = all.filter((i) => i < one.a && i >= subject.injected).slice(-ALTERNATIVES);
    const above = all.filter((i) => i > one.a).slice(0, ALTERNATIVES);
    const guest = all.filter((i) => i < subject.injected).slice(0, 1);
    for (const i of [...guest, ...below, ...above])
      yield ["retarget", `${one.name} of ${i}`, [swap(one, `${one.name} ${i}`)]];
  } else if (one.name === "br_table") {
    const other = { at: one.at + 2, remove: 1, put: [1] };
    if (subject.policy.limits.streams < 128) yield ["retarget", "an arm of a switch", [other]];
  } else if (one.name.startsWith("local")) {
    const { params } = typeOf(subject, func);
    const other = params.findIndex((type, i) => i !== one.a && type === params[one.a]);
    if (other >= 0)
      yield ["retarget", `${one.name} of ${other}`, [swap(one, `${one.name} ${other}`)]];
  } else if (one.name === "call") {
    const type = typeKey(typeOf(subject, one.a));
    // In front of the guest's functions: what an entry calls of those is its own choice.
    for (let to = 0, left = 3; to < subject.firstGuest && left > 0; to++) {
      if (to === one.a || typeKey(typeOf(subject, to)) !== type) continue;
      left--;
      yield ["retarget", `a call of ${to}`, [swap(one, `call ${to}`)]];
    }
  }
}

function* all(subject: Subject, func: number, body: Body): Generator<Made> {
  yield* ofStatements(subject, body);
  for (const [i, one] of body.code.entries()) {
    const { name } = one;
    if (name === "i32.const" || name === "i64.const") yield* ofConstants(one);
    else if (name === "unreachable" && body.code[i + 1]!.name === "end" && i + 2 < body.code.length)
      yield ["weaken", "nop for unreachable", [swap(one, "nop")]];
    else if (name === "global.set" || name === "local.set")
      yield ["weaken", `drop for ${name}`, [swap(one, "drop")]];
    else if (name === "if") {
      for (const value of [0, 1]) {
        const decided = encode("drop", `i32.const ${value}`);
        yield ["weaken", `${value} for a condition`, [insert(one.at, decided)]];
      }
    }
    const [type, compare] = name.split(".");
    const lax = weaker[compare ?? ""];
    if (lax !== undefined) yield ["weaken", `${lax} for ${name}`, [swap(one, `${type}.${lax}`)]];
    for (const by of alternatives(name).slice(0, ALTERNATIVES))
      yield ["weaken", `${by} for ${name}`, [swap(one, by)]];
    yield* ofUses(subject, func, one);
  }
  if (body.groups === 0) {
    const locals = { at: 0, remove: 1, put: [1, 1, body.code.length % 2 === 0 ? I32 : I64] };
    yield ["weaken", "a local more", [locals]];
  }
}

/** All mutations of a generated function. */
export function* ofGenerated(subject: Subject, func: number, site: number): Generator<Mutant> {
  const kind = subject.generated[func - subject.imports]!;
  const body = readBody(bodyBytes(subject, func));
  for (const [mutation, what, edits] of all(subject, func, body))
    yield { func, kind, mutation, what: `${kind} ${func}: ${what}`, edits, site };
}

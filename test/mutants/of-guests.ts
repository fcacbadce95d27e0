// Mutations that put something into guest code that hardening would have metered or kept out: loops, recursion,
// uses of instrumentation globals, calls past thunks and helpers, operations without their bulk charge.
import { F32, F64, FUNCREF, I32, I64, V128 } from "../../src/spec/binary.ts";
import { injectedGlobals, slotGlobals } from "../../src/spec/layout.ts";
import { typeKey } from "../../src/wasm/module.ts";
import type { Instruction } from "./body.ts";
import type { Edit, Mutant, Mutation } from "./edits.ts";
import { encode } from "./encode.ts";
import { cut, type Guest, insert, swap } from "./of-templates.ts";
import { type Subject, typeOf } from "./subject.ts";

type Made = readonly [mutation: Mutation, what: string, edits: readonly Edit[]];

const ENDLESS = encode("loop", "i32.const 1", "br_if 0", "end");
const AMPLE = 1_000_000;
/** How many of the guest's own uses of globals and locals are pointed at the instrumentation's. */
const USES = 3;
/** Injected globals that guest code tries: all, and those of the first slot. */
const LOOKED_AT = injectedGlobals.length + slotGlobals.length;

const zeros: Readonly<Record<number, readonly number[]>> = {
  [I32]: [0x41, 0],
  [I64]: [0x42, 0],
  [F32]: [0x43, 0, 0, 0, 0],
  [F64]: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
  [V128]: [0xfd, 12, ...new Array<number>(16).fill(0)],
  [FUNCREF]: [0xd0, FUNCREF],
};

const joined = (...parts: readonly ArrayLike<number>[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => Array.from(part)));

/** A call with zeros, its results dropped. */
function callOf(subject: Subject, func: number): Uint8Array {
  const { params, results } = typeOf(subject, func);
  const drops = results.map(() => "drop");
  return joined(...params.map((type) => zeros[type]!), encode(`call ${func}`, ...drops));
}

/** CHARGE_G or CHARGE_L, by where the fuel is after the function's head. */
function chargeOf({ subject: { fuel }, own, sites }: Guest): Uint8Array {
  const local = sites[0]?.from === 0 && /^(LOAD|ENTER_L)$/.test(sites[0].kind);
  const parts = local
    ? [`local.get ${own}`, `i64.const ${AMPLE}`, "i64.sub", `local.tee ${own}`, "i64.const 0"]
    : [`global.get ${fuel}`, `i64.const ${AMPLE}`, "i64.sub", `global.set ${fuel}`];
  const trap = local ? [`local.get ${own}`, `global.set ${fuel}`] : [];
  const test = local ? [] : [`global.get ${fuel}`, "i64.const 0"];
  return encode(...parts, ...test, "i64.lt_s", "if", ...trap, "unreachable", "end");
}

/** Offset of the first instruction behind the templates of fuel at the function's entry. */
export function headEnd({ body, sites }: Guest): number {
  let at = 0;
  for (const { kind, from, to } of sites) {
    if (from !== at || kind === "STACK_IN") break;
    at = to;
  }
  return body.code[at]!.at;
}

function* loops(guest: Guest): Generator<Made> {
  const { code } = guest.body;
  const head = headEnd(guest);
  yield ["loop", "endless, at the entry", [insert(head, ENDLESS)]];
  yield ["loop", "endless, at the end", [insert(code.at(-1)!.at, ENDLESS)]];
  yield ["loop", "endless, behind one charge", [insert(head, joined(chargeOf(guest), ENDLESS))]];
  const inner = code.find(({ name }) => name === "loop");
  if (inner !== undefined) yield ["loop", "endless, in a loop", [insert(inner.end, ENDLESS)]];
}

function* recursion(guest: Guest): Generator<Made> {
  const { subject, func, own, sites } = guest;
  const head = headEnd(guest);
  const self = callOf(subject, func);
  yield ["recursion", "of itself", [insert(head, self)]];
  const local = sites[0]?.from === 0 && /^(LOAD|ENTER_L)$/.test(sites[0].kind);
  const { fuel } = subject;
  const out = local ? encode(`local.get ${own}`, `global.set ${fuel}`) : [];
  const back = local ? encode(`global.get ${fuel}`, `local.set ${own}`) : [];
  const paid = joined(chargeOf(guest), out, self, back);
  yield ["recursion", "of itself, charged and not counted", [insert(head, paid)]];
}

function* aliases(guest: Guest): Generator<Made> {
  const { subject, own, body, sites } = guest;
  const head = headEnd(guest);
  const { globals } = subject.module;
  const injected = globals.slice(subject.injected, subject.injected + LOOKED_AT);
  for (const k of injected.keys()) {
    const key = injectedGlobals[k]?.key ?? `of slot ${k}`;
    const index = subject.injected + k;
    const zero = zeros[globals[index]!.type]!;
    yield ["alias", `reads ${key}`, [insert(head, encode(`global.get ${index}`, "drop"))]];
    const write = joined(zero, encode(`global.set ${index}`));
    yield ["alias", `writes ${key}`, [insert(head, write)]];
  }
  if (own >= 0) {
    yield ["alias", "reads the fuel local", [insert(head, encode(`local.get ${own}`, "drop"))]];
    const write = encode("i64.const 1000000", `local.set ${own}`);
    yield ["alias", "writes the fuel local", [insert(head, write)]];
  }
  const inside = (i: number): boolean => sites.some(({ from, to }) => i >= from && i < to);
  const types = [...guest.params, ...body.locals];
  const wanted = (one: Instruction, i: number): boolean =>
    !inside(i) &&
    (/^global\./.test(one.name) || (own >= 0 && /^local\./.test(one.name) && types[one.a] === I64));
  for (const one of body.code.filter(wanted).slice(0, USES)) {
    if (one.name.startsWith("local")) {
      yield ["alias", `${one.name} of the fuel local`, [swap(one, `${one.name} ${own}`)]];
      continue;
    }
    const at = globals.findIndex(
      ({ type }, i) => i >= subject.injected && type === globals[one.a]!.type,
    );
    if (at >= 0) yield ["alias", `${one.name} of global ${at}`, [swap(one, `${one.name} ${at}`)]];
  }
}

function* unpaid(guest: Guest): Generator<Made> {
  const { subject, body, own } = guest;
  const head = headEnd(guest);
  const put = (bytes: Uint8Array): Edit[] => [insert(head, bytes)];
  const three = ["i32.const 0", "i32.const 0", "i32.const -1"];
  yield ["unpaid", "memory.grow", put(encode("i32.const 1", "memory.grow 0", "drop"))];
  yield ["unpaid", "memory.fill", put(joined(encode(...three), [0xfc, 11, 0]))];
  yield ["unpaid", "memory.copy", put(joined(encode(...three), [0xfc, 10, 0, 0]))];
  if (subject.module.tables.length > 0)
    yield ["unpaid", "table.copy", put(joined(encode(...three), [0xfc, 14, 0, 0]))];
  if (subject.imports > 0)
    yield ["unpaid", "an import called", put(callOf(subject, guest.func % subject.imports))];
  if (own >= 0) return;
  // One more group of locals, last.
  const u32 = (value: number): Uint8Array => encode(`call ${value}`).subarray(1);
  const count = { at: 0, remove: u32(body.groups).length, put: u32(body.groups + 1) };
  const group = joined(u32(9000), [I32]);
  yield ["unpaid", "9000 locals", [count, insert(body.code[0]!.at, group)]];
}

/** Calls of generated functions, past them or of others. */
function* calls(guest: Guest): Generator<Made> {
  const { subject, body } = guest;
  const { imports, firstGuest, generated } = subject;
  for (const one of body.code) {
    if (one.name !== "call" || one.a >= firstGuest || one.a < imports) continue;
    const kind = generated[one.a - imports]!;
    if (kind === "thunk")
      yield ["retarget", "the import, past its thunk", [swap(one, `call ${one.a - imports}`)]];
    else if (kind === "grow")
      yield ["retarget", "memory.grow itself", [swap(one, "memory.grow 0")]];
    if (kind === "bulkBytes" || kind === "bulkElems") {
      yield ["delete", `call of ${kind}`, [cut(one)]];
      yield ["move", `${kind} away from its operation`, [insert(one.end, encode("nop"))]];
      yield [
        "weaken",
        `${kind}, then one more`,
        [insert(one.end, encode("i32.const 1", "i32.add"))],
      ];
    }
    const type = typeKey(typeOf(subject, one.a));
    for (let func = 0; func < firstGuest; func++) {
      if (func === one.a || typeKey(typeOf(subject, func)) !== type) continue;
      // What guest code may call instead is another program, not another instrumentation.
      const other = generated[func - imports];
      const free = other === "thunk" || other === "stub" || other === "grow";
      if (free && !kind.startsWith("bulk")) continue;
      yield ["retarget", `function ${func} for ${kind}`, [swap(one, `call ${func}`)]];
      if (func >= imports) break;
    }
  }
  for (const [i, kind] of generated.entries()) {
    if (/^(thunk|stub|grow|bulk.*)$/.test(kind)) continue;
    if (generated.indexOf(kind) !== i) continue;
    const put = insert(headEnd(guest), callOf(subject, imports + i));
    yield ["alias", `calls ${kind}`, [put]];
  }
}

/** All such mutations of one guest function. */
export function* ofGuest(guest: Guest): Generator<Mutant> {
  const { func } = guest;
  for (const make of [loops, recursion, aliases, unpaid, calls]) {
    for (const [mutation, what, edits] of make(guest))
      yield {
        func,
        kind: "guest code",
        mutation,
        what: `function ${func}: ${what}`,
        edits,
        site: -1,
      };
  }
}

// A module that counts its own instructions: at the start of each run of instructions without a branch, counters
// for what is in it are raised, each an exported global. What is instrumentation in a hardened module is told by
// the templates and the order of functions of docs/containment.md. For benches only; it must not change what a
// module answers.
import { I64 } from "../../src/spec/binary.ts";
import { type InjectedGlobal, injectedOffset } from "../../src/spec/layout.ts";
import { opcodes } from "../../src/spec/opcodes.ts";
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import { type Body, readBody } from "../../test/mutants/body.ts";
import { guestOf } from "../../test/mutants/plan.ts";
import type { SiteKind } from "../../test/mutants/sites.ts";
import { type Subject, subjectOf } from "../../test/mutants/subject.ts";
import { Emitter } from "./schemes/weave.ts";
import { openPolicy } from "./variants.ts";

/** What an instruction is there for. */
export const families = [
  "guest",
  "charges",
  "tests",
  "subtractions",
  "fuel local",
  "stack",
  "bulk",
  "host calls",
  "entries",
] as const;
export type Family = (typeof families)[number];

const ofSite: Readonly<Record<SiteKind, Family>> = {
  CHARGE_G: "charges",
  CHARGE_L: "charges",
  ENTER_L: "charges",
  TEST_G: "tests",
  TEST_L: "tests",
  SUB_G: "subtractions",
  SUB_L: "subtractions",
  LOAD: "fuel local",
  FLUSH: "fuel local",
  STACK_IN: "stack",
  STACK_OUT: "stack",
  bulkBytes: "bulk",
  bulkElems: "bulk",
  grow: "bulk",
};

const HELPER = /^(bulkBytes|bulkElems|grow)$/;
const ENTRY = /^(wrapper .*|enter|slot\w+|find|take|begin|finish|release)$/;
const familyOf = (kind: string): Family =>
  HELPER.test(kind) ? "bulk" : ENTRY.test(kind) ? "entries" : "host calls";

/** After these control may be elsewhere, or come from elsewhere. */
const ending = new Set(["loop", "if", "else", "end", "br", "br_if", "br_table", "return"]);
const ends = new Set<number>([
  ...opcodes.flatMap(({ name, code }) => (ending.has(name) ? [code] : [])),
  ...opcodes.flatMap(({ name, code }) => (name === "unreachable" ? [code] : [])),
]);

const counterName = (family: Family): string => `count ${family}`;
const CHARGED = "count units charged";
const CHARGED_AT = families.length;

/** The globals that a counting module exports, at 0: to be set before each call. */
export const counters: Readonly<Record<string, string>> = Object.fromEntries(
  [...families.map(counterName), CHARGED].map((name) => [name, "0"]),
);

export interface Counts {
  readonly instructions: Readonly<Record<Family, number>>;
  /** Units that all entries were charged, by the module's own account; 0 of a module as built. */
  readonly charged: number;
}

/** What the counters say. */
export function countsOf(values: Readonly<Record<string, string>>): Counts {
  const all = families.map((family) => [family, Number(values[counterName(family)])] as const);
  const instructions = Object.fromEntries(all) as Record<Family, number>;
  return { instructions, charged: Number(values[CHARGED]) };
}

type Told = (func: number, body: Body) => readonly Family[];

function hardenedSubject(bytes: Uint8Array, original: Uint8Array, mode: "bound" | "exact") {
  const subject = subjectOf("", bytes, openPolicy(original, mode), false);
  const fuel = subject.module.exports.find(({ name }) => name === "glovebox_fuel")!.index;
  const at = (key: InjectedGlobal): number => fuel + injectedOffset(key) - injectedOffset("fuel");
  // Globals of metrics stand behind all others: what is exported says where the injected ones are.
  return { ...subject, injected: fuel, fuel, stack: at("stack"), spent: at("spent") };
}

function toldOf(subject: Subject): Told {
  const { imports, firstGuest, generated, injected } = subject;
  return (func, body) => {
    if (func < firstGuest) return body.code.map(() => familyOf(generated[func - imports]!));
    const told = body.code.map(({ name, a }): Family => {
      const kind = name === "call" && a >= imports && a < firstGuest ? generated[a - imports]! : "";
      return /^bulk/.test(kind) ? "bulk" : "guest";
    });
    for (const { kind, from, to } of guestOf(subject, func).sites)
      told.fill(ofSite[kind], from, to);
    const stray = body.code.findIndex(
      ({ name, a }, k) => told[k] === "guest" && name.startsWith("global.") && a >= injected,
    );
    if (stray >= 0)
      throw new Error(`function ${func}: instruction ${stray} is of no known template`);
    return told;
  };
}

/** The module, counting. `spent`: the global in which entries leave what they cost, or -1. */
function counting(bytes: Uint8Array, told: Told, imports: number, spent: number): Uint8Array {
  const module = decode(bytes);
  const imported = module.imports.filter(({ desc }) => desc.kind === "global").length;
  const first = imported + module.globals.length;
  const emitter = new Emitter(first, 0);
  const { out } = emitter;
  const raise = (counter: number, units: number) =>
    emitter.global("get", counter).constant("i64", units).do("i64.add").global("set", counter);
  const [start, end]: [number[], number[]] = [[], []];
  for (let i = 0; i < module.funcs.length; i++) {
    const whole = module.bodies.code.subarray(module.bodies.start[i]!, module.bodies.end[i]!);
    const body = readBody(whole);
    const { code } = body;
    const family = told(imports + i, body);
    start.push(out.length);
    out.slice(whole, 0, code[0]!.at);
    for (let from = 0, to = 0; from < code.length; from = to) {
      const counts = new Map<Family, number>();
      do counts.set(family[to]!, (counts.get(family[to]!) ?? 0) + 1);
      while (!ends.has(code[to++]!.code));
      for (const [one, units] of counts) raise(families.indexOf(one), units);
      for (let k = from; k < to; k++) {
        const { at, end: behind, name, a } = code[k]!;
        out.slice(whole, at, behind);
        // An entry that ends leaves `what it was given - what is left`.
        if (name !== "global.set" || a !== spent || code[k - 1]!.name !== "i64.sub") continue;
        emitter.global("get", CHARGED_AT).global("get", spent - first);
        emitter.do("i64.add").global("set", CHARGED_AT);
      }
    }
    end.push(out.length);
  }
  const names = Object.keys(counters);
  const zero = { type: I64, mutable: true, init: { op: "i64.const", value: 0n } } as const;
  return emit({
    ...module,
    globals: [...module.globals, ...names.map(() => zero)],
    exports: [
      ...module.exports,
      ...names.map((name, k) => ({ name, kind: "global", index: first + k }) as const),
    ],
    bodies: { code: out.view(), start: Uint32Array.from(start), end: Uint32Array.from(end) },
    customs: [],
  }).slice();
}

const importsOf = (bytes: Uint8Array): number =>
  decode(bytes).imports.filter(({ desc }) => desc.kind === "func").length;

/** A module as built, counting: all of it is the guest's. */
export function countingBase(bytes: Uint8Array): Uint8Array {
  return counting(bytes, (_, { code }) => code.map(() => "guest"), importsOf(bytes), -1);
}

/** A hardened module, counting; `original` is what it was hardened from, under openPolicy. */
export function countingHardened(
  bytes: Uint8Array,
  original: Uint8Array,
  mode: "bound" | "exact",
): Uint8Array {
  const subject = hardenedSubject(bytes, original, mode);
  return counting(bytes, toldOf(subject), subject.imports, subject.spent);
}

// Mutations of everything outside function bodies: caps, imports, exports, globals, segments, custom sections,
// encodings, and functions that nobody hardened put behind the others. Each is a whole module.
import { F64, I32, I64, PAGE, sections } from "../../src/spec/binary.ts";
import type { HostFunction } from "../../src/spec/host-function-row.ts";
import { hostFunctions } from "../../src/spec/host-functions.ts";
import {
  injectedGlobals,
  keptCustomSections,
  RESERVED,
  slotGlobals,
} from "../../src/spec/layout.ts";
import { limits } from "../../src/spec/limits.ts";
import { emit } from "../../src/wasm/emit.ts";
import {
  type Custom,
  type Export,
  type FuncType,
  type Import,
  type Module,
  typeKey,
} from "../../src/wasm/module.ts";
import { joinBodies } from "../fuzz/module-parts.ts";
import { readBody } from "./body.ts";
import { type Edit, type Mutation, spliced } from "./edits.ts";
import { encode } from "./encode.ts";
import { bodyBytes, type Subject, typeOf } from "./subject.ts";

export interface WholeMutant {
  readonly kind: "module";
  readonly mutation: Mutation;
  readonly what: string;
  /** The function that was put behind the others; -1 where none was. */
  readonly func: number;
  readonly make: () => Uint8Array;
}

type Change = readonly [mutation: Mutation, what: string, change: Partial<Module>];

const custom = (name: string, bytes: readonly number[] = [], after = 12): Custom => ({
  name,
  bytes: Uint8Array.from(bytes),
  after,
});

function* caps({ module, policy }: Subject): Generator<Change> {
  const [memory] = module.memories;
  const cap = policy.limits.memoryPages;
  const most = 2 ** 32 / PAGE;
  for (const max of [cap + 1, most, null])
    yield ["cap", `memory maximum ${max}`, { memories: [{ ...memory!, max }] }];
  yield ["cap", "memory minimum", { memories: [{ min: cap + 1, max: cap + 1 }] }];
  const { tables } = module;
  for (const [i, table] of tables.entries()) {
    for (const max of [limits.tableEntries + 1, null])
      yield ["cap", `table ${i} maximum ${max}`, { tables: tables.with(i, { ...table, max }) }];
  }
  const many = new Array(limits.tables + 1).fill({ min: 0, max: 0 });
  yield ["cap", "nine tables", { tables: [...tables, ...many.slice(tables.length)] }];
}

/** Every function index from `from` on becomes one more, in code, exports and segments. */
function shifted(subject: Subject, from: number): Partial<Module> {
  const { module } = subject;
  const up = (func: number): number => (func >= from ? func + 1 : func);
  const bodies: Uint8Array[] = [];
  for (let func = subject.imports; func < subject.functions; func++) {
    const body = readBody(bodyBytes(subject, func));
    const edits = body.code.flatMap((one): Edit[] =>
      (one.name === "call" || one.name === "ref.func") && one.a >= from
        ? [{ at: one.at, remove: one.end - one.at, put: encode(`${one.name} ${one.a + 1}`) }]
        : [],
    );
    bodies.push(spliced(body.bytes, edits));
  }
  return {
    bodies: joinBodies(bodies),
    exports: module.exports.map((one) =>
      one.kind === "func" ? { ...one, index: up(one.index) } : one,
    ),
    elems: module.elems.map((elem) => ({
      ...elem,
      items: elem.items.map((item) => (item === null ? null : up(item))),
    })),
    globals: module.globals.map((one) =>
      one.init.op === "ref.func" ? { ...one, init: { ...one.init, func: up(one.init.func) } } : one,
    ),
  };
}

function signatureOf(params: HostFunction["params"], result: HostFunction["result"]): FuncType {
  const types = params.map(({ type }) => (type === "i32" ? I32 : I64));
  return { params: types, results: result === null ? [] : [I32] };
}

function* imports(subject: Subject): Generator<Change> {
  const { module, policy } = subject;
  const added = (from: string, name: string, desc: Import["desc"]): readonly Import[] => [
    ...module.imports,
    { module: from, name, desc, offset: 0 },
  ];
  const limitsOf = { min: 1, max: 1 };
  const memory = added("env", "memory", { kind: "memory", limits: limitsOf });
  yield ["import", "the memory", { imports: memory, memories: [] }];
  const unknown = added("env", "unknown", { kind: "func", type: 0 });
  yield ["import", "unknown", { ...shifted(subject, subject.imports), imports: unknown }];
  const denied = hostFunctions.filter(({ name }) => !policy.allow.has(name));
  for (const { module: from, name, params, result } of denied.slice(0, 4)) {
    const signature = signatureOf(params, result);
    const known = module.types.findIndex((type) => typeKey(type) === typeKey(signature));
    const type = known >= 0 ? known : module.types.length;
    const types = known >= 0 ? module.types : [...module.types, signature];
    const change = { ...shifted(subject, subject.imports), types };
    yield ["import", name, { ...change, imports: added(from, name, { kind: "func", type }) }];
  }
  for (const [i, one] of module.imports.entries()) {
    const renamed = { ...one, name: "proxy_call_foreign_function_x" };
    yield [
      "import",
      `an unknown one for ${one.name}`,
      { imports: module.imports.with(i, renamed) },
    ];
    const signature = typeKey(typeOf(subject, i));
    const row = denied.find(
      ({ name, params, result }) =>
        name !== one.name && typeKey(signatureOf(params, result)) === signature,
    );
    if (row === undefined) continue;
    const other = { ...one, module: row.module, name: row.name };
    yield ["import", `${row.name} for ${one.name}`, { imports: module.imports.with(i, other) }];
  }
}

function* exports(subject: Subject): Generator<Change> {
  const { module, injected, firstGuest, imports: imported, functions } = subject;
  const list = module.exports;
  const add = (one: Export): Partial<Module> => ({ exports: [...list, one] });
  const funcs = list.filter(({ kind }) => kind === "func").length;
  const inOrder = (one: Export): Partial<Module> => ({
    exports: list.toSpliced(1 + funcs, 0, one),
  });
  for (const [k, { key, exportName }] of injectedGlobals.entries()) {
    const own: Export = { name: `more_${key}`, kind: "global", index: injected + k };
    yield ["alias", `the global ${key} exported${exportName === null ? "" : " twice"}`, add(own)];
    if (exportName === null) continue;
    const at = list.findIndex(({ name }) => name === exportName);
    yield ["delete", `export ${exportName}`, { exports: list.toSpliced(at, 1) }];
    const next = list[at]!.index === injected ? injected + 3 : injected;
    const wrong = list.with(at, { ...list[at]!, index: next });
    yield ["retarget", `export ${exportName} names global ${next}`, { exports: wrong }];
  }
  const named: readonly [string, number][] = [
    ...subject.generated.map((kind, i): [string, number] => [kind, imported + i]),
    ["a guest function", firstGuest],
    ["the last function", functions - 1],
    ...(imported > 0 ? [["an import", 0] as [string, number]] : []),
  ];
  for (const [what, index] of new Map(named)) {
    yield ["alias", `${what} exported`, inOrder({ name: "one_more", kind: "func", index })];
    if (funcs > 0) {
      const other = list.with(1, { ...list[1]!, index });
      if (index !== list[1]!.index)
        yield ["retarget", `${what} as ${list[1]!.name}`, { exports: other }];
    }
  }
  for (const [k, { name, kind }] of list.entries()) {
    const added = name === "proxy_on_context_create" || name === "proxy_on_delete";
    if (kind === "func" && added && subject.policy.limits.fuel.request !== null)
      yield ["delete", `export ${name}`, { exports: list.toSpliced(k, 1) }];
  }
  yield ["alias", "a second name of the memory", add({ name: "mem", kind: "memory", index: 0 })];
  yield ["delete", "export memory", { exports: list.slice(1) }];
  yield [
    "form",
    "memory under another name",
    { exports: list.with(0, { ...list[0]!, name: "mem" }) },
  ];
  if (module.tables.length > 0)
    yield ["alias", "a table exported", add({ name: "table", kind: "table", index: 0 })];
  if (injected > 0) yield ["alias", "a guest global", add({ name: "g", kind: "global", index: 0 })];
  if (funcs > 0) {
    const name = `${RESERVED}_x`;
    yield ["form", "a reserved name", { exports: list.with(1, { ...list[1]!, name }) }];
  }
  if (funcs > 1)
    yield ["form", "exports out of order", { exports: list.with(1, list[2]!).with(2, list[1]!) }];
}

function* globals({ module, injected }: Subject): Generator<Change> {
  const list = module.globals;
  // All, those of the first slot, and the last one.
  const behind = list.length - injected - injectedGlobals.length;
  const slots = behind === 0 ? [] : [...slotGlobals.keys(), behind - 1];
  const ofSlots = slots.map((k) => injectedGlobals.length + k);
  for (const k of [...injectedGlobals.keys(), ...ofSlots]) {
    const at = injected + k;
    const { type } = list[at]!;
    const key = injectedGlobals[k]?.key ?? `number ${k}`;
    const init =
      type === I32
        ? ({ op: "i32.const", value: 1 } as const)
        : ({ op: "i64.const", value: 1n } as const);
    yield ["weaken", `${key} begins at 1`, { globals: list.with(at, { ...list[at]!, init }) }];
    const many =
      type === I32
        ? ({ op: "i32.const", value: 2 ** 31 - 1 } as const)
        : ({ op: "i64.const", value: 2n ** 62n } as const);
    yield [
      "weaken",
      `${key} begins high`,
      { globals: list.with(at, { ...list[at]!, init: many }) },
    ];
    yield [
      "weaken",
      `${key} cannot change`,
      { globals: list.with(at, { ...list[at]!, mutable: false }) },
    ];
  }
  const extra = { type: I64, mutable: true, init: { op: "i64.const", value: 0n } as const };
  yield ["alias", "one global more, behind them", { globals: [...list, extra] }];
  const wide = {
    type: F64,
    mutable: true,
    init: { op: "f64.const", bytes: new Uint8Array(8) } as const,
  };
  yield ["form", "a float behind them", { globals: [...list, wide] }];
}

function* segments(subject: Subject): Generator<Change> {
  const { module, imports: imported, firstGuest, generated } = subject;
  const kinds = new Map(generated.map((kind, i) => [kind, imported + i]));
  if (imported > 0) kinds.set("import", 0);
  for (const [kind, func] of kinds) {
    for (const flags of [1, 3]) {
      const elem = { flags, table: 0, offset: null, items: [func] };
      yield ["alias", `${kind} in an element segment`, { elems: [...module.elems, elem] }];
    }
  }
  const starts = [firstGuest, firstGuest + 1, imported + generated.indexOf("enter")];
  for (const start of starts) {
    if (start < subject.functions && typeKey(typeOf(subject, start)) === ">")
      yield ["form", `a start section with function ${start}`, { start }];
  }
  const { datas } = module;
  if (generated.includes("deny")) {
    const last = datas.at(-1)!;
    const text = last.bytes.slice();
    text[0]! ^= 1;
    yield ["weaken", "a denial message", { datas: datas.with(-1, { ...last, bytes: text }) }];
    const short = { ...last, bytes: last.bytes.slice(1) };
    yield ["weaken", "a message too short", { datas: datas.with(-1, short) }];
    const more = [...datas, { offset: null, bytes: Uint8Array.of(1) }];
    yield ["form", "a segment behind the messages", { datas: more, dataCount: more.length }];
  }
}

function* customs({ module }: Subject): Generator<Change> {
  const list = module.customs;
  const add = (...some: Custom[]): Partial<Module> => ({ customs: [...list, ...some] });
  yield ["form", "a precompiled section", add(custom("precompiled_v8"))];
  yield ["form", "debug information", add(custom(".debug_info", [1, 2, 3]))];
  yield ["form", "glovebox twice", add(custom(keptCustomSections.at(-1)!))];
  yield ["form", "a custom section in front", { customs: [custom("producers", [], 0), ...list] }];
  yield [
    "form",
    "a custom section before the code",
    { customs: [custom("producers", [], 10), ...list] },
  ];
  const rest = list.filter(({ name }) => name !== "name");
  const names: readonly [string, readonly number[]][] = [
    ["names of locals", [2, 1, 0]],
    ["a name with a line feed", [0, 2, 1, 10]],
    ["an empty name", [0, 1, 0]],
    ["a name twice", [1, 7, 2, 0, 1, 65, 0, 1, 66]],
    ["a name of no function", [1, 6, 1, 0xff, 0xff, 0x7f, 1, 65]],
  ];
  for (const [what, bytes] of names)
    yield ["form", what, { customs: [custom("name", bytes), ...rest] }];
}

/** Functions that nobody hardened, behind the others. */
function* functions(subject: Subject): Generator<Change> {
  const { module, fuel } = subject;
  const self = subject.functions;
  const big = `i64.const ${10_000}`;
  const charge = [
    `global.get ${fuel}`,
    big,
    "i64.sub",
    `global.set ${fuel}`,
    `global.get ${fuel}`,
    "i64.const 0",
    "i64.lt_s",
    "if",
    "unreachable",
    "end",
  ];
  const test = charge.slice(0, 4);
  const bodies: readonly [Mutation, string, readonly string[]][] = [
    ["loop", "an endless loop", ["loop", "br 0", "end", "unreachable"]],
    ["loop", "an endless loop behind a charge", [...charge, "loop", "br 0", "end", "unreachable"]],
    [
      "loop",
      "a loop that charges at its end",
      [...charge, "loop", "nop", ...charge, "br 0", "end", "unreachable"],
    ],
    [
      "loop",
      "a loop that subtracts and never tests",
      [...charge, "loop", ...test, "br 0", "end", "unreachable"],
    ],
    ["recursion", "of itself, uncharged", [`call ${self}`]],
    ["recursion", "of itself, charged, not counted", [...charge, `call ${self}`]],
    ["unpaid", "memory.grow", ["i32.const 1", "memory.grow 0", "drop"]],
    ["alias", "fuel back", [...charge, "i64.const 1000000", `global.set ${fuel}`]],
    ...(subject.imports > 0 && typeKey(typeOf(subject, 0)) === ">"
      ? [["unpaid", "an import", [...charge, "call 0"]] as [Mutation, string, string[]]]
      : []),
  ];
  const known = module.types.findIndex((type) => typeKey(type) === ">");
  if (known < 0) return;
  const old = Array.from({ length: self - subject.imports }, (_, i) =>
    bodyBytes(subject, i + subject.imports),
  );
  for (const [mutation, what, words] of bodies) {
    const body = Uint8Array.of(0, ...encode(...words, "end"));
    const change = {
      funcs: Uint32Array.of(...module.funcs, known),
      bodies: joinBodies([...old, body]),
    };
    yield [mutation, `a function more: ${what}`, change];
  }
}

/** Encodings that are valid and not the shortest, and sections that need not be there. */
function* encodings({ bytes }: Subject): Generator<readonly [string, () => Uint8Array]> {
  const at: { id: number; from: number; size: number; start: number }[] = [];
  for (let pos = 8; pos < bytes.length; ) {
    const [from, id] = [pos++, bytes[pos - 1]!];
    let size = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[pos++]!;
      size += (byte & 127) * scale;
      if (byte < 128) break;
    }
    at.push({ id, from, size, start: pos });
    pos += size;
  }
  for (const { id, from, start } of at) {
    const padded = (end: number): Uint8Array => {
      const out = bytes.slice(0, end);
      out[end - 1]! |= 128;
      return join(out, Uint8Array.of(0));
    };
    const name = sections.find((row) => row.id === id)!.name;
    if (start - from < 6)
      yield [
        `the size of section ${name} padded`,
        () => join(padded(start), bytes.subarray(start)),
      ];
  }
  const empty = (id: number): Uint8Array => Uint8Array.of(id, 1, 0);
  for (const [k, { id }] of at.entries()) {
    const next = at[k + 1];
    if (id === 7 && next?.id !== 9)
      yield [
        "an empty element section",
        () => insertAt(bytes, next?.from ?? bytes.length, empty(9)),
      ];
    if (id === 3 && next?.id === 5)
      yield ["an empty table section", () => insertAt(bytes, next.from, empty(4))];
    if (id === 1 && next?.id === 3)
      yield ["an empty import section", () => insertAt(bytes, next.from, empty(2))];
  }
}

const join = (one: Uint8Array, other: Uint8Array): Uint8Array => {
  const out = new Uint8Array(one.length + other.length);
  out.set(one);
  out.set(other, one.length);
  return out;
};
const insertAt = (bytes: Uint8Array, at: number, put: Uint8Array): Uint8Array =>
  join(join(bytes.subarray(0, at), put), bytes.subarray(at));

/** All such mutants of a module. */
export function* ofModule(subject: Subject): Generator<WholeMutant> {
  for (const make of [caps, imports, exports, globals, segments, customs, functions]) {
    for (const [mutation, what, change] of make(subject)) {
      const made = () => emit({ ...subject.module, ...change }).slice();
      const more = (change.funcs?.length ?? 0) > subject.module.funcs.length;
      const func = more ? subject.functions : -1;
      yield { kind: "module", mutation, what, func, make: made };
    }
  }
  for (const [what, make] of encodings(subject))
    yield { kind: "module", mutation: "form", what, func: -1, make };
}

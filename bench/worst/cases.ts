// The hand-written cases of the worst-case bench: memory that misses the caches, branches that can't be
// foreseen, calls, bulk operations, growth, frames. Each names the instructions that it is about; prepare.ts
// counts them. sweep.ts has the instructions that compute.
import { limits } from "../../src/spec/limits.ts";
import { AREA, MARKER, moduleText, repeat } from "./text.ts";

export interface Case {
  readonly name: string;
  /** The row of the table; the slowest case of a family stands for it. */
  readonly family: string;
  /** Instructions that the case is about; their prices make up at least its share of the fuel. */
  readonly ops: readonly string[];
  readonly text: string;
  /** Of what is executed, at least that much is in `ops` (and in what they move); default LEAST in prepare.ts. */
  readonly share?: number;
  /** Host functions that the policy denies or allows. */
  readonly allow?: readonly string[];
  /** Every sample is the first call of a new instance, with this argument. */
  readonly once?: number;
  /** Called once before the samples: exports of the guest that prepare its memory. */
  readonly setup?: true;
  /** A module of its own drives the guest, for what happens once a call. */
  readonly entry?: true;
}

/** The default cap of a policy, in pages: what a walk over the whole memory has to cover. */
const CAP_PAGES = 1024;
const CAP = CAP_PAGES * 65_536;
const LINE = 64;

/** A closed walk through places `step` bytes apart over the memory, in an order that no prefetcher knows. */
const walk = (shift: number, step: number): string => {
  const places = CAP / 2 / step;
  return `(func (export "setup")
    (local $k i32)
    (loop $more
      (i32.store (i32.add (i32.const ${shift}) (i32.mul (local.get $k) (i32.const ${step})))
        (i32.add (i32.const ${shift}) (i32.mul (i32.const ${step}) (i32.and (i32.const ${places - 1})
          (i32.add (i32.mul (local.get $k) (i32.const 1664525)) (i32.const 1013904223))))))
      (br_if $more (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const ${places - 1})))))`;
};

const xor = (count: number): string =>
  count === 1 ? "(local.get $w0)" : `(i32.xor (local.get $w${count - 1}) ${xor(count - 1)})`;

const chase = (name: string, shift: number, step: number): Case => ({
  name,
  family: "loads that miss the caches",
  ops: ["i32.load"],
  setup: true,
  text: moduleText({
    pages: CAP_PAGES,
    fields: walk(shift, step),
    before: `(local.set $p (i32.const ${shift}))`,
    body: `(local.get $p) ${repeat(32, () => "(i32.load)")} (local.set $p)`,
  }),
});

/** Places all over the memory, each on a page and a cache line of its own, and all of them on others the next time. */
const STREAMS = 31;
const STREAM = 2 ** 21;
const onwards = `(local.set $p (i32.and (i32.add (local.get $p) (i32.const ${4096 + LINE})) (i32.const ${STREAM - 1})))`;

const scattered = (name: string, op: string, shift: number): Case => ({
  name,
  family: "loads and stores all over the memory",
  ops: [op],
  share: 0.25,
  text: moduleText({
    pages: CAP_PAGES,
    body: `${onwards} ${repeat(STREAMS, (k) => {
      const at = `offset=${k * STREAM + shift} (local.get $p)`;
      if (op.includes("store")) return `(${op} ${at} (local.get $xI))`;
      return `${k === 0 ? "(local.get $xI)" : ""} (${op} ${at}) (i64.xor) ${k === STREAMS - 1 ? "(local.set $xI)" : ""}`;
    })}`,
  }),
});

const memory: readonly Case[] = [
  chase("i32.load, one after the other", 0, LINE),
  chase("i32.load across two cache lines", LINE - 2, LINE),
  chase("i32.load across two pages", 4094, 4096),
  {
    name: "i32.load, eight walks side by side",
    family: "loads that miss the caches",
    ops: ["i32.load"],
    share: 0.2,
    setup: true,
    text: moduleText({
      pages: CAP_PAGES,
      fields: walk(0, LINE),
      locals: repeat(8, (k) => `(local $w${k} i32)`),
      before: repeat(8, (k) => `(local.set $w${k} (i32.const ${(k * CAP) / 8}))`),
      body: repeat(32, (k) => `(local.set $w${k % 8} (i32.load (local.get $w${k % 8})))`),
      after: `(local.set $p ${xor(8)})`,
    }),
  },
  scattered("i64.load all over", "i64.load", 0),
  scattered("i64.load across two pages", "i64.load", 4092),
  scattered("i64.store all over", "i64.store", 0),
  scattered("i64.store across two pages", "i64.store", 4092),
  {
    name: "first store to every page",
    family: "first touch of memory",
    ops: ["i32.store"],
    once: CAP_PAGES - 4,
    share: 0.2,
    text: moduleText({
      pages: CAP_PAGES,
      body: `${repeat(16, (k) => `(i32.store offset=${65_536 + k * 4096} (local.get $p) (local.get $n))`)}
      (local.set $p (i32.add (local.get $p) (i32.const 65536)))`,
    }),
  },
];

/** A byte that nobody foresees, in turn k of the loop. */
const dice = (k: number) =>
  `(i32.load8_u offset=${AREA.random + k * 128} (i32.and (local.get $n) (i32.const 127)))`;
const rolling =
  "(local.set $xi (i32.xor (i32.mul (local.get $xi) (i32.const 1664525)) (i32.const 1013904223)))";
const roll = (bits: number) => `(i32.shr_u (local.get $xi) (i32.const ${32 - bits}))`;

function table(targets: number): string {
  const blocks = repeat(targets, () => "(block");
  const arms = repeat(
    targets,
    (k) => `) (local.set $p (i32.add (local.get $p) (i32.const ${k * 7 + 1}))) (br $done)`,
  );
  const labels = Array.from({ length: targets }, (_, k) => k).join(" ");
  return `${rolling} (block $done (block ${blocks} (br_table ${labels} ${targets} ${roll(Math.log2(targets))}) ${arms}) unreachable)`;
}

const functions = (count: number) =>
  `(type $f (func (param i32) (result i32)))
  (table ${count} funcref)
  (elem (i32.const 0) ${repeat(count, (k) => `$f${k}`)})
  ${repeat(count, (k) => `(func $f${k} (param i32) (result i32) (i32.add (local.get 0) (i32.const ${k * 3 + 1})))`)}`;

const flow: readonly Case[] = [
  {
    name: "br_if by random bytes",
    family: "branches that can't be foreseen",
    ops: ["br_if"],
    share: 0.1,
    text: moduleText({
      body: repeat(
        16,
        (k) =>
          `(block $out${k} (br_if $out${k} (i32.and (i32.const 1) (i32.xor (local.get $xi) ${dice(k)}))) (local.set $p (i32.add (i32.mul (local.get $p) (i32.const 5)) (i32.const ${k}))))`,
      ),
      after: rolling,
    }),
  },
  {
    name: "br_if by random numbers",
    family: "branches that can't be foreseen",
    ops: ["br_if"],
    share: 0.1,
    text: moduleText({
      body: repeat(
        16,
        (k) =>
          `${rolling} (block $out${k} (br_if $out${k} (i32.lt_s (local.get $xi) (i32.const 0))) (local.set $p (i32.add (i32.mul (local.get $p) (i32.const 5)) (i32.const ${k}))))`,
      ),
    }),
  },
  {
    name: "if by random numbers",
    family: "branches that can't be foreseen",
    ops: ["if"],
    share: 0.05,
    text: moduleText({
      body: repeat(
        16,
        (k) =>
          `${rolling} (if (i32.lt_s (local.get $xi) (i32.const 0)) (then (local.set $p (i32.add (i32.mul (local.get $p) (i32.const 5)) (i32.const ${k})))))`,
      ),
    }),
  },
  ...[4, 32].map(
    (targets): Case => ({
      name: `br_table with ${targets} targets`,
      family: "br_table",
      ops: ["br_table", "block"],
      share: 0.2,
      text: moduleText({ body: table(targets) }),
    }),
  ),
  {
    name: "call_indirect of changing targets",
    family: "indirect calls",
    ops: ["call_indirect"],
    share: 0.15,
    text: moduleText({
      fields: functions(64),
      body: `${rolling} ${repeat(8, () => `${rolling} (local.set $p (call_indirect (type $f) (local.get $p) ${roll(6)}))`)}`,
    }),
  },
  {
    name: "call_indirect of one target",
    family: "indirect calls",
    ops: ["call_indirect"],
    share: 0.15,
    text: moduleText({
      fields: functions(64),
      body: repeat(
        8,
        () => "(local.set $p (call_indirect (type $f) (local.get $p) (i32.const 5)))",
      ),
    }),
  },
  {
    name: "calls of an empty function",
    family: "direct calls",
    ops: ["call"],
    text: moduleText({ fields: "(func $empty)", body: repeat(16, () => "(call $empty)") }),
  },
  {
    name: "a tree of calls",
    family: "direct calls",
    ops: ["call"],
    share: 0.25,
    text: moduleText({
      fields: repeat(
        13,
        (k) => `(func $t${k} ${k === 0 ? "" : `(call $t${k - 1}) (call $t${k - 1})`})`,
      ),
      body: "(call $t12)",
    }),
  },
  {
    name: "recursion to the depth limit",
    family: "direct calls",
    ops: ["call"],
    share: 0.1,
    text: moduleText({
      fields:
        "(func $down (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))))",
      body: "(call $down (i32.const 700))",
    }),
  },
  {
    name: "calls with 64 arguments",
    family: "direct calls",
    ops: ["call"],
    share: 0.3,
    text: moduleText({
      fields: `(func $many (param ${repeat(64, () => "i64")}) (result i64) (i64.add (local.get 0) (local.get 63)))`,
      body: repeat(4, () => `(local.set $xI (call $many ${repeat(64, () => "(local.get $xI)")}))`),
    }),
  },
];

/** As many locals as a frame may have. */
const MOST_LOCALS = Math.floor((limits.frameBytes - 512) / 8);

/** A chain of reads that keeps every local alive, on a way that is never taken. */
const keepAlive = (count: number) =>
  `(if (i32.eqz (local.get 0)) (then ${repeat(count, (k) => `(local.set ${k + 1} (i64.add (local.get ${k + 1}) (i64.const ${k}))) (global.set $sum (i64.add (global.get $sum) (local.get ${k + 1})))`)}))`;

const shapes: readonly Case[] = [
  {
    name: `a call of a function with ${MOST_LOCALS} locals`,
    family: "large frames",
    ops: ["entry", "call"],
    text: moduleText({
      fields: `(global $sum (mut i64) (i64.const 0))
  (func $large (param i32) (result i32) (local ${repeat(MOST_LOCALS, () => "i64")})
    ${keepAlive(MOST_LOCALS)} (local.get 0))`,
      body: repeat(4, () => "(drop (call $large (i32.const 1)))"),
    }),
  },
  {
    name: "blocks 64 deep",
    family: "deep nesting",
    ops: ["block", "end"],
    text: moduleText({
      body: `${repeat(64, () => "(block")} (local.set $p (i32.add (local.get $p) (i32.const 1))) ${repeat(64, () => ")")}`,
    }),
  },
  {
    name: "br out of 64 blocks",
    family: "deep nesting",
    ops: ["block", "br"],
    text: moduleText({
      body: `(block $out ${repeat(64, () => "(block")} (local.set $p (i32.add (local.get $p) (i32.const 1))) (br $out) ${repeat(64, () => ")")})`,
    }),
  },
  {
    name: "nop",
    family: "instructions that do nothing",
    ops: ["nop"],
    text: moduleText({ body: repeat(1000, () => "(nop)") }),
  },
  {
    name: "global.get and global.set",
    family: "globals",
    ops: ["global.get", "global.set"],
    text: moduleText({
      body: repeat(32, () => "(global.set $g (i32.add (global.get $g) (local.get $n)))"),
    }),
  },
  {
    name: "local.tee and select in a chain",
    family: "select",
    ops: ["select", "local.get"],
    text: moduleText({
      body: `(local.get $xi) ${repeat(32, (k) => `(local.get $bi) (local.get ${k % 2 === 0 ? "$n" : "$p"}) (select)`)} (local.set $xi)`,
    }),
  },
  {
    name: "memory.size",
    family: "memory.size and table.size",
    ops: ["memory.size"],
    text: moduleText({
      body: `(local.get $xi) ${repeat(32, () => "(memory.size) (i32.add)")} (local.set $xi)`,
    }),
  },
];

const tableFields = "(table $t 4096 4096 funcref) (elem $e func $one $one) (func $one)";

const bulk = (name: string, op: string, body: string, fields = "", pages = 2): Case => ({
  name,
  family: op.startsWith("memory") ? "bulk memory" : "tables",
  ops: op === "table.set" ? ["table.get", op] : [op],
  text: moduleText({ body, fields, pages }),
});

/** Sizes of bulk operations: none, one unit's worth, many pages. */
const sizes = [0, 1, 4096, 8 * 1024 * 1024] as const;
const unaligned = 33_554_432 + 1;

const bulks: readonly Case[] = [
  ...sizes.map((size) =>
    bulk(
      `memory.fill of ${size} bytes`,
      "memory.fill",
      repeat(4, () => `(memory.fill (i32.const 65541) (local.get $n) (i32.const ${size}))`),
      "",
      CAP_PAGES,
    ),
  ),
  ...sizes.map((size) =>
    bulk(
      `memory.copy of ${size} bytes`,
      "memory.copy",
      repeat(
        4,
        (k) =>
          `(memory.copy (i32.const ${k % 2 === 0 ? unaligned : 3}) (i32.const ${k % 2 === 0 ? 3 : unaligned}) (i32.const ${size}))`,
      ),
      "",
      CAP_PAGES,
    ),
  ),
  bulk(
    "memory.copy over itself",
    "memory.copy",
    "(memory.copy (i32.const 1) (i32.const 0) (i32.const 8388608)) (memory.copy (i32.const 0) (i32.const 1) (i32.const 8388608))",
    "",
    CAP_PAGES,
  ),
  bulk(
    "memory.init of 8 bytes",
    "memory.init",
    repeat(4, () => "(memory.init $d (i32.const 100) (i32.const 0) (i32.const 8))"),
    '(data $d "12345678")',
  ),
  bulk(
    "data.drop",
    "data.drop",
    repeat(4, () => "(data.drop $d)"),
    '(data $d "12345678")',
  ),
  bulk(
    "table.get and table.set",
    "table.set",
    repeat(
      16,
      (k) =>
        `(table.set $t (i32.const ${k}) (table.get $t (i32.and (local.get $n) (i32.const 1023))))`,
    ),
    tableFields,
  ),
  ...[0, 1, 4096].map((size) =>
    bulk(
      `table.fill of ${size} entries`,
      "table.fill",
      `(table.fill $t (i32.const 0) (ref.func $one) (i32.const ${size}))`,
      tableFields,
    ),
  ),
  ...[0, 1, 2048].map((size) =>
    bulk(
      `table.copy of ${size} entries`,
      "table.copy",
      `(table.copy $t $t (i32.const 2048) (i32.const 0) (i32.const ${size}))`,
      tableFields,
    ),
  ),
  bulk(
    "table.init of 2 entries",
    "table.init",
    "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2))",
    tableFields,
  ),
  bulk(
    "table.grow of 0 entries",
    "table.grow",
    "(drop (table.grow $t (ref.null func) (i32.const 0)))",
    tableFields,
  ),
  {
    name: "memory.grow of no page",
    family: "memory.grow",
    ops: ["memory.grow"],
    text: moduleText({ body: "(drop (memory.grow (i32.const 0)))" }),
  },
  {
    name: "memory.grow by one page, to the cap",
    family: "memory.grow",
    ops: ["memory.grow"],
    once: CAP_PAGES - 4,
    text: moduleText({ body: "(drop (memory.grow (i32.const 1)))" }),
  },
  {
    name: "table.grow by one entry, to the cap",
    family: "tables",
    ops: ["table.grow"],
    once: 60_000,
    text: moduleText({
      body: "(drop (table.grow $t (ref.null func) (i32.const 1)))",
      fields: "(table $t 1 60001 funcref)",
    }),
  },
];

const denied =
  '(import "env" "proxy_get_property" (func $denied (param i32 i32 i32 i32) (result i32)))';

const walls: readonly Case[] = [
  {
    name: "a denied call, answered by its stub",
    family: "denied calls",
    ops: ["call"],
    share: 0.1,
    allow: [],
    text: moduleText({
      body: repeat(
        8,
        () =>
          "(local.set $p (call $denied (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))",
      ),
    }).replace("(module", `(module ${denied}`),
  },
  {
    name: "an empty callback",
    family: "entry of a callback",
    ops: ["global.set", "global.get"],
    share: 0.2,
    entry: true,
    text: `(module ${MARKER} (memory (export "memory") 1) (func (export "proxy_on_log") (param i32)))`,
  },
];

/** Cases that are not made from the opcode table. */
export const cases: readonly Case[] = [...memory, ...flow, ...shapes, ...bulks, ...walls];

/** What the shape limits refuse instead of pricing it. */
export const refusedLocals = `(module ${MARKER} (memory (export "memory") 1) (func (export "run") (param i32) (result i32) (local ${repeat(30_000, () => "i64")}) (local.get 0)))`;

// One hostile or broken module, at least, for every code that verify can answer. Each case is a plan that
// would be accepted but for the one thing that it breaks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyTexts } from "../../src/errors/texts/verify.ts";
import { verify } from "../../src/verify/verify.ts";
import { name, u32 } from "./assemble.ts";
import { forge, type Guest, type Plan, policy, policyWith } from "./forge.ts";

type Code = keyof typeof verifyTexts;

interface Case extends Partial<Plan> {
  readonly why: string;
  readonly code: Code;
  /** Bytes to check instead of a forged module. */
  readonly bytes?: readonly number[];
}

const fine: Guest = { type: ":", code: "CHARGE_G=9 end" };
const only = (code: string, type = ":", locals = ""): { guests: Guest[] } => ({
  guests: [{ type, locals, code }],
});
const table = [0x70, 1, 1, 8];
const inTable = (target: string) => ({
  tables: [table],
  elements: (symbols: (label: string) => number) => [
    [0, 0x41, 0, 0x0b, 1, ...u32(symbols(target))],
  ],
});
const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const denyOnly = policyWith({ allow: new Set() });

const cases: readonly Case[] = [
  { why: "no bytes", code: "verify-malformed", bytes: [] },
  { why: "text", code: "verify-malformed", bytes: [...new TextEncoder().encode("(module)")] },
  { why: "a component", code: "verify-malformed", bytes: [0, 0x61, 0x73, 0x6d, 13, 0, 1, 0] },
  { why: "a section cut short", code: "verify-malformed", bytes: [...magic, 1, 9, 1] },
  {
    why: "bytes left over in a section",
    code: "verify-malformed",
    edit: { memory: (own) => [...own, 0] },
  },
  {
    why: "a function without body",
    code: "verify-malformed",
    edit: { function: (own) => [own[0]! + 1, ...own.slice(1), 0] },
  },
  { why: "a body without end", code: "verify-malformed", ...only("CHARGE_G=9 nop") },
  { why: "bytes after the last end", code: "verify-malformed", ...only("CHARGE_G=99 end nop") },
  { why: "a branch to no label", code: "verify-malformed", ...only("CHARGE_G=99 br 7 end") },
  { why: "an empty module", code: "verify-memory", bytes: magic },
  {
    why: "a padded section size",
    code: "verify-canonical",
    bytes: [...magic, 1, 0x84, 0, 1, 0x60, 0, 0],
  },
  {
    why: "a padded index in code",
    code: "verify-canonical",
    ...only("CHARGE_G=99 local.get 0 drop 0x20 0x80 0x00 drop end", "i:"),
  },
  {
    why: "a padded constant in code",
    code: "verify-canonical",
    ...only("CHARGE_G=99 0x41 0xff 0x7f drop end"),
  },
  { why: "an empty section", code: "verify-canonical", before: { element: [9, 1, 0] } },
  {
    why: "a data segment in the long form",
    code: "verify-canonical",
    data: [[2, 0, 0x41, 0, 0x0b, 0]],
  },
  { why: "an unknown section", code: "verify-section", before: { code: [13, 0] } },
  { why: "a section given twice", code: "verify-section", before: { element: [5, 3, 1, 0, 1] } },
  { why: "a custom section in front", code: "verify-section", before: { type: [0, 2, 1, 0x61] } },
  { why: "a start section", code: "verify-start", before: { element: [8, 1, 0] } },
  {
    why: "too many parameters",
    code: "verify-limits",
    ...only("CHARGE_G=9 end", `${"i".repeat(65)}:`),
    exports: [],
  },
  { why: "too many locals", code: "verify-limits", ...only("CHARGE_G=9999 end", ":", "30000i") },
  {
    why: "a frame above the limit",
    code: "verify-limits",
    ...only("CHARGE_G=9999 end", ":", "2100i"),
  },
  {
    why: "nesting above the limit",
    code: "verify-limits",
    ...only(`CHARGE_G=9999 ${"block ".repeat(1001)}${"end ".repeat(1002)}`),
  },
  {
    why: "externref",
    code: "verify-type",
    edit: { type: (own) => [own[0]! + 1, ...own.slice(1), 0x60, 1, 0x6f, 0] },
  },
  { why: "a tail call", code: "verify-opcode", ...only("CHARGE_G=99 0x12 0x00 end") },
  { why: "an atomic", code: "verify-opcode", ...only("CHARGE_G=99 0xfe 0x03 0x00 end") },
  {
    why: "a relaxed vector instruction",
    code: "verify-opcode",
    ...only("CHARGE_G=99 0xfd 0x80 0x02 end"),
  },
  {
    why: "an undefined 0xfc instruction",
    code: "verify-opcode",
    ...only("CHARGE_G=99 0xfc 0xff 0x7f end"),
  },
  {
    why: "an extended constant",
    code: "verify-constant",
    globals: [[0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b]],
  },
  {
    why: "a constant that reads a global",
    code: "verify-constant",
    globals: [
      [0x7f, 0, 0x41, 1, 0x0b],
      [0x7f, 0, 0x23, 0, 0x0b],
    ],
  },
  {
    why: "an imported memory",
    code: "verify-import-kind",
    before: { function: [2, 8, 1, 1, 0x61, 1, 0x62, 2, 0, 1] },
  },
  { why: "an import that no host has", code: "verify-import-unknown", imports: ["env.proxy_exec"] },
  { why: "a WASI function under env", code: "verify-import-unknown", imports: ["env.fd_write"] },
  {
    why: "an import that the policy denies",
    code: "verify-import",
    imports: ["env.proxy_http_call"],
  },
  {
    why: "an import of another type",
    code: "verify-import-signature",
    imports: ["env.proxy_log"],
    edit: { import: (own) => [...own.slice(0, -1), 1] },
  },
  {
    why: "imports out of order",
    code: "verify-import-order",
    imports: ["env.proxy_log", "env.proxy_get_buffer_bytes"],
  },
  {
    why: "the same import twice",
    code: "verify-import-order",
    imports: ["env.proxy_log", "env.proxy_log"],
  },
  { why: "a maximum above the cap", code: "verify-memory", memory: [1, 1, 17] },
  { why: "a memory without maximum", code: "verify-memory", memory: [0, 1] },
  { why: "a shared memory", code: "verify-memory", memory: [3, 1, 2] },
  {
    why: "two memories",
    code: "verify-memory",
    edit: { memory: (own) => [2, ...own.slice(1), 1, 1, 1] },
  },
  { why: "a table without maximum", code: "verify-table", tables: [[0x70, 0, 1]] },
  { why: "a table of typed references", code: "verify-table", tables: [[0x64, 0x70, 1, 1, 1]] },
  {
    why: "tables beyond the limit in sum",
    code: "verify-limits",
    tables: [
      [0x70, 1, 1, 0x80, 0x80, 2],
      [0x70, 1, 1, 0x80, 0x80, 3],
    ],
  },
  {
    why: "a fuel global that starts full",
    code: "verify-global",
    edit: { global: (own) => own.map((byte, i) => (i === 4 ? 9 : byte)) },
  },
  {
    why: "no injected globals",
    code: "verify-global",
    edit: { global: () => [1, 0x7f, 1, 0x41, 0, 0x0b] },
  },
  {
    why: "no exported memory",
    code: "verify-export",
    edit: { export: (own) => [own[0]! - 1, ...own.slice(1 + 9)] },
  },
  {
    why: "the memory under another name",
    code: "verify-export",
    edit: { export: (own) => own.map((byte, i) => (i === 2 ? 0x4d : byte)) },
  },
  {
    why: "a second export of the memory",
    code: "verify-export",
    edit: { export: (own) => [own[0]! + 1, ...own.slice(1), ...name("zz"), 2, 0] },
  },
  {
    why: "an exported table",
    code: "verify-export",
    tables: [table],
    edit: { export: (own) => [own[0]! + 1, ...own.slice(1), ...name("tab"), 1, 0] },
  },
  {
    why: "an exported guest global",
    code: "verify-export",
    globals: [[0x7f, 1, 0x41, 1, 0x0b]],
    edit: { export: (own) => [own[0]! + 1, ...own.slice(1), ...name("sp"), 3, 0] },
  },
  {
    why: "a missing global export",
    code: "verify-export",
    edit: { export: (own) => [own[0]! - 1, ...own.slice(1, -18)] },
  },
  {
    why: "a guest function exported as it is",
    code: "verify-export",
    exports: [
      ["a", 0],
      ["b", 0],
    ],
    guests: [fine],
    edit: {
      export: (own) => own.map((byte, i) => (i === own.indexOf(0x62) + 2 ? byte + 1 : byte)),
    },
  },
  {
    why: "a first function export that leaves no room for helpers",
    code: "verify-export",
    edit: { export: (own) => own.map((byte, i) => (i === own.indexOf(0x30) + 2 ? 0 : byte)) },
  },
  {
    why: "a first function export that leaves no room for wrappers",
    code: "verify-export",
    exports: [
      ["b", 0],
      ["c", 0],
      ["d", 0],
    ],
    edit: { export: (own) => own.map((byte, i) => (i === own.indexOf(0x62) + 2 ? 4 : byte)) },
  },
  {
    why: "a memory whose name begins with a byte order mark",
    code: "verify-export",
    edit: { export: (own) => [own[0]!, ...name("\ufeffmemory"), ...own.slice(8)] },
  },
  {
    why: "an export of a function that is not there",
    code: "verify-malformed",
    exports: [["b", 0]],
    edit: { export: (own) => own.map((byte, i) => (i === own.indexOf(0x62) + 2 ? 99 : byte)) },
  },
  {
    why: "a block type that is not there",
    code: "verify-malformed",
    ...only("CHARGE_G=99 0x02 0x3f end end"),
  },
  {
    why: "a negative block type",
    code: "verify-malformed",
    ...only("CHARGE_G=99 0x02 0x7a end end"),
  },
  {
    why: "a frame of vectors that only calls bring in",
    code: "verify-limits",
    exports: [["a", 0]],
    guests: [
      { type: ":", code: `CHARGE_G=9999 ${"call $g1 ".repeat(700)} ${"drop ".repeat(700)} end` },
      { type: ":v", code: "CHARGE_G=20 v128.const end" },
    ],
  },
  { why: "a function under a reserved name", code: "verify-export", exports: [["glovebox_x", 0]] },
  {
    why: "a module start beside a synthesised one",
    code: "verify-wrapper",
    start: 0,
    exports: [
      ["_initialize", "added"],
      ["_start", 0],
    ],
  },
  {
    why: "a synthesised start without start function",
    code: "verify-wrapper",
    exports: [["_initialize", "added"]],
  },
  {
    why: "a callback that the policy does not allow",
    code: "verify-callback",
    policy: policyWith({ callbacks: new Set(["proxy_on_log"]) }),
    exports: [["proxy_on_tick", 0]],
    ...only("CHARGE_G=9 end", "i:"),
  },
  {
    why: "a callback of another type",
    code: "verify-callback-signature",
    exports: [["proxy_on_log", 0]],
  },
  {
    why: "a thunk that skips its price",
    code: "verify-generated",
    imports: ["env.proxy_log"],
    rewrite: (label, body) =>
      label.startsWith("thunk") ? [0, 0x20, 0, 0x20, 1, 0x20, 2, 0x10, 0, 0x0b] : body,
  },
  {
    why: "a stub that answers success",
    code: "verify-generated",
    stubs: ["proxy_done"],
    policy: denyOnly,
    rewrite: (label, body) => (label.startsWith("stub") ? [...body.slice(0, -2), 0, 0x0b] : body),
  },
  {
    why: "a grow helper with another cap",
    code: "verify-generated",
    helpers: ["grow"],
    rewrite: (label, body) =>
      label === "grow" ? body.map((byte) => (byte === 16 ? 17 : byte)) : body,
  },
  {
    why: "a guard that finds everything inside",
    code: "verify-generated",
    imports: ["env.proxy_log"],
    rewrite: (label, body) => (label === "inside" ? [0, 0x41, 1, 0x0b] : body),
  },
  {
    why: "an enter that never traps",
    code: "verify-generated",
    rewrite: (label, body) => (label === "enter" ? [0, ...body.slice(6)] : body),
  },
  {
    why: "a deny that does not put back the window",
    code: "verify-generated",
    imports: ["env.proxy_log"],
    stubs: ["proxy_done"],
    rewrite: (label, body) => (label === "deny" ? [...body.slice(0, -10), 0x0b, 0x0b] : body),
  },
  { why: "a denial log without proxy_log", code: "verify-generated", stubs: ["proxy_done"] },
  {
    why: "an unknown function before the helpers",
    code: "verify-generated",
    stubs: ["proxy_done"],
    policy: denyOnly,
    rewrite: (label, body) => (label.startsWith("stub") ? [0, 0x41, 0, 0x0b] : body),
  },
  {
    why: "a helper of another type",
    code: "verify-generated-type",
    imports: ["env.proxy_log"],
    edit: { function: (own) => own.map((byte, i) => (i === 3 ? own[1]! : byte)) },
  },
  {
    why: "a stub of an allowed function",
    code: "verify-stub",
    stubs: ["proxy_done"],
    policy: policyWith({ allow: new Set(["proxy_done"]) }),
  },
  {
    why: "stubs out of order",
    code: "verify-stub",
    stubs: ["proxy_http_call", "proxy_done"],
    policy: denyOnly,
  },
  {
    why: "a wrapper with a greater budget",
    code: "verify-wrapper",
    rewrite: (label, body) =>
      label.startsWith("wrapper") ? body.map((byte, i) => (i === 4 ? byte + 1 : byte)) : body,
  },
  {
    why: "a wrapper that does not close",
    code: "verify-wrapper",
    rewrite: (label, body) => (label.startsWith("wrapper") ? [...body.slice(0, -3), 0x0b] : body),
  },
  {
    why: "a callback wrapped as an allocator",
    code: "verify-wrapper",
    exports: [["malloc", 0]],
    ...only("CHARGE_G=10 local.get 0 end", "i:i"),
    edit: { export: (own) => own.map((byte, i) => (i === own.indexOf(0x6d, 10) ? 0x6e : byte)) },
  },
  {
    why: "a budget below the cost of entering",
    code: "verify-budget",
    policy: policyWith({}, { fuel: { ...policy.limits.fuel, callback: 1024 } }),
  },
  {
    why: "a start budget below the cost of entering",
    code: "verify-budget",
    start: 0,
    policy: policyWith({}, { fuel: { ...policy.limits.fuel, start: 1024 } }),
  },
  {
    why: "an allocator that charges nothing",
    code: "verify-target",
    exports: [["malloc", 0]],
    ...only("local.get 0 end", "i:i"),
  },
  { why: "a start function that charges nothing", code: "verify-target", start: 0, ...only("end") },
  {
    why: "an export that leaves too much to the reserve",
    code: "verify-target",
    ...only(`${"nop ".repeat(600)} end`),
  },
  {
    why: "a wrapper that calls a wrapper",
    code: "verify-target",
    exports: [["a", 0]],
    rewrite: (label, body) =>
      label === "wrapper a"
        ? body.map((byte, i) => (body[i - 1] === 0x10 && i > 9 ? 1 : byte))
        : body,
  },
  {
    why: "other denial messages",
    code: "verify-messages",
    imports: ["env.proxy_log"],
    stubs: ["proxy_done"],
    edit: { data: (own) => own.map((byte, i) => (i === 9 ? 0x58 : byte)) },
  },
  {
    why: "a guest call of an import",
    code: "verify-import-named",
    imports: ["env.proxy_log"],
    ...only("CHARGE_G=999 i32.const 0 i32.const 0 i32.const 0 call 0 drop end"),
  },
  {
    why: "a guest call of enter",
    code: "verify-private-function",
    ...only("CHARGE_G=999 call $enter end"),
  },
  {
    why: "a guest call of a guard",
    code: "verify-private-function",
    imports: ["env.proxy_log"],
    ...only("CHARGE_G=999 i32.const 0 i32.const 0 call $inside drop end"),
  },
  {
    why: "a guest call of a bulk helper alone",
    code: "verify-private-function",
    helpers: ["bulkBytes"],
    ...only("CHARGE_G=999 i32.const 0 call $bulkBytes drop end"),
  },
  {
    why: "the bulk helper of the other kind",
    code: "verify-private-function",
    helpers: ["bulkElems"],
    ...only("CHARGE_G=999 i32.const 0 i32.const 0 i32.const 0 call $bulkElems memory.fill 0 end"),
  },
  {
    why: "a guest that drops the denial messages",
    code: "verify-private-data",
    imports: ["env.proxy_log"],
    stubs: ["proxy_done"],
    ...only("CHARGE_G=999 data.drop 0 end"),
  },
  {
    why: "an uncharged function in a table",
    code: "verify-uncharged-named",
    ...inTable("g1"),
    guests: [fine, { type: ":", code: "end" }],
  },
  {
    why: "an uncharged circle",
    code: "verify-uncharged-cycle",
    exports: [["a", 0]],
    guests: [fine, { type: ":", code: "call $g2 end" }, { type: ":", code: "call $g1 end" }],
  },
  {
    why: "a guest that reads the fuel",
    code: "verify-template",
    ...only("CHARGE_G=99 global.get $fuel drop end"),
  },
  {
    why: "a guest that writes the fuel",
    code: "verify-template",
    ...only("CHARGE_G=99 i64.const 5 global.set $fuel end"),
  },
  {
    why: "a guest that writes the phase",
    code: "verify-template",
    ...only("CHARGE_G=99 i32.const 1 global.set $phase end"),
  },
  {
    why: "a guest that clears a denial bit",
    code: "verify-template",
    ...only("CHARGE_G=99 i64.const 0 global.set $denied0 end"),
  },
  { why: "a charge without its test", code: "verify-exact-only", ...only("SUB_G=99 end") },
  {
    why: "a charge whose test never traps",
    code: "verify-template",
    ...only("CHARGE_G=99 global.get $fuel i64.const 0 i64.lt_s if nop end end"),
  },
  {
    why: "a guest that writes the fuel local",
    code: "verify-template",
    ...only("ENTER_L=0,99 i64.const 5 local.set 0 FLUSH=0 end", ":", "1I"),
  },
  {
    why: "a guest that reads the fuel local before it is one",
    code: "verify-template",
    ...only("CHARGE_G=99 local.get 0 drop LOAD=0 FLUSH=0 end", ":", "1I"),
  },
  {
    why: "a fuel local that is not the last",
    code: "verify-template",
    ...only("ENTER_L=0,99 FLUSH=0 end", ":", "1I 1i"),
  },
  {
    why: "a fuel local in a group of two",
    code: "verify-template",
    ...only("ENTER_L=1,99 FLUSH=1 end", ":", "2I"),
  },
  {
    why: "a parameter as fuel local",
    code: "verify-template",
    ...only("ENTER_L=0,99 FLUSH=0 end", "I:"),
  },
  { why: "a charge of nothing", code: "verify-charge-range", ...only("CHARGE_G=0 end") },
  {
    why: "code that nobody paid for",
    code: "verify-credit",
    ...only("CHARGE_G=20 nop nop nop nop nop nop nop nop nop nop nop nop nop end"),
  },
  {
    why: "a loop that pays nothing",
    code: "verify-credit",
    ...only("CHARGE_G=99 loop br 0 end end"),
  },
  {
    why: "a call whose parameters are not paid",
    code: "verify-credit",
    ...only("CHARGE_G=16 local.get 0 local.get 0 call $g1 end", "i:"),
    guests: [
      { type: "i:", code: "CHARGE_G=16 local.get 0 local.get 0 call $g1 end" },
      { type: "ii:", code: "CHARGE_G=9 end" },
    ],
  },
  {
    why: "a row of templates in front of a charge",
    code: "verify-credit",
    ...only(`CHARGE_G=8 ${"STACK_IN=300 STACK_OUT=300 ".repeat(40)} CHARGE_G=999 end`),
  },
  {
    why: "locals that nobody paid for",
    code: "verify-credit",
    ...only("CHARGE_G=9 end", ":", "64i"),
  },
  {
    why: "a shortfall above the limit",
    code: "verify-shortfall",
    exports: [["a", 0]],
    guests: [fine, { type: ":", code: `${"nop ".repeat(5000)} end` }],
  },
  {
    why: "a subtraction that was not tested",
    code: "verify-headroom",
    policy: policyWith({}, { fuel: { ...policy.limits.fuel, mode: "exact" } }),
    ...only("TEST_G=20 SUB_G=15 SUB_G=15 end"),
  },
  {
    why: "a subtraction after a call",
    code: "verify-headroom",
    policy: policyWith({}, { fuel: { ...policy.limits.fuel, mode: "exact" } }),
    guests: [{ type: ":", code: "TEST_G=90 SUB_G=40 call $g1 SUB_G=15 end" }, fine],
  },
  {
    why: "exact metering under a bound policy",
    code: "verify-exact-only",
    ...only("TEST_G=20 SUB_G=15 end"),
  },
  {
    why: "a global charge while the fuel is in a local",
    code: "verify-mode",
    ...only("ENTER_L=0,99 CHARGE_G=9 FLUSH=0 end", ":", "1I"),
  },
  {
    why: "a local charge while the fuel is in the global",
    code: "verify-mode",
    ...only("ENTER_L=0,99 FLUSH=0 CHARGE_L=0,9 end", ":", "1I"),
  },
  {
    why: "an indirect call with the fuel in a local",
    code: "verify-mode",
    ...inTable("g0"),
    ...only("ENTER_L=0,99 i32.const 0 call_indirect : 0 FLUSH=0 end", ":", "1I"),
  },
  {
    why: "two edges with the fuel in different places",
    code: "verify-label",
    ...only("ENTER_L=1,99 local.get 0 if FLUSH=1 end FLUSH=1 end", "i:", "1I"),
  },
  {
    why: "two edges with different depth",
    code: "verify-label",
    ...only("CHARGE_G=99 local.get 0 if STACK_IN=300 end end", "i:"),
  },
  {
    why: "a return with the fuel in a local",
    code: "verify-exit",
    ...only("ENTER_L=0,99 return end", ":", "1I"),
  },
  {
    why: "an end under a stack charge",
    code: "verify-exit",
    ...only("CHARGE_G=99 STACK_IN=300 end"),
  },
  {
    why: "a branch to the function under a stack charge",
    code: "verify-exit",
    ...only("CHARGE_G=99 STACK_IN=300 br 0 end"),
  },
  { why: "code after a return", code: "verify-dead-code", ...only("CHARGE_G=99 return nop end") },
  {
    why: "memory.fill that is not charged",
    code: "verify-bulk",
    ...only("CHARGE_G=999 i32.const 0 i32.const 0 i32.const 9 memory.fill 0 end"),
  },
  {
    why: "table.copy that is not charged",
    code: "verify-bulk",
    tables: [table],
    ...only("CHARGE_G=999 i32.const 0 i32.const 0 i32.const 9 table.copy 0 0 end"),
  },
  {
    why: "a guest that grows its memory itself",
    code: "verify-grow",
    ...only("CHARGE_G=9999 i32.const 1 memory.grow 0 drop end"),
  },
  {
    why: "a stack charge within another",
    code: "verify-depth",
    ...only("CHARGE_G=99 STACK_IN=300 STACK_IN=300 STACK_OUT=300 end"),
  },
  {
    why: "another stack charge given back",
    code: "verify-depth",
    ...only("CHARGE_G=99 STACK_IN=300 STACK_OUT=400 end"),
  },
  {
    why: "recursion without stack charge",
    code: "verify-stack-cycle",
    ...only("CHARGE_G=99 call $g0 end"),
  },
  {
    why: "recursion through a table without stack charge",
    code: "verify-stack-cycle",
    ...inTable("g0"),
    ...only("CHARGE_G=99 i32.const 0 call_indirect : 0 end"),
  },
  {
    why: "a stack charge below the callee's frame",
    code: "verify-stack-charge",
    ...only("CHARGE_G=99 STACK_IN=256 call $g0 STACK_OUT=256 end", ":", "100i"),
  },
  {
    why: "a stack charge below the share of the call depth",
    code: "verify-stack-charge",
    policy: policyWith({}, { callDepth: 10 }),
    ...only("CHARGE_G=99 STACK_IN=900 call $g0 STACK_OUT=900 end"),
  },
  {
    why: "an entry path above its share",
    code: "verify-entry-stack",
    policy: policyWith({}, { stackBytes: 2048 }),
  },
  {
    why: "a custom section that is not kept",
    code: "verify-custom-section",
    customs: [{ name: "linking", bytes: [] }],
  },
  {
    why: "custom sections out of order",
    code: "verify-custom-section",
    customs: [
      { name: "producers", bytes: [0] },
      { name: "name", bytes: [] },
    ],
  },
  {
    why: "two stamps",
    code: "verify-custom-section",
    customs: [
      { name: "glovebox", bytes: [] },
      { name: "glovebox", bytes: [] },
    ],
  },
  {
    why: "a name subsection cut short",
    code: "verify-malformed",
    customs: [{ name: "name", bytes: [1, 99, 0] }],
  },
  {
    why: "bytes left over in a name subsection",
    code: "verify-malformed",
    customs: [{ name: "name", bytes: [1, 3, 0, 0, 0] }],
  },
  {
    why: "denial messages in an active segment",
    code: "verify-messages",
    imports: ["env.proxy_log"],
    stubs: ["proxy_done"],
    edit: { data: () => [1, 0, 0x41, 0, 0x0b, 0] },
  },
  {
    why: "names out of order",
    code: "verify-name-section",
    customs: [{ name: "name", bytes: [1, 7, 2, 1, ...name("a"), 1, ...name("b")] }],
  },
  {
    why: "a name of a function that is not there",
    code: "verify-malformed",
    customs: [{ name: "name", bytes: [1, 6, 1, 99, ...name("run")] }],
  },
  {
    why: "a name with a line break",
    code: "verify-name-section",
    customs: [{ name: "name", bytes: [1, 6, 1, 0, ...name("a\nb")] }],
  },
  {
    why: "names of locals",
    code: "verify-name-section",
    customs: [{ name: "name", bytes: [2, 1, 0] }],
  },
  {
    why: "a type error in a body",
    code: "verify-engine",
    ...only("CHARGE_G=99 f32.const i32.eqz drop end"),
  },
];

for (const { why, code, bytes, ...plan } of cases) {
  test(`${why} is refused with ${code}`, () => {
    const module =
      bytes === undefined ? forge({ guests: [fine], ...plan }) : Uint8Array.from(bytes);
    const found = verify(module, plan.policy ?? policy);
    const codes = found.map((one) => one.code);
    assert.ok(codes.includes(code), `found ${codes.join(", ") || "nothing"}`);
    for (const one of found) assert.equal(one.where?.at, "bytes");
  });
}

test("every code of the verify area has a case", () => {
  const tried = new Set(cases.map((one) => one.code));
  const missing = Object.keys(verifyTexts).filter((code) => !tried.has(code as Code));
  assert.deepEqual(missing, []);
});

test("every message has its arguments", () => {
  for (const { bytes, code: _, why: __, ...plan } of cases) {
    const module =
      bytes === undefined ? forge({ guests: [fine], ...plan }) : Uint8Array.from(bytes);
    for (const one of verify(module, plan.policy ?? policy))
      assert.doesNotMatch(one.message, /[{}]/);
  }
});

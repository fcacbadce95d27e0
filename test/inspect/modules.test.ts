// Modules written by hand, each for one thing that inspect has to see; and bytes that are no module.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { textOf } from "../../src/errors/catalogue.ts";
import { Failure, type Finding } from "../../src/errors/failure.ts";
import { inspect } from "../../src/inspect/inspect.ts";
import { stockMemoryPages } from "../../src/spec/envoy-versions.ts";
import { hostFunctions } from "../../src/spec/host-functions.ts";
import { Writer } from "../../src/util/bytes.ts";
import { wat } from "../wat.ts";

const MARKER = `(func (export "proxy_abi_version_0_2_1"))`;
const MALLOC = `(func (export "malloc") (param i32) (result i32) (i32.const 8))`;
const MEMORY = `(memory (export "memory") 1)`;
const LOG = `(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))`;
const CALL_LOG = `(drop (call $log (i32.const 0) (i32.const 0) (i32.const 0)))`;

const found = (text: string): ReadonlyMap<string, Finding> =>
  new Map(inspect(wat(text)).findings.map((one) => [one.code, one]));

function custom(module: Uint8Array, name: string, content: readonly number[] = []): Uint8Array {
  const inner = new Writer();
  inner.name(name);
  inner.raw(content);
  const out = new Writer();
  out.raw(module);
  out.u8(0);
  out.sized(inner);
  return out.view().slice();
}

const whole = (more: string, imports = ""): string =>
  `(module ${imports} ${MEMORY} ${MARKER} ${MALLOC} ${more})`;
const callback = `(func (export "proxy_on_log") (param i32))`;

test("a sound module has no findings", () => {
  const report = inspect(wat(whole(callback)));
  assert.deepEqual(report.findings, []);
  assert.deepEqual(report.stock, { verdict: "loads", since: "1.28" });
});

test("an empty module is missing everything", () => {
  const report = inspect(wat("(module)"));
  const errors = report.findings.filter((one) => one.level === "error").map((one) => one.code);
  assert.deepEqual(errors, ["inspect-abi-missing", "inspect-allocator-missing"]);
  assert.equal(report.memory, null);
  assert.equal(report.leastPolicy.role, null);
});

test("the first marker decides, and the other is named", () => {
  const text = whole(`(func (export "proxy_abi_version_0_1_0")) ${callback}`);
  assert.equal(inspect(wat(text)).abi.version, "0.2.1");
  assert.match(found(text).get("inspect-abi-several")?.message ?? "", /0_2_1 counts.*0_1_0/);
});

test("an import of the wrong type or kind is a refusal that says both types and where", () => {
  const text = whole(callback, `(import "env" "proxy_log" (func (param i64) (result i32)))`);
  const finding = found(text).get("inspect-import-type");
  assert.equal(finding?.level, "error");
  assert.match(finding?.message ?? "", /\(i64\) -> i32.*\(i32 i32 i32\) -> i32/);
  assert.equal(finding?.where?.at, "bytes");
  const global = whole(callback, `(import "env" "proxy_log" (global i32))`);
  assert.equal(found(global).get("inspect-import-kind")?.level, "error");
});

test("a marker-less module is not blamed for the ABI versions of its imports", () => {
  const text = `(module (import "env" "proxy_continue_request" (func (result i32))) ${MEMORY} ${MALLOC} ${callback})`;
  const codes = [...found(text).keys()];
  assert.deepEqual(codes, ["inspect-abi-missing"]);
});

test("a path from the start section to the log is a crash where it is certain, a warning where it is not", () => {
  const start = (body: string) =>
    whole(`${callback} (func $go ${body}) (func $s (call $go)) (start $s)`, LOG);
  assert.equal(found(start(CALL_LOG)).get("inspect-start-crash")?.level, "error");
  const guarded = found(start(`(if (i32.eqz (i32.load (i32.const 0))) (then ${CALL_LOG}))`));
  assert.equal(guarded.get("inspect-start-crash"), undefined);
  assert.equal(guarded.get("inspect-start-may-crash")?.level, "warning");
  const none = found(
    whole(
      `${callback} (func $s) (start $s) (func (export "proxy_on_done") (param i32) (result i32) ${CALL_LOG} (i32.const 1))`,
      LOG,
    ),
  );
  assert.equal(none.get("inspect-start-may-crash"), undefined);
});

test("a start function that must make a call which hosts trap at that time is a refusal", () => {
  const tick = `(import "env" "proxy_done" (func $done (result i32)))`;
  const text = whole(`${callback} (func (export "_initialize") (drop (call $done)))`, tick);
  assert.equal(found(text).get("inspect-start-restricted")?.level, "error");
  const allowed = whole(`${callback} (func (export "_initialize") ${CALL_LOG})`, LOG);
  assert.equal(found(allowed).get("inspect-start-restricted"), undefined);
});

test("_start is not run beside _initialize", () => {
  const both = whole(`${callback} (func (export "_start")) (func (export "_initialize"))`);
  assert.deepEqual(inspect(wat(both)).startFunctions, ["_initialize"]);
});

test("a minimum memory is refused from one page above what hosts give", () => {
  const text = (pages: number) =>
    `(module (memory (export "memory") ${pages}) ${MARKER} ${MALLOC} ${callback})`;
  assert.equal(found(text(stockMemoryPages)).get("inspect-memory-minimum"), undefined);
  assert.equal(found(text(stockMemoryPages + 1)).get("inspect-memory-minimum")?.level, "error");
});

test("a memory under another name is told apart from none", () => {
  const text = `(module (memory (export "mem") 1) ${MARKER} ${MALLOC} ${callback})`;
  assert.equal(found(text).get("inspect-memory-name")?.level, "warning");
  const none = `(module (memory 1) ${MARKER} ${MALLOC} ${callback})`;
  assert.equal(found(none).get("inspect-memory-unexported")?.level, "warning");
});

test("a WASI function of a late release says since when", () => {
  const text = whole(
    callback,
    `(import "wasi_snapshot_preview1" "sock_shutdown" (func (param i32 i32) (result i32)))`,
  );
  assert.equal(inspect(wat(text)).stock.since, "1.39");
  assert.equal(found(text).get("inspect-import-since")?.level, "warning");
});

test("a draft's name for a request callback is a warning with the real name", () => {
  const text = whole(
    `${callback} (func (export "proxy_on_http_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))`,
  );
  assert.match(
    found(text).get("inspect-callback-draft")?.message ?? "",
    /proxy_on_request_headers is what/,
  );
});

test("a callback that hosts of the module's ABI don't call leads nowhere", () => {
  const body = `(func (export "proxy_on_foreign_function") (param i32 i32 i32) ${CALL_LOG})`;
  const old = `(module ${LOG} ${MEMORY} (func (export "proxy_abi_version_0_1_0")) ${MALLOC} ${body})`;
  const report = inspect(wat(old));
  assert.equal(report.callbacks[0]?.called, false);
  assert.equal(report.imports[0]?.reach, "unused");
  assert.ok(report.findings.some((one) => one.code === "inspect-callback-none"));
  const current = inspect(wat(old.replace("0_1_0", "0_2_1")));
  assert.equal(current.imports[0]?.reach, "reachable");
});

test("an exported function that no host looks up makes nothing reachable", () => {
  const report = inspect(wat(whole(`${callback} (func (export "bench") ${CALL_LOG})`, LOG)));
  assert.equal(report.imports[0]?.reach, "unused");
  assert.deepEqual(report.otherExports, ["bench"]);
  assert.deepEqual(report.leastPolicy.allow, []);
  assert.deepEqual(
    report.leastPolicy.leftOut.map((one) => one.name),
    ["proxy_log"],
  );
});

test("an import in a table is indirect only where a call of its type goes through a table", () => {
  const table = `(table 1 funcref) (elem (i32.const 0) $log)`;
  const call = (type: string, args: string) =>
    `(func (export "proxy_on_log") (param i32) (drop (call_indirect ${type} ${args} (i32.const 0))))`;
  const zero = "(i32.const 0)";
  const same = whole(
    `${table} ${call("(param i32 i32 i32) (result i32)", `${zero} ${zero} ${zero}`)}`,
    LOG,
  );
  const other = whole(`${table} ${call("(param i32) (result i32)", zero)}`, LOG);
  assert.equal(inspect(wat(same)).imports[0]?.reach, "indirect");
  assert.equal(inspect(wat(other)).imports[0]?.reach, "unused");
});

test("a function imported twice is one row, with the wider reach", () => {
  const twice = `${LOG} ${LOG.replace("$log", "$second")}`;
  const calls = CALL_LOG.replace("$log", "$second");
  const report = inspect(wat(whole(`(func (export "proxy_on_log") (param i32) ${calls})`, twice)));
  assert.deepEqual(
    report.imports.map((one) => [one.name, one.reach]),
    [["proxy_log", "reachable"]],
  );
  assert.equal(report.functions.imported, 2);
});

test("WASI under both module names is two imports and one entry of the policy", () => {
  const wasi = (module: string) =>
    `(import "${module}" "sched_yield" (func $${module} (result i32)))`;
  const imports = `${wasi("wasi_unstable")} ${wasi("wasi_snapshot_preview1")}`;
  const body = `(func (export "proxy_on_log") (param i32) (drop (call $wasi_unstable)))`;
  const { imports: rows, leastPolicy } = inspect(wat(whole(body, imports)));
  assert.deepEqual(
    rows.map((one) => [one.module, one.reach]),
    [
      ["wasi_unstable", "reachable"],
      ["wasi_snapshot_preview1", "unused"],
    ],
  );
  assert.deepEqual(
    leastPolicy.allow.map((one) => one.name),
    ["sched_yield"],
  );
});

test("the memory cap gives room to grow, and none that the module could not take", () => {
  const grow = `(func (drop (memory.grow (i32.const 1))))`;
  const cap = (memory: string, more: string) => {
    const text = `(module (memory (export "memory") ${memory}) ${MARKER} ${MALLOC} ${callback} ${more})`;
    return inspect(wat(text)).leastPolicy.memoryPages;
  };
  assert.equal(cap("1", ""), 1);
  assert.equal(cap("0", ""), 1);
  assert.equal(cap("1", grow), 1024);
  assert.equal(cap("1 100", grow), 100);
  assert.equal(cap("600", grow), 2048);
  assert.equal(cap(`${stockMemoryPages - 1}`, grow), stockMemoryPages);
  assert.equal(cap("20000", grow), 20_000);
});

test("an imported memory is told, and is none that is missing", () => {
  const text = `(module (import "env" "memory" (memory 2 4)) ${MARKER} ${MALLOC} ${callback})`;
  const report = inspect(wat(text));
  assert.deepEqual(report.memory, { min: 2, max: 4, imported: true, exportedAs: [], grows: false });
  assert.deepEqual(
    report.findings.map((one) => [one.code, one.level]),
    [["inspect-import-made", "warning"]],
  );
});

test("dead code calls nothing", () => {
  const report = inspect(
    wat(whole(`(func (export "proxy_on_log") (param i32) (return) ${CALL_LOG})`, LOG)),
  );
  assert.equal(report.imports[0]?.reach, "unused");
});

test("features are those that the module uses", () => {
  const features = (more: string) => inspect(wat(whole(more))).features;
  assert.deepEqual(features(callback), []);
  assert.deepEqual(features(`(func (param i32) (result i32) (i32.extend8_s (local.get 0)))`), [
    "sign-extension",
  ]);
  assert.deepEqual(features(`(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))`), [
    "bulk-memory",
  ]);
  assert.deepEqual(features(`(func (result i32 i32) (i32.const 0) (i32.const 0))`), [
    "multi-value",
  ]);
  assert.deepEqual(features(`(global (export "g") (mut i32) (i32.const 0))`), ["mutable-globals"]);
});

test("machine code in a custom section is a warning with its size", () => {
  const plain = wat(whole(callback));
  for (const name of ["precompiled_wee8_v1_linux", "wamr-aot"]) {
    const report = inspect(custom(plain, name, [1, 2, 3]));
    const finding = report.findings.find((one) => one.code === "inspect-native-code");
    assert.match(finding?.message ?? "", new RegExp(`${name} .*3 bytes`));
  }
});

test("sections add up to the module", () => {
  const bytes = custom(wat(whole(callback)), "notes", [1, 2, 3]);
  const { sections } = inspect(bytes);
  assert.deepEqual(sections.at(-1), { name: "custom", custom: "notes", bytes: 9 });
  const content = sections.reduce((sum, one) => sum + one.bytes, 0);
  // Small sections: one byte of id and one of size each, after eight bytes of header.
  assert.equal(8 + content + 2 * sections.length, bytes.length);
});

test("a producers section that lies about its lengths tells what is readable and throws nothing", () => {
  const bytes = custom(wat(whole(callback)), "producers", [5, 0x7f, 1, 2]);
  assert.equal(inspect(bytes).sdk.language, null);
  const go = [
    1,
    8,
    ...Buffer.from("language"),
    1,
    2,
    ...Buffer.from("Go"),
    3,
    ...Buffer.from("1.2"),
  ];
  const report = inspect(custom(wat(whole(callback)), "producers", [...go, 9, 9]));
  assert.equal(report.sdk.language, "Go");
  assert.deepEqual(report.sdk.evidence, ["its producers section says language Go 1.2"]);
});

test("a Rust plugin traps when a call is denied, save those that the SDK hands on", () => {
  const names = hostFunctions.filter(
    (row) => row.module === "env" && row.abis.includes("0.2.1") && row.gated,
  );
  const type = (row: (typeof names)[number]) =>
    `${row.params.map((one) => `(param ${one.type})`).join(" ")} (result i32)`;
  const imports = names.map((row) => `(import "env" "${row.name}" (func ${type(row)}))`).join("\n");
  const rust = [1, 12, ...Buffer.from("processed-by"), 1, 5, ...Buffer.from("rustc"), 1, 0x31];
  const report = inspect(custom(wat(whole(callback, imports)), "producers", rust));
  assert.equal(report.sdk.id, "rust");
  const traps = new Map(report.imports.map((one) => [one.name, one.denialTraps]));
  assert.equal(traps.get("proxy_get_header_map_value"), true);
  assert.equal(traps.get("proxy_http_call"), false);
  assert.equal(traps.get("proxy_get_property"), false);
});

test("a module that is not valid is refused by the engine's word", () => {
  const bytes = wat(whole(`(func (result i32) (i32.const 7))`));
  const at = bytes.lastIndexOf(0x41);
  bytes.set([0x01, 0x01], at); // nop nop instead of the constant
  assert.throws(() => inspect(bytes), { name: "Failure", code: "wasm-invalid" });
});

/** A generator that is the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("changed bytes are inspected or end in a failure of the codec", async () => {
  const paths = await buildPlugins();
  const next = random(1);
  const names = ["auth", "header-tag", "recursion-table", "start-logs", "metrics"];
  const seen = new Map<string, number>();
  for (let run = 0; run < 600; run++) {
    const bytes = Uint8Array.from(readFileSync(paths.get(names[run % names.length]!)!));
    for (let edits = 1 + Math.floor(next() * 3); edits > 0; edits--) {
      bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
    }
    const cut = next() < 0.2 ? bytes.subarray(0, Math.floor(next() * bytes.length)) : bytes;
    let code = "fine";
    try {
      inspect(cut);
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      assert.match(error.code, /^wasm-/);
      assert.equal(textOf(error.code).blame, "input");
      code = error.code;
    }
    seen.set(code, (seen.get(code) ?? 0) + 1);
  }
  assert.ok((seen.get("fine") ?? 0) > 50, JSON.stringify([...seen]));
  assert.ok(seen.size > 5, JSON.stringify([...seen]));
});

test("a chain of 30,000 functions and a full table take no recursion and little time", () => {
  const length = 30_000;
  const out = new Writer(1_000_000);
  const section = (id: number, fill: (inner: Writer) => void) => {
    const inner = new Writer();
    fill(inner);
    out.u8(id);
    out.sized(inner);
  };
  out.raw([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(1, (w) => w.raw([1, 0x60, 0, 0]));
  section(3, (w) => {
    w.u32(length);
    for (let i = 0; i < length; i++) w.u32(0);
  });
  section(4, (w) => {
    w.raw([1, 0x70, 0]);
    w.u32(length);
  });
  section(7, (w) => {
    w.u32(1);
    w.name("_start");
    w.raw([0, 0]);
  });
  section(9, (w) => {
    w.raw([1, 0, 0x41, 0, 0x0b]);
    w.u32(length);
    for (let i = 0; i < length; i++) w.u32(i);
  });
  section(10, (w) => {
    w.u32(length);
    for (let i = 0; i < length; i++) {
      const body = new Writer();
      body.u8(0);
      // Every function calls the next one, and all of them through the table.
      if (i + 1 < length) {
        body.u8(0x10);
        body.u32(i + 1);
      }
      body.raw([0x41, 0, 0x11, 0, 0, 0x0b]);
      w.sized(body);
    }
  });
  const began = performance.now();
  const report = inspect(out.view().slice());
  assert.equal(report.functions.reachable, length);
  assert.ok(performance.now() - began < 5_000);
});

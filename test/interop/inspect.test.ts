// What inspect says of hand-written modules, against a stock Envoy: each module is on one side of a line that the
// verdict draws.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "../../src/inspect/inspect.ts";
import { wat } from "../wat.ts";
import { loadInEnvoy } from "./envoy.ts";
import { present } from "./party.ts";

const MARKER = `(func (export "proxy_abi_version_0_2_1"))`;
const OLD_MARKER = `(func (export "proxy_abi_version_0_1_0"))`;
const MALLOC = `(func (export "malloc") (param i32) (result i32) (i32.const 8))`;
const MEMORY = `(memory (export "memory") 1)`;
const LOG = `(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))`;
const CALL_LOG = `(drop (call $log (i32.const 2) (i32.const 0) (i32.const 4)))`;
const DONE = `(import "env" "proxy_done" (func $done (result i32)))`;
const CALL_DONE = `(drop (call $done))`;
const CONFIGURE = (body: string) =>
  `(func (export "proxy_on_configure") (param i32 i32) (result i32) ${body} (i32.const 1))`;

const whole = (more: string, imports = "") =>
  `(module ${imports} ${MEMORY} ${MARKER} ${MALLOC} ${more})`;
const bare = (more: string, imports = LOG) =>
  `(module ${imports} (memory 1) ${MARKER} ${MALLOC} ${more})`;

/** A start section that calls one host function with ones: of nothing, some read nothing. */
function startCalls(
  module: string,
  name: string,
  params: readonly string[],
  result = true,
): string {
  const type = `${params.map((one) => `(param ${one})`).join(" ")} ${result ? "(result i32)" : ""}`;
  const call = `(call $f ${params.map((one) => `(${one}.const 1)`).join(" ")})`;
  const body = result ? `(drop ${call})` : call;
  return whole(`(func $s ${body}) (start $s)`, `(import "${module}" "${name}" (func $f ${type}))`);
}

const i32s = (count: number): readonly string[] => new Array(count).fill("i32");

const modules: Readonly<Record<string, string>> = {
  "a memory under another name": `(module ${LOG} (memory (export "mem") 1) ${MARKER} ${MALLOC} ${CONFIGURE(CALL_LOG)})`,
  "a memory under two names": `(module (memory (export "memory") (export "again") 1) ${MARKER} ${MALLOC})`,
  "an imported memory": `(module ${LOG} (import "env" "memory" (memory 1)) ${MARKER} ${MALLOC} ${CONFIGURE(CALL_LOG)})`,
  "an imported memory of any name": `(module (import "foo" "bar" (memory 1)) ${MARKER} ${MALLOC})`,
  "an imported memory that is too large": `(module (import "env" "memory" (memory 20000)) ${MARKER} ${MALLOC})`,
  "an imported table": whole("", `(import "env" "table" (table 1 funcref))`),
  "an imported global": whole("", `(import "env" "x" (global i32))`),
  "the largest minimum": `(module (memory (export "memory") 16384) ${MARKER} ${MALLOC})`,
  "one page more": `(module (memory (export "memory") 16385) ${MARKER} ${MALLOC})`,
  "no exported memory, a log in configure": bare(CONFIGURE(CALL_LOG)),
  "no exported memory, a log in vm_start": bare(
    `(func (export "proxy_on_vm_start") (param i32 i32) (result i32) ${CALL_LOG} (i32.const 1))`,
  ),
  "no exported memory, a log in context_create": bare(
    `(func (export "proxy_on_context_create") (param i32 i32) ${CALL_LOG})`,
  ),
  "no exported memory, a log in _initialize": bare(`(func (export "_initialize") ${CALL_LOG})`),
  "no exported memory, a log later": bare(
    `(func (export "proxy_on_tick") (param i32) ${CALL_LOG})`,
  ),
  "no exported memory, a call without pointers": bare(CONFIGURE(CALL_DONE), DONE),
  "no memory at all": `(module ${MARKER} ${MALLOC})`,
  "_initialize calls what is not allowed yet": whole(
    `(func (export "_initialize") ${CALL_DONE})`,
    DONE,
  ),
  "_start calls what is not allowed yet": whole(`(func (export "_start") ${CALL_DONE})`, DONE),
  "_start beside _initialize": whole(
    `(func (export "_initialize")) (func (export "_start") ${CALL_DONE})`,
    DONE,
  ),
  "main without _initialize": whole(
    `(func (export "main") (param i32 i32) (result i32) (call $done))`,
    DONE,
  ),
  "__main_void after _initialize": whole(
    `(func (export "_initialize")) (func (export "__main_void") (result i32) (call $done))`,
    DONE,
  ),
  "start section: fd_write": startCalls("wasi_unstable", "fd_write", i32s(4)),
  "start section: proxy_done": startCalls("env", "proxy_done", []),
  "start section: a clock": startCalls("env", "proxy_get_current_time_nanoseconds", ["i32"]),
  "start section: a timer": startCalls("env", "proxy_set_tick_period_milliseconds", ["i32"]),
  "start section: DNS": startCalls("env", "envoy_resolve_dns", i32s(3)),
  "start section: pthread_equal": startCalls("env", "pthread_equal", i32s(2)),
  "start section: growth": startCalls("env", "emscripten_notify_memory_growth", ["i32"], false),
  "start section: args_get": startCalls("wasi_unstable", "args_get", i32s(2)),
  "start section: args_sizes_get": startCalls("wasi_unstable", "args_sizes_get", i32s(2)),
  "start section: sched_yield": startCalls("wasi_unstable", "sched_yield", []),
  "start section: fd_close": startCalls("wasi_unstable", "fd_close", ["i32"]),
  "start section: fd_filestat_get": startCalls(
    "wasi_snapshot_preview1",
    "fd_filestat_get",
    i32s(2),
  ),
  "start section: random_get": startCalls("wasi_snapshot_preview1", "random_get", i32s(2)),
  "start section: sock_shutdown": startCalls("wasi_snapshot_preview1", "sock_shutdown", i32s(2)),
  "start section: proc_exit": startCalls("wasi_unstable", "proc_exit", ["i32"], false),
  "two markers, the newer first": `(module ${MEMORY} ${MARKER} ${OLD_MARKER} ${MALLOC}
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0)))`,
  "two markers, the older first": `(module ${MEMORY} ${OLD_MARKER} ${MARKER} ${MALLOC}
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0)))`,
  "a marker of another type": `(module ${MEMORY} (func (export "proxy_abi_version_0_2_1") (param i32)) ${MALLOC})`,
  "a marker that is a global": `(module ${MEMORY} (global (export "proxy_abi_version_0_2_1") i32 (i32.const 0)) ${MALLOC})`,
  "no allocator": `(module ${MEMORY} ${MARKER})`,
  "an allocator of another type": `(module ${MEMORY} ${MARKER} (func (export "malloc") (param i64) (result i32) (i32.const 0)))`,
  "an import of another type": whole(
    "",
    `(import "env" "proxy_log" (func (param i64) (result i32)))`,
  ),
  "a callback of another type": whole(`(func (export "proxy_on_tick") (param i64))`),
  "a callback that is a global": whole(`(global (export "proxy_on_tick") i32 (i32.const 0))`),
  "a callback that its ABI has not": `(module ${MEMORY} ${OLD_MARKER} ${MALLOC} (func (export "proxy_on_foreign_function")))`,
  "a late WASI function": whole(
    "",
    `(import "wasi_snapshot_preview1" "sock_shutdown" (func (param i32 i32) (result i32)))`,
  ),
};

test("inspect tells what a stock Envoy does with a module", async (t) => {
  if (!present(t, "envoy")) return;
  const folder = await mkdtemp(join(tmpdir(), "glovebox-inspect-"));
  try {
    for (const [name, text] of Object.entries(modules)) {
      const bytes = wat(text);
      const told = inspect(bytes).stock.verdict;
      await t.test(`${name}: ${told}`, async () => {
        const file = join(folder, "module.wasm");
        await writeFile(file, bytes);
        const { verdict, output } = await loadInEnvoy(file, { rootId: "x", timeoutMs: 20_000 });
        assert.equal(told, verdict, output.slice(-2000));
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

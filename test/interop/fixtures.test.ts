// The plugins of other toolchains build, and are what the catalogue says. Missing toolchains are skips with
// their reason; in CI they are failures.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { engine, type HostFunction } from "../../plugins/engine.ts";
import { fixture } from "../../plugins/fixtures.ts";

const rows: readonly PluginRow[] = plugins.filter((row) => row.kind === "fixture");

/** What a module of this toolchain, and of no other, looks like from outside. */
const marks: Readonly<Record<string, { imports: readonly string[]; abi: string; bytes: number }>> =
  {
    "c-headers": { imports: ["env.proxy_remove_header_map_value"], abi: "0_2_1", bytes: 500 },
    "c-json": { imports: ["env.proxy_send_local_response"], abi: "0_2_1", bytes: 4_000 },
    "cpp-router": { imports: ["wasi_snapshot_preview1.fd_write"], abi: "0_2_1", bytes: 20_000 },
    "go-json": { imports: ["wasi_snapshot_preview1.poll_oneoff"], abi: "0_2_0", bytes: 2_500_000 },
    "rust-auth": { imports: ["env.proxy_grpc_stream"], abi: "0_2_1", bytes: 100_000 },
    "solo-headers": { imports: ["wasi_unstable.proc_exit"], abi: "0_2_0", bytes: 10_000 },
  };

/** A host that knows a clock and random numbers, as run-times want at their start, and nothing else. */
function startStubs(module: object, memory: () => ArrayBuffer) {
  const imports: Record<string, Record<string, HostFunction>> = {};
  for (const { module: from, name } of engine.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: answerOf(name, memory) };
  }
  return imports;
}

function answerOf(name: string, memory: () => ArrayBuffer): HostFunction {
  switch (name) {
    case "args_sizes_get":
    case "environ_sizes_get":
      return (count, size) => {
        new DataView(memory()).setUint32(Number(count), 0, true);
        new DataView(memory()).setUint32(Number(size), 0, true);
        return 0;
      };
    case "clock_time_get":
      return (_clock, _precision, out) => {
        new DataView(memory()).setBigUint64(Number(out), 1_700_000_000_000_000_000n, true);
        return 0;
      };
    case "fd_prestat_get":
      return () => 8;
    default:
      return () => 0;
  }
}

for (const row of rows) {
  test(`${row.name} builds, is valid and exports what its row says`, async (t) => {
    const built = await fixture(row.name);
    if ("missing" in built) return t.skip(built.missing);
    const bytes = await readFile(built.path);
    assert.ok(engine.validate(bytes));
    const module = new engine.Module(bytes);
    const functions = engine.Module.exports(module).filter((one) => one.kind === "function");
    const names = functions.map((one) => one.name);
    const imported = engine.Module.imports(module).map((one) => `${one.module}.${one.name}`);
    const mark = marks[row.name]!;
    for (const name of row.exports) assert.ok(names.includes(name), name);
    for (const name of mark.imports) assert.ok(imported.includes(name), name);
    assert.ok(names.includes(`proxy_abi_version_${mark.abi}`));
    assert.ok(bytes.length >= mark.bytes, `${bytes.length} bytes`);
  });

  test(`${row.name} starts on a host that has a clock and nothing else`, async (t) => {
    const built = await fixture(row.name);
    if ("missing" in built) return t.skip(built.missing);
    const module = new engine.Module(await readFile(built.path));
    let buffer = () => new ArrayBuffer(0);
    const instance = new engine.Instance(
      module,
      startStubs(module, () => buffer()),
    );
    const { memory, _initialize: start, malloc, proxy_on_memory_allocate } = instance.exports;
    buffer = () => (memory as { buffer: ArrayBuffer }).buffer;
    (start as (() => void) | undefined)?.();
    const allocate = (malloc ?? proxy_on_memory_allocate) as (size: number) => number;
    const at = allocate(4096);
    assert.ok(at > 0 && at + 4096 <= buffer().byteLength, `allocated at ${at}`);
  });
}

test("the JSON checker gives the same digest for the same document, round after round", async (t) => {
  const built = await fixture("c-json");
  if ("missing" in built) return t.skip(built.missing);
  const module = new engine.Module(await readFile(built.path));
  const instance = new engine.Instance(
    module,
    startStubs(module, () => new ArrayBuffer(0)),
  );
  (instance.exports._initialize as () => void)();
  const bench = instance.exports.bench as (rounds: number) => number;
  const first = bench(1);
  assert.notEqual(first, 0);
  assert.equal(bench(3), first);
});

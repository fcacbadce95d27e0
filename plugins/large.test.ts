// The generator of large modules: valid, the same for the same seed, of the size asked for, and a real mix.
import assert from "node:assert/strict";
import { test } from "node:test";
import loadWabt from "wabt";
import { engine, stubImports } from "./engine.ts";
import { largeModule } from "./large.ts";

const MIB = 1024 * 1024;

test("a large module is valid, whatever the seed", () => {
  for (let seed = 0; seed < 12; seed++) {
    assert.ok(engine.validate(largeModule(64 * 1024, seed)), `seed ${seed}`);
  }
});

test("the same size and seed give the same bytes, and another seed gives others", () => {
  const one = largeModule(256 * 1024, 7);
  assert.deepEqual(largeModule(256 * 1024, 7), one);
  assert.notDeepEqual(largeModule(256 * 1024, 8), one);
});

test("a module has the size that was asked for, within one in a hundred", () => {
  for (const size of [MIB, 2 * MIB, 5 * MIB]) {
    const { length } = largeModule(size, 1);
    assert.ok(Math.abs(length - size) < size / 100, `${length} bytes for ${size}`);
  }
});

test("a large module has the imports and exports of a plugin, and instantiates", () => {
  const module = new engine.Module(largeModule(64 * 1024, 1));
  const names = engine.Module.exports(module).map((one) => one.name);
  for (const name of ["memory", "malloc", "proxy_abi_version_0_2_1", "proxy_on_request_headers"]) {
    assert.ok(names.includes(name), name);
  }
  const imported = engine.Module.imports(module).map((one) => `${one.module}.${one.name}`);
  assert.ok(imported.includes("env.proxy_log"));
  assert.ok(imported.includes("wasi_snapshot_preview1.fd_write"));
  assert.ok(new engine.Instance(module, stubImports(module)));
});

test("a large module holds every construct that metering treats in its own way", async () => {
  const wabt = await loadWabt();
  const module = wabt.readWasm(largeModule(512 * 1024, 3), {});
  const text = module.toText({});
  module.destroy();
  const least: Readonly<Record<string, number>> = {
    loop: 100,
    br_if: 300,
    br_table: 30,
    if: 500,
    else: 100,
    call: 500,
    call_indirect: 50,
    "i32.load": 300,
    "i64.store": 50,
    "f64.mul": 20,
    "memory.copy": 5,
    "memory.fill": 5,
    "global.set": 5,
    select: 50,
  };
  for (const [name, count] of Object.entries(least)) {
    const found =
      text.match(new RegExp(`^ +${name.replace(".", "\\.")}\\b(?!\\.)`, "gm"))?.length ?? 0;
    assert.ok(found >= count, `${name}: ${found}`);
  }
});

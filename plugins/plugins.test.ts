// The built samples and adversaries are what the catalogue says. Nothing here runs a plugin's callbacks
// beyond what returns: that is the trial's work.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { Worker } from "node:worker_threads";
import { Failure } from "../src/errors/failure.ts";
import { buildPlugins, pluginPath } from "./build.ts";
import { type PluginRow, plugins } from "./catalog.ts";
import { root } from "./compile.ts";
import { engine, stubImports } from "./engine.ts";

const rows: readonly PluginRow[] = plugins;
const buildable = rows.filter((row) => row.kind !== "fixture");
let paths = new Map<string, string>();

before(async () => {
  paths = await buildPlugins();
});

test("every name in the catalogue is there once, and every source exists", () => {
  assert.equal(new Set(rows.map((row) => row.name)).size, rows.length);
  for (const row of rows) assert.ok(existsSync(join(root, row.source)), row.source);
});

test("every source file of samples and adversaries is a row of the catalogue", async () => {
  for (const folder of ["samples", "adversaries"]) {
    const files = await readdir(join(root, "plugins", folder));
    const sources = files.filter((file) => file !== "tsconfig.json").sort();
    const listed = buildable.map((row) => row.source).filter((path) => path.includes(folder));
    assert.deepEqual(
      sources.map((file) => `plugins/${folder}/${file}`),
      listed.sort(),
    );
  }
});

for (const row of buildable) {
  test(`${row.name} is valid, exports what its row says and imports functions only`, async () => {
    const bytes = await readFile(paths.get(row.name)!);
    assert.ok(engine.validate(bytes));
    const module = new engine.Module(bytes);
    const exported = engine.Module.exports(module);
    const functions = exported.filter((one) => one.kind === "function").map((one) => one.name);
    for (const name of row.exports) assert.ok(functions.includes(name), name);
    const memories = exported.filter((one) => one.kind === "memory").map((one) => one.name);
    assert.deepEqual(memories, row.memory === false ? [] : ["memory"]);
    for (const one of engine.Module.imports(module)) assert.equal(one.kind, "function", one.name);
    const markers = functions.filter((name) => name.startsWith("proxy_abi_version_"));
    assert.equal(markers.length, row.name === "abi-no-marker" ? 0 : 1);
  });
}

for (const row of buildable.filter((one) => one.instantiates !== "never")) {
  test(`${row.name} instantiates with stubs`, async () => {
    const module = new engine.Module(await readFile(paths.get(row.name)!));
    const instance = new engine.Instance(module, stubImports(module));
    assert.equal(typeof instance.exports.malloc, "function");
  });
}

test("loop-start-section never comes back from its instantiation", async () => {
  const worker = new Worker(
    `const { workerData, parentPort } = require("node:worker_threads");
     parentPort.postMessage("begins");
     new WebAssembly.Instance(new WebAssembly.Module(workerData));
     parentPort.postMessage("came back");`,
    { eval: true, workerData: await readFile(pluginPath("loop-start-section")) },
  );
  const heard: string[] = [];
  await new Promise<void>((resolve) => {
    worker.on("message", (text: string) => {
      heard.push(text);
      setTimeout(resolve, 200);
    });
  });
  await worker.terminate();
  assert.deepEqual(heard, ["begins"]);
});

test("a second build compiles nothing, and answers within half a second", async () => {
  let compiled = 0;
  const began = performance.now();
  await buildPlugins({ progress: () => compiled++ });
  assert.equal(compiled, 0);
  assert.ok(performance.now() - began < 500);
});

test("what is missing, cut short or made by other tools is built again, byte for byte the same", async () => {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-plugins-"));
  try {
    const built: string[] = [];
    const build = () =>
      buildPlugins({
        folder,
        only: ["header-tag", "loop-request"],
        progress: (name) => built.push(name),
      });
    await build();
    assert.deepEqual(built.splice(0).sort(), ["header-tag", "loop-request"]);
    const path = pluginPath("header-tag", folder);
    const original = await readFile(path);
    await writeFile(path, original.subarray(0, 20));
    await build();
    assert.deepEqual(built.splice(0), ["header-tag"]);
    assert.deepEqual(await readFile(path), original);
    const recordPath = join(folder, "loop-request.json");
    await writeFile(recordPath, (await readFile(recordPath, "utf8")).replace("wabt@", "wabt@0."));
    await build();
    assert.deepEqual(built.splice(0), ["loop-request"]);
    await writeFile(recordPath, "{");
    await build();
    assert.deepEqual(built.splice(0), ["loop-request"]);
    const names = await readdir(folder);
    assert.deepEqual(
      names.filter((name) => name.endsWith(".tmp")),
      [],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("two builds at once leave whole files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-plugins-"));
  try {
    const only = ["header-tag", "trap-on-header"];
    const [one, two] = await Promise.all([
      buildPlugins({ folder, only }),
      buildPlugins({ folder, only }),
    ]);
    assert.deepEqual(one, two);
    for (const path of one.values()) {
      assert.ok(engine.validate(await readFile(path)));
      assert.ok((await stat(path)).size > 100);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a name that is not in the catalogue is refused", async () => {
  const unknown = (error: unknown) => error instanceof Failure && error.code === "plugin-unknown";
  assert.throws(() => pluginPath("nothing"), unknown);
  await assert.rejects(buildPlugins({ only: ["nothing"] }), unknown);
});

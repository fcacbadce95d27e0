// push and pull as typed, on image layouts: what comes back is what went in, under every name that was printed.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import { sha256 } from "../../src/util/digest.ts";
import { wat } from "../wat.ts";
import { glovebox } from "./glovebox.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-push-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const bytes = await wat(
  `(module (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1")) (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 0)))`,
);
const file = join(scratch, "plugin.wasm");
writeFileSync(file, bytes);
const layout = join(scratch, "images");
const at = (target: string): string => `oci-layout:${layout}${target}`;

async function json(...args: readonly string[]) {
  const { exit, out, err } = await glovebox(...args, "--json");
  assert.equal(exit, 0, err);
  return JSON.parse(out).result;
}

test("a module that is pushed is pulled by its tag and by its pin", async () => {
  const pushed = await json("push", file, at(":v1"));
  assert.deepEqual(
    [pushed.layout, pushed.acceptedBy, pushed.module],
    ["image", ["Istio", "Envoy Gateway"], sha256(bytes)],
  );
  for (const ref of [pushed.ref, pushed.pin, at("")]) {
    const output = join(scratch, "pulled.wasm");
    const pulled = await json("pull", ref, "-o", output);
    assert.deepEqual(Uint8Array.from(readFileSync(output)), Uint8Array.from(bytes));
    assert.deepEqual([pulled.manifest, pulled.module], [pushed.manifest, pushed.module]);
  }
  const { out } = await glovebox("push", file, at(":v1"));
  assert.ok(out.includes(`manifest digest  ${pushed.manifest} (what oci:// consumers pin)`));
  assert.ok(out.includes(`module sha256    ${pushed.module} (what https:// consumers pin)`));
});

test("each consumer gets a layout that it takes", async () => {
  for (const [consumer, expected] of [
    ["istio", "image"],
    ["envoy-gateway", "image"],
    ["cncf", "cncf"],
  ] as const) {
    const pushed = await json("push", file, at(`:${consumer}`), "--for", consumer);
    assert.equal(pushed.layout, expected);
  }
});

test("the hub's runtime configuration is written with the plugin's ABI, and read again", async () => {
  for (const kind of ["image", "artifact"]) {
    const roots = ["--root-id", "a", "--root-id", "b"];
    await json("push", file, at(`:hub-${kind}`), "--layout", kind, ...roots);
    const { runtimeConfig } = await json(
      "pull",
      at(`:hub-${kind}`),
      "-o",
      join(scratch, "hub.wasm"),
    );
    assert.deepEqual(runtimeConfig, {
      type: "envoy_proxy",
      abiVersions: ["0.2.1"],
      rootIds: ["a", "b"],
    });
  }
});

test("an artifact that is pushed on keeps its digest; one that is asked for in another layout is built anew", async () => {
  const first = await json("push", file, at(":on"), "--annotation", "org.example.a=b");
  const other = join(scratch, "other");
  const copied = await json("push", first.ref, `oci-layout:${other}:v2`);
  assert.deepEqual([copied.manifest, copied.copied], [first.manifest, true]);
  assert.deepEqual(await new LayoutStore(other).listTags(), ["v2"]);
  const rebuilt = await json("push", first.ref, `oci-layout:${other}:v3`, "--for", "cncf");
  assert.deepEqual([rebuilt.module, rebuilt.copied], [first.module, false]);
  assert.notEqual(rebuilt.manifest, first.manifest);
});

test("inspect and verify take the reference where they take a file", async () => {
  await json("push", file, at(":v1"));
  const { report } = await json("inspect", at(":v1"));
  assert.equal(report.abi.version, "0.2.1");
  const verified = await glovebox("verify", at(":v1"), "--role", "auth");
  assert.equal(verified.exit, 1, verified.err);
});

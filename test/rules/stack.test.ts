// Regression test 14 of docs/containment-rules.md, on both compilers of V8 with its stack of 984 KiB: however
// large the frames, our depth trap comes before the engine's. Wasmtime's part is in test/interop/stack.test.ts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { contain } from "../../src/contain/contain.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { frames, recursive, ways } from "./recursion.ts";
import type { Answer } from "./tick-worker.ts";

const worker = fileURLToPath(new URL("./tick-worker.js", import.meta.url));
const compilers = {
  Liftoff: ["--liftoff-only"],
  TurboFan: ["--no-liftoff"],
} as const;

function ticked(flags: readonly string[], modules: readonly Uint8Array[]): Answer[] {
  const input = modules.map((bytes) => Buffer.from(bytes).toString("base64")).join("\n");
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, worker], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 24,
  });
  assert.equal(status, 0, stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
}

const samples = Object.entries(frames).flatMap(([name, frame]) =>
  ways.map((way) => ({ what: `${name}, ${way}`, bytes: recursive(frame, way) })),
);
const policies = (["bound", "exact"] as const).map((mode) =>
  policyFromRole("logging", { "spec.telemetry": false, "spec.limits.fuel.mode": mode }),
);

for (const [compiler, flags] of Object.entries(compilers)) {
  test(`14 (A25, A26): recursion ends on our depth before V8's stack is gone, ${compiler}`, () => {
    const plain = ticked(
      flags,
      samples.map((one) => one.bytes),
    );
    for (const [i, { what }] of samples.entries()) {
      assert.match(plain[i]!.trap, /Maximum call stack size/, `${what}, without hardening`);
    }
    for (const policy of policies) {
      const contained = samples.map((one) => contain(one.bytes, policy).bytes);
      for (const [i, answer] of ticked(flags, contained).entries()) {
        const { what } = samples[i]!;
        assert.match(answer.trap, /unreachable/, what);
        assert.ok(answer.stack! < 0 && answer.fuel! >= 0, `${what}: ${JSON.stringify(answer)}`);
      }
    }
  });
}

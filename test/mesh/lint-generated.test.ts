// What we generate comes through our own linter without a word, notes included: for Envoy of every release, and for
// every target of the meshes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "../../src/inspect/inspect.ts";
import { generateEnvoy } from "../../src/mesh/envoy/generate/generate.ts";
import { lint } from "../../src/mesh/lint/lint.ts";
import type { Context } from "../../src/mesh/lint/rule.ts";
import { parseTargets } from "../../src/mesh/lint/targets.ts";
import { readFileText } from "../../src/mesh/read/read-file.ts";
import { envoyReleases } from "../../src/spec/envoy-versions.ts";
import { requestFor, shipped } from "./generate-request.ts";
import { files } from "./generate-targets.ts";

const linted = (name: string, text: string, context: Partial<Context> = {}) => {
  const read = readFileText(name, text);
  const targets = parseTargets(undefined);
  const { findings } = lint([read], { targets, module: () => null, policy: null, ...context });
  return {
    read,
    said: findings.map(({ line, code, message }) => `${name}:${line} ${code} ${message}`),
  };
};

for (const { release } of envoyReleases) {
  test(`what is generated for Envoy ${release} earns nothing, in each form`, () => {
    for (const form of ["filter", "listener", "bootstrap"] as const) {
      const request = requestFor("header-rewriter", {}, { version: release, form });
      const made = generateEnvoy(shipped("header-rewriter"), request);
      const facts = { sha256: "", report: inspect(made.bytes), contained: true };
      const targets = parseTargets(`envoy=${release}`);
      const { read, said } = linted(`${form}.yaml`, made.yaml, { targets, module: () => facts });
      assert.deepEqual(said, [], made.yaml);
      assert.ok(read.documents.flatMap((one) => one.uses).length > 0, form);
    }
  });
}

for (const name of Object.keys(files)) {
  test(`${name} earns nothing`, () => {
    const { said, read } = linted(`${name}.yaml`, files[name]!().yaml);
    assert.deepEqual(said, []);
    assert.deepEqual(read.problems, []);
  });
}

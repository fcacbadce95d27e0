// The cases that are held against a real Envoy in the interop suite, held here against what it was seen to say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/errors/failure.ts";
import { findingsOf } from "../../src/mesh/envoy/read/document.ts";
import { type ConfigCase, cases } from "./envoy-cases.ts";

function verdict(text: string): ConfigCase["ours"] {
  try {
    const found = findingsOf(text, "f.yaml", { articleLevel: "error" });
    return found.some((one) => one.level === "error") ? "refuses" : "accepts";
  } catch (error) {
    assert.ok(error instanceof Failure);
    return "refuses";
  }
}

test("each case is read or refused as Envoy does", () => {
  assert.ok(cases.length > 60);
  const wrong = cases.filter(({ text, ours }) => verdict(text) !== ours).map(({ what }) => what);
  assert.deepEqual(wrong, []);
});

test("what the article writes is information to the lab and an error where Envoy is meant", () => {
  const text = "runtime: {}\nstatic_resources: {}\n";
  assert.equal(findingsOf(text, "f")[0]?.level, "info");
  assert.equal(findingsOf(text, "f", { articleLevel: "error" })[0]?.level, "error");
});

test("a text of another message is read as that message", () => {
  const type = "envoy.config.cluster.v3.Cluster";
  assert.deepEqual(findingsOf("name: a\nconnect_timeout: 1s\n", "f", { type }), []);
  assert.equal(findingsOf("static_resources: {}\n", "f", { type })[0]?.code, "envoy-unknown-field");
});

// Whatever the text, parsing ends in a document or in one Failure that blames the input. Seeded mutations of a
// policy that uses every kind of field.
import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../errors/catalogue.ts";
import { Failure } from "../errors/failure.ts";
import { loadPolicy } from "./load.ts";

const SEED_TEXT = `apiVersion: glovebox.dev/v1alpha1
kind: PluginPolicy
metadata: { name: my-auth-plugin }
spec:
  role: external-auth
  source:
    url: oci://registry.example.com/my-auth:v1
    sha256: ${"ab".repeat(32)}
    signedBy: [{ publicKey: cosign.pub }]
  limits:
    memory: 64MiB
    fuel: { request: 100_000_000, callback: 20_000_000, mode: bound }
    host: { headerBytes: 64KiB, queueItems: 1000, tick: 100ms }
  capabilities:
    allow+: [proxy_get_property, proxy_dispatch_http_call, proxy_on_tick]
    denied: internal-failure
  headers:
    read:
      - authorization
      - "x-request-id"
  telemetry: false
`;

const PIECES = [
  "&a ",
  "*a",
  "<<: ",
  "!!binary ",
  "!!set ",
  "? ",
  "- ",
  "---\n",
  "...\n",
  "%YAML 1.1\n---\n",
  "|\n",
  ">-\n",
  "{",
  "}",
  "[",
  "]",
  ": ",
  "'",
  '"',
  "\t",
  "\0",
  "\u{1f600}",
  "\ud800",
  "__proto__: ",
  "constructor",
  "null",
  "~",
  "0x",
  "1e999",
  ".nan",
  "-0",
  "2001-01-01",
  "#",
  ",",
  "\\u0000",
  "\r",
];

/** A small generator of 32-bit numbers (xorshift), so that every run sees the same texts. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

test("1,000 mutated policies end in a document or in one failure with its place", () => {
  const next = generator(20_261_123);
  const seen = new Map<string, number>();
  for (let run = 0; run < 1_000; run++) {
    let text = SEED_TEXT;
    for (let edits = 1 + (next() % 3); edits > 0; edits--) {
      const at = next() % text.length;
      const cut = next() % 3 === 0 ? next() % 12 : 0;
      const piece = next() % 4 === 0 ? "" : PIECES[next() % PIECES.length]!;
      text = text.slice(0, at) + piece + text.slice(at + cut);
    }
    let outcome = "ok";
    try {
      assert.match(loadPolicy(text, "p.yaml").digest, /^[0-9a-f]{64}$/);
    } catch (error) {
      assert.ok(error instanceof Failure, `${String(error)}\n${text}`);
      assert.equal(textOf(error.code).blame, "input");
      assert.ok(error.where?.at === "file" && error.where.file === "p.yaml");
      outcome = error.code;
    }
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  }
  for (const code of [
    "ok",
    "policy-bad-yaml",
    "policy-unknown-key",
    "policy-wrong-type",
    "policy-bad-choice",
    "policy-unknown-capability",
    "policy-anchor",
    "policy-several-documents",
  ]) {
    assert.ok((seen.get(code) ?? 0) > 0, `${code} not reached: ${JSON.stringify([...seen])}`);
  }
});

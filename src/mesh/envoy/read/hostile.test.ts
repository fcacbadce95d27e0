// Texts made to hurt: each ends in a Failure that blames the input or in a bounded list of findings, never in
// another error, and in time that a test run does not notice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../../../errors/catalogue.ts";
import { Failure } from "../../../errors/failure.ts";
import { readLabConfig } from "../lab/read-lab-config.ts";
import { MAX_FINDINGS } from "./report.ts";

const SIZE = 400_000;
const fill = (piece: string): string => piece.repeat(Math.floor(SIZE / piece.length));
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");

function bomb(): string {
  const ten = (what: string): string => `[${Array(10).fill(what).join(",")}]`;
  return [
    "a0: &a0 x",
    ...Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} ${ten(`*a${i}`)}`),
  ].join("\n");
}

/** Each level holds the one before it once: deep, not wide. */
const ladder = [
  "a0: &a0 x",
  ...Array.from({ length: 150 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`),
].join("\n");

const texts: Readonly<Record<string, string>> = {
  brackets: fill("["),
  braces: fill("{a: "),
  dashes: fill("- "),
  "line ends": fill("\n"),
  comments: fill("# x\n"),
  commas: `[${fill(",")}`,
  "anchors in a row": fill("&a "),
  "anchors in brackets": `[${fill("&a ")}`,
  "many anchors": lines(10_000, (i) => `k${i}: &a${i} v`),
  "an alias bomb": bomb(),
  "an alias ladder": ladder,
  "an alias of itself": "a: &a [*a]",
  "many keys": lines(30_000, (i) => `k${i}: 1`),
  "one key many times": fill("a: 1\n"),
  escapes: `a: "${fill("\\u0041")}`,
  "a quote over lines": `a: "${fill("x\n ")}`,
  "a text over lines": `a: ${fill("x\n  ")}`,
  tags: fill("!a "),
  directives: fill("%a\n"),
  documents: fill("---\n"),
  quotes: fill("'a' "),
  "deep JSON": fill('{"a":'),
  "wide JSON": `{${lines(20_000, (i) => `"k${i}":1,`)}"z":1}`,
  "long names": `static_resources: { ${lines(2_000, (i) => `listener${"s".repeat(100)}${i}: 1,`)} }`,
  "unknown types": `bootstrap_extensions: [${lines(2_000, (i) => `{ name: a, typed_config: { "@type": t/envoy.extensions.filters.http.wasm.v3.Was${i} } },`)}]`,
  "object's own names":
    '{"constructor": 1, "__proto__": {"toString": 2}, "node": {"metadata": {"__proto__": 1}}}',
  "lone surrogates": 'a: "\\ud800"\nb: \ud800',
  "a null byte": "a: \u0000",
  "a number without end": `{"a": 1${fill("0")}}`,
  "patterns that take long": `a: ${fill("a-")}!`,
};

test("texts made to hurt end in a failure of the input, or in a bounded list", (t) => {
  const io = { readFile: () => new Uint8Array(0), env: () => undefined };
  for (const [what, text] of Object.entries(texts)) {
    const start = performance.now();
    try {
      const { config, findings } = readLabConfig(text, "f.yaml", io);
      assert.equal(config, null, what);
      assert.ok(findings.length > 0 && findings.length <= MAX_FINDINGS + 1, what);
      for (const one of findings) assert.ok(one.message.length < 600, `${what}: ${one.code}`);
    } catch (error) {
      assert.ok(error instanceof Failure, `${what}: ${String(error)}`);
      assert.equal(textOf(error.code).blame, "input", what);
      assert.ok(error.message.length < 400, what);
    }
    const took = performance.now() - start;
    // Generous: it tells minutes from moments, on a machine that does much else.
    assert.ok(took < 20_000, `${what} took ${Math.round(took)} ms`);
    if (took > 2_000) t.diagnostic(`${what}: ${Math.round(took)} ms`);
  }
});

test("aliases count each time they are used", () => {
  for (const [text, code] of [
    [bomb(), "envoy-too-many-values"],
    [ladder, "envoy-too-deep"],
  ] as const) {
    const io = { readFile: () => new Uint8Array(0), env: () => undefined };
    assert.throws(() => readLabConfig(text, "f", io), { code });
  }
});

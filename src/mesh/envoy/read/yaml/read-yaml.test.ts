// The YAML reader, case by case and beside the general library: whatever both read, they read alike.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import { Failure } from "../../../../errors/failure.ts";
import { plainScalar } from "../scalar.ts";
import { sourceOf, type Tree } from "../tree.ts";
import { readYaml } from "./read-yaml.ts";

/** Maps as lists of pairs, so that order and repeated keys count. */
function plain(tree: Tree | undefined): unknown {
  if (tree === undefined) return undefined;
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.map(plain);
  return { pairs: tree.entries.map(({ key, value }) => [key, plain(value)]) };
}

const read = (text: string): unknown => plain(readYaml(text, sourceOf(text, "f.yaml")));

/** JSON for people: maps without order. */
function simple(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(simple);
  if (typeof value !== "object" || value === null) return value;
  const { pairs } = value as { pairs: readonly (readonly [string, unknown])[] };
  return Object.fromEntries(pairs.map(([key, inner]) => [key, simple(inner)]));
}

const reads: readonly (readonly [string, unknown])[] = [
  ["a: 1\nb: two", { a: 1, b: "two" }],
  ["- a\n- - b\n  - c\n- d: 1\n  e: 2", ["a", ["b", "c"], { d: 1, e: 2 }]],
  ["a:\n- 1\n- 2\nb: 3", { a: [1, 2], b: 3 }],
  ["a:\nb:\n  c:", { a: null, b: { c: null } }],
  ["a: {b: [1, 2, {c: d}], e: }", { a: { b: [1, 2, { c: "d" }], e: null } }],
  ["{a: 1,}", { a: 1 }],
  ["[a: 1, b]", [{ a: 1 }, "b"]],
  ['{"a":1,"b":"c"}', { a: 1, b: "c" }],
  ["a: http://x/y#z", { a: "http://x/y#z" }],
  ["a: b # c", { a: "b" }],
  ["a: 'it''s'\nb: \"x\\ty\\u00e9\\n\"", { a: "it's", b: "x\tyé\n" }],
  ['a: "one\n  two\n\n  three"', { a: "one two\nthree" }],
  ['a: "one\\\n  two"', { a: "onetwo" }],
  ["a: one\n  two\n\n  three\nb: 1", { a: "one two\nthree", b: 1 }],
  ["a: |\n  x\n   y\n\n  z\nb: 1", { a: "x\n y\n\nz\n", b: 1 }],
  ["a: |-\n  x\n\nb: 1", { a: "x", b: 1 }],
  ["a: |+\n  x\n\nb: 1", { a: "x\n\n", b: 1 }],
  ["a: >\n  x\n  y\n\n  z\n    w\n  v\n", { a: "x y\nz\n  w\nv\n" }],
  ["a: |2\n    x\n", { a: "  x\n" }],
  ["a: &x {b: 1}\nc: *x", { a: { b: 1 }, c: { b: 1 } }],
  ["a: &x\n  b: 1\nc: [*x]", { a: { b: 1 }, c: [{ b: 1 }] }],
  ["%YAML 1.2\n---\na: 1\n...\n", { a: 1 }],
  ["--- {a: 1}", { a: 1 }],
  ["a", "a"],
  [
    "a: yes\nb: 'yes'\nc: 0x10\nd: 010\ne: 1.5\nf: ~\ng: -3",
    { a: true, b: "yes", c: 16, d: 8, e: "1.5", f: null, g: -3 },
  ],
  ["a: 99999999999999999999", { a: "99999999999999999999" }],
  ["'quoted key': 1\n\"b\": 2", { "quoted key": 1, b: 2 }],
  ["a: 1\r\nb: 2\r\n", { a: 1, b: 2 }],
  ["# nothing\n", undefined],
  ["", undefined],
];

test("texts of every form are read as they are meant", () => {
  for (const [text, wanted] of reads) {
    assert.deepEqual(simple(read(text)), wanted, text);
  }
});

const refuses: readonly (readonly [string, RegExp, number, number])[] = [
  ["a: 1\n\tb: 2", /a tab/, 2, 1],
  ["a: b: c", /belongs to nothing|second key|key/, 1, 4],
  ["a: - b", /on the line of its key/, 1, 4],
  ["a:\n  b: 1\n c: 2", /belongs|indented|text/, 3, 2],
  ["a: 1\n  b: 2", /key on a line/, 2, 3],
  ["a: [1, 2", /was expected/, 1, 9],
  ["a: [1,, 2]", /nothing before it/, 1, 7],
  ['a: "x', /nothing closes/, 1, 4],
  ['a: "\\q"', /escape/, 1, 5],
  ["a: !!str b", /a tag/, 1, 4],
  ["? a\n: b", /a value was expected/, 1, 1],
  ["a: *x", /names nothing/, 1, 4],
  ["a: &x [*x]", /names nothing/, 1, 8],
  ["a: &x &y b", /second anchor/, 1, 7],
  ["&x a: b", /anchor .* on a key/, 1, 4],
  ["a: 1\n---\nb: 2", /one document/, 3, 1],
  ["[a]: b", /belongs to nothing/, 1, 4],
  ["a: \u0001", /control character/, 1, 4],
  ["a: | x\n  y", /\| or >/, 1, 4],
  ["a: @b", /a value was expected/, 1, 4],
  ["- a\nb: c", /./, 2, 1],
];

test("what is no such YAML is refused at its place", () => {
  for (const [text, reason, line, column] of refuses) {
    assert.throws(
      () => read(text),
      (error: unknown) => {
        assert.ok(error instanceof Failure, text);
        assert.equal(error.code, "envoy-bad-yaml", text);
        assert.match(error.message, reason, text);
        assert.deepEqual(error.where, { at: "file", file: "f.yaml", line, column }, text);
        return true;
      },
      text,
    );
  }
});

test("places are those of keys and values", () => {
  const tree = readYaml("a: 1\nb:\n  - c: x\n", sourceOf("", "f"));
  assert.ok(tree?.kind === "map");
  assert.deepEqual(
    tree.entries.map(({ at, value }) => [at, value.at]),
    [
      [0, 3],
      [5, 10],
    ],
  );
});

/** What the library makes of a text, in our terms; undefined where it finds an error, or what we refuse. */
function library(text: string): { readonly value: unknown } | undefined {
  const documents = parseAllDocuments(text, {
    uniqueKeys: false,
    schema: "failsafe",
    logLevel: "silent",
  });
  if (!Array.isArray(documents) || documents.length === 0) return { value: undefined };
  if (documents.length > 1 || documents[0]!.errors.length > 0) return undefined;
  const anchors = new Map<string, unknown>();
  let odd = false;
  const convert = (node: unknown): unknown => {
    if (node === null || node === undefined) return null;
    if (isAlias(node)) {
      odd ||= !anchors.has(node.source);
      return anchors.get(node.source);
    }
    let value: unknown;
    if (isScalar(node)) {
      const word = String(node.value ?? "");
      value = node.type === "PLAIN" ? plainScalar(word) : word;
    } else if (isSeq(node)) value = node.items.map(convert);
    else if (isMap(node)) {
      value = {
        pairs: node.items.map(({ key, value: inner }) => {
          odd ||= !isScalar(key) || key.anchor !== undefined;
          return [isScalar(key) ? String(key.value ?? "") : "", convert(inner)];
        }),
      };
    }
    const { tag, anchor } = node as { readonly tag?: string; readonly anchor?: string };
    odd ||= tag !== undefined;
    if (anchor !== undefined) anchors.set(anchor, value);
    return value;
  };
  const contents = documents[0]!.contents;
  const value = contents === null ? undefined : convert(contents);
  return odd ? undefined : { value };
}

/** Small and seeded. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor(((state >>> 8) / 2 ** 24) * below);
  };
}

const bits = [
  "\n",
  " ",
  ":",
  ": ",
  "- ",
  "#",
  " #",
  "{",
  "}",
  "[",
  "]",
  ",",
  "'",
  '"',
  "|",
  ">",
  "|-\n",
  "&a ",
  "*a",
  "\\",
  "a",
  "1",
  "~",
  "\n\n",
  "''",
];

test("texts that the library reads too are read alike, broken ones included", () => {
  const folder = fileURLToPath(
    new URL("../../../../../../test/fixtures/article/", import.meta.url),
  );
  const texts = readdirSync(folder).map((name) => readFileSync(folder + name, "utf8"));
  const next = random(5);
  let both = 0;
  for (let round = 0; round < 700; round++) {
    const lines = texts[next(texts.length)]!.split("\n");
    const from = next(lines.length);
    let text = lines.slice(from, from + 1 + next(12)).join("\n");
    for (let edits = next(3); edits > 0; edits--) {
      const at = next(text.length + 1);
      text = text.slice(0, at) + bits[next(bits.length)]! + text.slice(at + next(2));
    }
    const theirs = library(text);
    let ours: { readonly value: unknown } | undefined;
    try {
      ours = { value: read(text) };
    } catch (error) {
      assert.ok(error instanceof Failure, text);
    }
    if (theirs === undefined || ours === undefined) continue;
    both++;
    assert.deepEqual(ours.value ?? null, theirs.value ?? null, text);
  }
  assert.ok(both > 200, String(both));
});

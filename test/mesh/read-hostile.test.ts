// Whatever a text is, reading it ends in findings with a place, in documents, or in neither; never in another error, and
// in time that grows with its size.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lint } from "../../src/mesh/lint/lint.ts";
import type { Context } from "../../src/mesh/lint/rule.ts";
import { parseTargets } from "../../src/mesh/lint/targets.ts";
import { readFileText } from "../../src/mesh/read/read-file.ts";
import { bytesMayMatter, mayMatter, notText } from "../../src/mesh/read/split.ts";
import { rulePages } from "./rule-pages.ts";

const context: Context = {
  targets: parseTargets(undefined),
  module: () => null,
  policy: null,
};

const plugin = "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\n";

const bombs = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${[..."bcdefgh"]
  .map((name, i) => `${name}: &${name} [${`*${String.fromCharCode(97 + i)}, `.repeat(10)}]`)
  .join("\n")}\nwasm: *h\n`;

/** Text, code, and line of what it earns. */
const broken: readonly (readonly [string, string, number])[] = [
  [`${plugin}spec:\n\turl: x\n`, "manifest-syntax", 4],
  [`${plugin}spec: {url: [x}\n`, "manifest-syntax", 3],
  [`${plugin}spec: "x\n`, "manifest-syntax", 3],
  [`${plugin}spec: *nothing\n`, "manifest-syntax", 3],
  [`${plugin}spec: !!binary aGk=\n`, "manifest-syntax", 3],
  [`${plugin}spec: \u0001\n`, "manifest-syntax", 3],
  [`{"kind": "WasmPlugin", "spec": {`, "manifest-syntax", 1],
  [bombs, "document-too-large", 6],
  [`${plugin}spec: ${"[".repeat(200)}${"]".repeat(200)}\n`, "document-too-large", 3],
  [`${plugin}spec:\n  url: {{ .Values.url }}\n`, "manifest-template", 4],
  [`${plugin}spec:\n  url: {{ url }}\n`, "manifest-template", 4],
  [`{{- if .Values.wasm }}\n${plugin}{{- end }}\n`, "manifest-template", 1],
  [`kind: Deployment\n---\n${plugin}spec: {{ include "x" . }}\n`, "manifest-template", 5],
];

test("what can't be read is said at its place, and the documents beside it are read", () => {
  for (const [text, code, line] of broken) {
    const good = `${plugin}metadata: { name: a }\nspec: { url: "oci://x/y:latest" }\n`;
    const read = readFileText("a.yaml", `${text}---\n${good}`);
    const alone = text.startsWith('{"') ? readFileText("a.yaml", text) : read;
    const { findings } = lint([alone], context);
    const problem = findings.find((one) => one.code === code);
    assert.ok(problem, `${code}: ${text} ${findings.map((one) => one.code)}`);
    assert.equal(problem.line, line, text);
    assert.notEqual(problem.hint, "");
    assert.equal(read.documents.length, text.startsWith('{"') ? 0 : 1, text);
  }
});

test("a plugin whose spec isn't there or is something else is told, not passed over", () => {
  for (const [text, code, line] of [
    [`${plugin}metadata:\nspec:\n`, "missing-field", 1],
    [`${plugin}metadata: { name: a }\n`, "missing-field", 1],
    [`${plugin}spec: [1, 2]\n`, "wrong-type", 3],
    [`${plugin.replace("WasmPlugin", "TrafficExtension")}spec: [wasm]\n`, "wrong-type", 3],
  ] as const) {
    const { findings } = lint([readFileText("a.yaml", text)], context);
    assert.deepEqual(
      findings.map((one) => [one.code, one.line]),
      [[code, line]],
      text,
    );
  }
  const patch = readFileText("a.yaml", `${plugin}metadata: { name: a }\n`, { partial: true });
  assert.deepEqual(lint([patch], context).findings, []);
});

test("kinds that nobody here knows are skipped, without a finding", () => {
  const others = [
    "apiVersion: v1\nkind: ConfigMap\ndata: { a: wasm }\n",
    "apiVersion: example.com/v1\nkind: WasmPlugin\nspec: { url: x }\n",
    "name: build\non: push\njobs: { wasm: { steps: [] } }\n",
    "resources: { limits: { memory: 1Gi } } # wasm\n",
    "config: { wasm: true }\nruntime: wasm\nroutes: [/wasm]\n",
    "wasm\n",
    "- wasm\n",
    "# wasm\n",
  ];
  for (const text of others) {
    const read = readFileText("a.yaml", text);
    assert.deepEqual(lint([read], context).findings, [], text);
    assert.equal(read.documents.filter((one) => one.uses.length > 0).length, 0);
  }
});

test("binary files and UTF-16 are told by their bytes", () => {
  assert.equal(notText(Buffer.from([0, 97, 115, 109, 1, 0, 0, 0])), "binary");
  assert.equal(notText(Buffer.from("\uFEFFa", "utf16le")), "UTF-16");
  assert.equal(notText(Buffer.from("kind: WasmPlugin\n")), undefined);
});

/** Small and seeded. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor(((state >>> 8) / 2 ** 24) * below);
  };
}

const blocks = rulePages().flatMap((page) => [...page.reported, ...page.notReported]);

const spellings: readonly ((text: string, next: (below: number) => number) => string)[] = [
  (text) => text.replace(/^kind: (\w+)/gm, 'kind: "$1"'),
  (text) => text.replace(/^kind: (\w+)/gm, "kind: '$1'"),
  (text) => text.replace(/^(apiVersion:.*)\nkind: (\w+)/gm, "x: &k $2\n$1\nkind: *k"),
  (text) => text.replaceAll("\n", "\r\n"),
  (text) => `\uFEFF${text}`,
  (text) => text.replaceAll("asm", "\\x61sm").replace(/kind: (\S*\\x\S*)/g, 'kind: "$1"'),
  (text) =>
    text.replace(/^kind: (\w+)$/gm, (_, kind: string) => {
      const escaped = [...kind].map(
        (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
      return `kind: "${escaped.join("")}"`;
    }),
  (text) => text.replace(/^kind: Was(\w+)$/gm, 'kind: "Was\\\n  $1"'),
  (text) => `# a comment\n%YAML 1.2\n---\n${text}...\n`,
  (text) => `a: 1\n---\n${text}---\nb: 2\n`,
  (text, next) => text.slice(0, next(text.length)) + text.slice(next(text.length)),
];

test("the prefilter skips no document that reading it would have found to matter", () => {
  const next = random(11);
  let mattered = 0;
  for (let round = 0; round < 500; round++) {
    let { text } = blocks[next(blocks.length)]!;
    for (let n = next(3); n > 0; n--) text = spellings[next(spellings.length)]!(text, next);
    const all = readFileText("a.yaml", text, { everything: true });
    const some = readFileText("a.yaml", text);
    const plugins = (read: typeof all) => read.documents.map((one) => [one.kind, one.uses.length]);
    const matter = (read: typeof all) =>
      read.documents.filter((one) => one.uses.length + one.runtimeKeys.length > 0);
    assert.deepEqual(
      matter(some).map((one) => [one.from, one.uses.length]),
      matter(all).map((one) => [one.from, one.uses.length]),
      `${text}\n${JSON.stringify([plugins(all), plugins(some)])}`,
    );
    const plain = text.startsWith("\uFEFF") ? text.slice(1) : text;
    if (matter(all).length > 0) {
      mattered++;
      assert.ok(mayMatter(plain) && bytesMayMatter(Buffer.from(text)), text);
    }
    // Findings of whatever came out of it: no rule may fall over a document that is half one.
    lint([all], context);
  }
  assert.ok(mattered > 100, String(mattered));
});

test("a megabyte of one document, of many, or of nothing takes no more than its size", () => {
  const many = `${plugin}spec: { url: "oci://x/y:v1" }\n---\n`.repeat(5_000);
  const read = readFileText("a.yaml", many);
  assert.equal(read.documents.length, 5_000);
  const long = `${plugin}spec:\n  url: oci://x/y:v1\n  pluginConfig:\n${"    - a\n".repeat(100_000)}`;
  assert.equal(readFileText("a.yaml", long).documents.length, 1);
  assert.equal(readFileText("a.yaml", `wasm${"\n---".repeat(100_000)}`).documents.length, 0);
});

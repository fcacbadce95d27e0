// The article's own blocks through the linter: every mistake that they make is found where it stands, and nothing else
// is said of them. The lists are what was read out of Envoy, Istio and Kyverno, not what the linter printed.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { lint } from "../../src/mesh/lint/lint.ts";
import { repair } from "../../src/mesh/lint/repair.ts";
import type { Context } from "../../src/mesh/lint/rule.ts";
import { parseTargets } from "../../src/mesh/lint/targets.ts";
import { readFileText } from "../../src/mesh/read/read-file.ts";

const folder = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/${name}/`, import.meta.url));

const context: Context = {
  targets: parseTargets(undefined),
  module: () => null,
  policy: null,
};

/** `LINE RULE` of errors and warnings, by file. Notes are judged below. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  // The article's names for two calls, no callback, an invented field, a placeholder; buffers are no headers.
  "article-mesh/step-1-block.yaml": [
    "19 sha256-malformed",
    "35 capability-no-callbacks",
    "38 capability-alias",
    "39 capability-alias",
    "39 capability-role",
    "42 invented-field",
  ],
  // A field that a bootstrap doesn't have, and keys that nobody reads.
  "article-mesh/step-1-runtime-block.yaml": [
    "3 runtime-misplaced",
    "8 invented-runtime-key",
    "9 invented-runtime-key",
    "10 invented-runtime-key",
    "11 invented-runtime-key",
  ],
  "article-mesh/step-2-block.yaml": ["3 deprecated-field"],
  "article-mesh/step-3-blocks.yaml": [
    "4 capability-no-callbacks",
    "12 capability-no-callbacks",
    "15 capability-alias",
    "16 capability-alias",
    "22 capability-no-callbacks",
    "24 capability-alias",
    "25 capability-alias",
    "32 dispatch-list-unenforced",
  ],
  // A type that doesn't exist, in a place that takes no plugin.
  "article-mesh/step-4-block.yaml": [
    "8 route-plugin",
    "8 unknown-type",
    "15 route-plugin",
    "15 unknown-type",
  ],
  "article-mesh/step-5-wasm-plugin.yaml": ["13 sha256-malformed"],
  // The deprecated place, what walks around it, and two demands that miss what they mean.
  "article-mesh/step-5-kyverno.yaml": [
    "7 kyverno-failure-action",
    "12 kyverno-bypass",
    "17 kyverno-weak-pattern",
    "18 kyverno-weak-pattern",
  ],
  "article-mesh/step-6-alerts.yaml": [
    "6 invented-statistic",
    "8 invented-statistic",
    "10 invented-statistic",
    "12 invented-statistic",
  ],
  "article/step-1-bootstrap-runtime.yaml": [
    "6 runtime-misplaced",
    "11 invented-runtime-key",
    "12 invented-runtime-key",
    "13 invented-runtime-key",
    "14 invented-runtime-key",
  ],
  "article/step-1-plugin.yaml": [
    "40 sha256-malformed",
    "56 capability-no-callbacks",
    "59 capability-alias",
    "60 capability-alias",
    "60 capability-role",
    "63 invented-field",
  ],
  "article/step-2-failure-policy.yaml": ["29 deprecated-field"],
  "article/step-3-auth.yaml": [
    "35 capability-no-callbacks",
    "38 capability-alias",
    "39 capability-alias",
    "39 capability-role",
  ],
  "article/step-3-capability-list.yaml": [
    "35 capability-list",
    "35 capability-no-callbacks",
    "38 capability-alias",
    "39 capability-alias",
  ],
  "article/step-3-dispatch-clusters.yaml": ["37 dispatch-list-unenforced"],
  "article/step-3-header-rewriter.yaml": [
    "35 capability-no-callbacks",
    "37 capability-alias",
    "38 capability-alias",
    "38 capability-role",
  ],
  "article/step-3-logging.yaml": ["35 capability-no-callbacks"],
  "article/step-4-per-route.yaml": [
    "27 route-plugin",
    "27 unknown-type",
    "37 route-plugin",
    "37 unknown-type",
  ],
};

/** What is true of a block without being a mistake of its own. */
const notes = new Set([
  "no-reload",
  "deprecated-field",
  "capability-unrestricted",
  "kyverno-legacy",
]);

const files = ["article", "article-mesh"].flatMap((name) =>
  readdirSync(folder(name)).map((file) => `${name}/${file}`),
);

function read(file: string) {
  const [name, base] = file.split("/");
  return readFileText(file, readFileSync(folder(name!) + base!, "utf8"));
}

test("every block of the article is looked at", () => {
  assert.deepEqual(files.sort(), Object.keys(wanted).sort());
});

for (const file of files) {
  test(`${file}: each mistake is found at its line, and no other is`, () => {
    const { findings } = lint([read(file)], context);
    const found = findings.filter((one) => one.level !== "info");
    assert.deepEqual(
      found.map(({ line, code }) => `${line} ${code}`),
      wanted[file],
    );
    const others = findings.filter((one) => one.level === "info" && !notes.has(one.code));
    assert.deepEqual(others, []);
  });
}

/** What no repair can know: digests, roles, whom a policy means, which code runs on a route, statistics. */
const forPeople = new Set([
  "sha256-malformed",
  "capability-role",
  "dispatch-list-unenforced",
  "route-plugin",
  "kyverno-bypass",
  "kyverno-weak-pattern",
  "invented-statistic",
  // The real name of the article's type is an unsafe repair: the place takes no plugin all the same.
  "unknown-type",
]);

test("what has one right answer is repaired, and comments stay", () => {
  const options = { safety: "safe", read: {}, wanted: (all: readonly never[]) => all } as const;
  for (const file of files) {
    const before = read(file);
    const { text, problem } = repair(before, context, {
      ...options,
      wanted: (all) => all,
    });
    assert.equal(problem, null, file);
    const { findings } = lint([readFileText(file, text, { everything: true })], context);
    const left = findings.filter((one) => one.level !== "info" && !forPeople.has(one.code));
    assert.deepEqual(
      left.map(({ line, code, message }) => `${file}:${line} ${code} ${message}`),
      [],
    );
    const comments = (all: string) =>
      all.match(/#[^\n]*/g)?.filter((one) => !/MiB|ops budget/.test(one)) ?? [];
    assert.deepEqual(comments(text), comments(before.file.text), file);
  }
});

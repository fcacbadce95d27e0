// Every rule of the linter: its page shows at least two cases that it reports, at their lines, and two that look alike
// and aren't; what it repairs is repaired, once and for all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lint } from "../../src/mesh/lint/lint.ts";
import { repair } from "../../src/mesh/lint/repair.ts";
import type { Context, Rule } from "../../src/mesh/lint/rule.ts";
import { rules } from "../../src/mesh/lint/rules.ts";
import { parseTargets } from "../../src/mesh/lint/targets.ts";
import { readFileText } from "../../src/mesh/read/read-file.ts";
import { moduleNamed } from "./lint-modules.ts";
import { type Block, rulePages } from "./rule-pages.ts";

const pages = rulePages();

function contextOf({ target, module }: Block): Context {
  return {
    targets: parseTargets(target),
    module: module === undefined ? () => null : (use) => moduleNamed(module, use),
    policy: null,
  };
}

function findingsOf(rule: Rule, block: Block, text = block.text) {
  const read = readFileText("example.yaml", text);
  assert.deepEqual(
    read.problems.map((one) => `${one.code} ${JSON.stringify(one.args)}`),
    [],
    text,
  );
  return lint([read], contextOf(block), [rule]).findings;
}

test("every rule has a page, and every page a rule", () => {
  assert.deepEqual(
    pages.map((page) => page.id),
    rules.map((rule) => rule.id as string).sort(),
  );
});

const repairs = { safe: " · `--fix` repairs it", unsafe: " · `--fix=unsafe` repairs it" };

for (const rule of rules) {
  const page = pages.find((one) => one.id === rule.id)!;

  test(`${rule.id}: its page says what it is, and why`, () => {
    const [title, , facts, , summary] = page.text.split("\n");
    assert.equal(title, `# ${rule.id}`);
    assert.equal(
      facts,
      `${rule.level} · ${rule.looksAt}${rule.fix === null ? "" : repairs[rule.fix]}`,
    );
    assert.equal(summary, `${rule.summary[0]!.toUpperCase()}${rule.summary.slice(1)}.`);
    const [, why = ""] = /^## Why\n\n([\s\S]*?)\n\n## Reported$/m.exec(page.text) ?? [];
    assert.ok(why.length > 120, "why");
  });

  test(`${rule.id}: what its page calls reported is, there and nowhere else`, () => {
    assert.ok(page.reported.length >= 2, "two cases at least");
    for (const block of page.reported) {
      const found = findingsOf(rule, block);
      const lines = [...new Set(found.map((one) => one.line))];
      assert.ok(block.marked.length > 0, "marked lines");
      assert.deepEqual(lines, block.marked, block.text);
      for (const { message, hint } of found) assert.doesNotMatch(message + hint, /\{\w+\}/);
    }
  });

  test(`${rule.id}: what looks alike isn't reported`, () => {
    assert.ok(page.notReported.length >= 2, "two cases at least");
    for (const block of page.notReported) {
      assert.deepEqual(
        findingsOf(rule, block).map((one) => `${one.line}: ${one.message}`),
        [],
        block.text,
      );
    }
  });

  if (rule.fix === null) continue;
  test(`${rule.id}: its repair leaves nothing to repair, and says so when it is done again`, () => {
    let repaired = 0;
    for (const block of page.reported) {
      const wanted = (found: ReturnType<typeof findingsOf>) => found;
      const options = { safety: "unsafe", read: {}, wanted, rules: [rule] } as const;
      const file = readFileText("example.yaml", block.text);
      const once = repair(file, contextOf(block), options);
      assert.equal(once.problem, null, block.text);
      repaired += once.count;
      if (once.count === 0) continue;
      assert.notEqual(once.text, block.text);
      const twice = repair(readFileText("example.yaml", once.text), contextOf(block), options);
      assert.equal(twice.text, once.text);
      const left = findingsOf(rule, block, once.text).filter((one) => one.fix !== null);
      assert.deepEqual(left, [], once.text);
    }
    assert.ok(repaired > 0, "at least one of the page's cases is repaired");
  });
}

test("a kind that Kuma removed is a note for the releases that still read it", () => {
  const text = "type: ProxyTemplate\nmesh: default\nname: wasm\nconf: { modifications: [] }\n";
  const levelOf = (target: string | undefined) => {
    const context: Context = { targets: parseTargets(target), module: () => null, policy: null };
    const { findings } = lint([readFileText("a.yaml", text)], context);
    return findings.map((one) => `${one.level} ${one.code}`);
  };
  assert.deepEqual(levelOf(undefined), ["warning removed-kind"]);
  assert.deepEqual(levelOf("kuma=3.0"), ["warning removed-kind"]);
  assert.deepEqual(levelOf("envoy=1.36,kuma=2.10"), ["info removed-kind"]);
  assert.throws(() => parseTargets("kuma=1.8"), /--target kuma=1\.8/);
});

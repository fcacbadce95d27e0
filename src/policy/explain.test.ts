import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/failure.ts";
import { explainPolicy, renderExplanation } from "./explain.ts";
import { fields, groups, members } from "./schema.ts";

test("without a path every field is explained, with one a field or a group", () => {
  assert.equal(explainPolicy().length, fields.length);
  assert.deepEqual(
    explainPolicy("spec.limits.memory").map((row) => row.path),
    ["spec.limits.memory"],
  );
  assert.deepEqual(explainPolicy("limits.memory"), explainPolicy("spec.limits.memory"));
  assert.deepEqual(
    explainPolicy("limits.fuel").map((row) => row.path.split(".").at(-1)),
    ["request", "callback", "start", "mode", "costs"],
  );
  assert.ok(explainPolicy("limits").length > 10);
});

test("a path that is none is refused with the nearest one", () => {
  for (const [path, near] of [
    ["spec.limits.memry", "spec.limits.memory"],
    ["limit", "spec.limits"],
    ["xyzzyxyzzy", "spec"],
    ["mem", "spec"],
  ] as const) {
    assert.throws(
      () => explainPolicy(path),
      (error) =>
        error instanceof Failure &&
        error.code === "policy-unknown-path" &&
        error.hint === `Did you mean ${near}?`,
      path,
    );
  }
});

test("the text says value, default and what a rule is for", () => {
  assert.equal(
    renderExplanation(explainPolicy("limits.memory")),
    `spec.limits.memory
  Linear memory that the plugin may reach; rounded down to pages of 64 KiB.
  value:    size (64MiB, 256KiB), 64KiB to 4GiB
  default:  64MiB
`,
  );
  const tick = renderExplanation(explainPolicy("limits.host.tick"));
  assert.doesNotMatch(tick, /not yet/);
  assert.match(tick, /rule for: proxy_set_tick_period_milliseconds\n$/);
  assert.match(
    renderExplanation(explainPolicy("role")),
    /\n {2}external-auth {3}As auth, and asks/,
  );
  assert.match(
    renderExplanation(explainPolicy("bodies.read")),
    /value: {4}list of request \| response \| downstream \| upstream\n/,
  );
});

test("every field and group is documented in one sentence, and defaults lie in their bounds", () => {
  for (const row of fields) {
    assert.match(row.doc, /^[A-Z0-9a-z].*\.$/, row.path);
    if ("min" in row && typeof row.default === "number")
      assert.ok(row.default >= row.min && row.default <= row.max, row.path);
    if ("choices" in row && row.default !== null)
      assert.ok((row.choices as readonly string[]).includes(row.default), row.path);
  }
  const inner = (group: string): string[] =>
    members(group).flatMap((name) => {
      const path = group === "" ? name : `${group}.${name}`;
      return fields.some((row) => row.path === path) ? [] : [path, ...inner(path)];
    });
  assert.deepEqual(["", ...inner("")].sort(), Object.keys(groups).sort());
});

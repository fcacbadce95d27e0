// policy learn on real plugins: the policy that was learnt lets the same traffic pass hardened, every grant in it is
// needed, and nothing of the traffic's values is in it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import {
  leastPolicyText,
  policyOf,
  prove,
  recordFindings,
  underRules,
  watchWide,
} from "../../src/learn/learn.ts";
import { readTraffic } from "../../src/learn/read-traffic.ts";
import type { TrafficRequest } from "../../src/learn/traffic.ts";
import { diffPolicies } from "../../src/policy/diff.ts";
import { parsePolicy } from "../../src/policy/document.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { reasonFor } from "../../src/policy/reasons.ts";
import { resolvePolicy } from "../../src/policy/resolve.ts";
import { role } from "../../src/policy/roles.ts";
import type { Path } from "../../src/policy/schema.ts";

/** Well-behaved ones, and those whose only fault is what they ask for. */
const names = [
  ...["header-rewriter", "auth", "external-auth", "metrics", "body-filter", "tenant-cache"],
  ...["header-tag", "header-tag-0-1-0", "request-log", "body-crc", "property-thief"],
  ...["exfiltrate-http", "exfiltrate-grpc", "exfiltrate-grpc-stream", "exfiltrate-dns"],
  ...["exfiltrate-foreign", "shared-data-spy", "credential-thief"],
];
const paths = await buildPlugins({ only: [...names, "stack-small"] });
const rows: readonly PluginRow[] = plugins.filter((row) => names.includes(row.name));
const secrets = ["hunter2", "wonderland", "s3cr3t", "tenant-a", "c0ffee"];

function trafficOf({ request }: PluginRow): readonly TrafficRequest[] {
  const lines: object[] = [
    {
      path: "/geo?token=hunter2",
      headers: { authorization: "Bearer s3cr3t", "x-tenant": "tenant-a" },
    },
    { path: "/in", headers: { authorization: "Bearer wonderland", "x-session": "c0ffee" } },
    {
      method: "PUT",
      path: "/secret",
      body: "the secret word",
      response: { status: 404, headers: { server: "x" }, body: "no" },
      calls: { "external-auth-cluster": { status: 403 } },
    },
    { path: "/down", calls: { "external-auth-cluster": null }, after: 5000 },
  ];
  if (request !== undefined) lines.push({ path: "/", ...request });
  return readTraffic(lines.map((line) => JSON.stringify(line)).join("\n"), "t").requests;
}

function learnt(row: PluginRow, roleName: string | null) {
  const { name, configuration } = row;
  const bytes = readFileSync(paths.get(name)!);
  const requests = trafficOf(row);
  const options = { name, rootId: name, ...(configuration !== undefined && { configuration }) };
  const watched = watchWide(bytes, name, requests, options);
  const words = {
    role: roleName,
    margin: 2,
    percentile: 99.9,
    name,
    url: `${name}.wasm`,
    origin: "a test",
  };
  const { played } = watched;
  const record = underRules(bytes, watched, words, requests, options);
  const text = leastPolicyText(record, words);
  const under = (policy: string) => prove(bytes, policyOf(policy, "p"), requests, played, options);
  return { bytes, requests, options, record, played, text, under };
}

/** The text without the item of a list. */
function without(text: string, item: string): string {
  const lines = text.split("\n").filter((line) => !line.startsWith(`      - ${item} # reason: `));
  return lines.join("\n").replace(/allow:\n(?! {6}- )/, "allow: []\n");
}

for (const row of rows) {
  test(`${row.name}: its traffic passes under what was learnt, and every grant is needed`, () => {
    const { record, played, text, under } = learnt(row, null);
    assert.deepEqual(recordFindings(record, played), []);
    assert.deepEqual(under(text), {
      same: 4 + (row.request ? 1 : 0),
      total: played.requests.length,
      denied: [],
      first: null,
    });
    const { allow } = policyOf(text, "p");
    assert.ok(allow.size > 0);
    for (const name of allow) {
      const less = without(text, name);
      assert.equal(policyOf(less, "p").allow.size, allow.size - 1, name);
      const { first, denied } = under(less);
      assert.ok(first !== null || denied.includes(name), `${name} is granted and not needed`);
    }
  });
}

test("within a role the policy still passes, grants nothing that is not used, and says what the role has beside", () => {
  for (const row of rows.filter((one) => one.role !== null)) {
    const { record, text, under } = learnt(row, row.role);
    assert.equal(under(text).first, null, row.name);
    const { allow } = policyOf(text, "p");
    const used = new Set(record.uses.calls.map(({ name }) => name));
    const beyond = [...allow].filter(
      (name) => !used.has(name) && role(row.role!)!.allow.includes(name),
    );
    assert.deepEqual(beyond, [], row.name);
    assert.match(text, new RegExp(`^# The role ${row.role} also has, and nothing used: `, "m"));
  }
});

test("every grant has a reason that policy diff reads", () => {
  const before = parsePolicy(
    "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: a }\n",
    "a",
  );
  for (const row of rows) {
    const { text } = learnt(row, null);
    const after = parsePolicy(text, "b");
    const grants = diffPolicies(before, after).filter(({ direction }) => direction === "grants");
    assert.ok(grants.length > 0);
    for (const grant of grants) {
      assert.match(
        reasonFor(grant, after, text) ?? "",
        /^(once|\d+ times), first in \w+/,
        grant.what,
      );
    }
  }
});

test("no value of the traffic is in a policy or a record", () => {
  for (const row of rows) {
    const { record, text } = learnt(row, null);
    for (const secret of secrets) {
      assert.ok(!text.includes(secret), `${secret} in the policy of ${row.name}`);
      assert.ok(!JSON.stringify(record).includes(secret), `${secret} in the record of ${row.name}`);
    }
  }
});

/** Rules on arguments; what is listed among capabilities is not one. */
const ruleGroups = [
  ...["dispatch", "properties", "headers", "bodies", "responses"],
  ...["sharedData", "queues", "metrics", "foreign"],
];

/** The items of the rules that a policy's text has, by field. */
function rulesOf(text: string): readonly (readonly [Path, readonly string[]])[] {
  return [...parsePolicy(text, "p").settings]
    .filter(([path]) => ruleGroups.includes(path.split(".")[1]!))
    .map(([path, { value }]) => [path, value as readonly string[]] as const);
}

/** The policy of a text without one item of a rule. */
function withoutItem(text: string, path: Path, item: string): Policy {
  const document = parsePolicy(text, "p");
  const { value, where } = document.settings.get(path)!;
  const less = (value as readonly string[]).filter((one) => one !== item);
  return resolvePolicy({
    ...document,
    settings: new Map([...document.settings, [path, { value: less, where }]]),
  });
}

test("every item of a rule is needed: without any one the traffic does not pass", () => {
  const seen = new Set<string>();
  for (const row of rows) {
    const { bytes, requests, played, options, text } = learnt(row, null);
    for (const [path, items] of rulesOf(text)) {
      for (const item of items) {
        const proof = prove(bytes, withoutItem(text, path, item), requests, played, options);
        const held = proof.first !== null || proof.denied.length > 0;
        assert.ok(held, `${row.name}: ${path} ${item}`);
      }
      seen.add(path);
    }
  }
  for (const path of [
    "spec.dispatch.clusters",
    "spec.dispatch.methods",
    "spec.properties.read",
    "spec.headers.read",
    "spec.headers.add",
    "spec.headers.replace",
    "spec.bodies.read",
    "spec.responses",
    "spec.metrics.names",
    "spec.foreign.functions",
  ])
    assert.ok(seen.has(path), path);
});

test("a policy for a plugin that the default stack is too small for sets a deep one, with the reason", () => {
  const { record } = learnt(rows[0]!, null);
  const words = { role: null, margin: 2, percentile: 99.9, name: "a", url: "a.wasm", origin: "a" };
  const { limits } = policyOf(leastPolicyText(record, { ...words, deep: true }), "p");
  const usual = policyOf(leastPolicyText(record, words), "p").limits;
  assert.ok(limits.stackBytes > usual.stackBytes && limits.callDepth > usual.callDepth);
  const bytes = readFileSync(paths.get("stack-small")!);
  const { deep, played } = watchWide(bytes, "a", trafficOf(rows[0]!), { name: "a", rootId: "a" });
  assert.equal(deep, true);
  assert.match(played.traps[0]!, /\(stack\)$/);
});

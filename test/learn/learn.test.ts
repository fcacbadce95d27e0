// policy learn on real plugins: the policy that was learnt lets the same traffic pass hardened, every grant in it is
// needed, and nothing of the traffic's values is in it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { guardsOf } from "../../src/host/guards.ts";
import {
  leastPolicyText,
  policyOf,
  prove,
  recordFindings,
  watchWide,
} from "../../src/learn/learn.ts";
import { readTraffic } from "../../src/learn/read-traffic.ts";
import type { TrafficRequest } from "../../src/learn/traffic.ts";
import { diffPolicies } from "../../src/policy/diff.ts";
import { parsePolicy } from "../../src/policy/document.ts";
import { reasonFor } from "../../src/policy/reasons.ts";
import { role } from "../../src/policy/roles.ts";
import { field, type Path } from "../../src/policy/schema.ts";

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
  const { record, played } = watchWide(bytes, name, requests, options);
  const words = {
    role: roleName,
    margin: 2,
    percentile: 99.9,
    name,
    url: `${name}.wasm`,
    origin: "a test",
  };
  const text = leastPolicyText(record, words);
  const under = (policy: string, rules = {}) =>
    prove(bytes, policyOf(policy, "p"), requests, played, { ...options, ...rules });
  return { record, played, text, under };
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

/** The commented rules as the lab's host keeps them, by field. */
function rulesOf(text: string) {
  const live = text
    .split("\n")
    .slice(text.split("\n").indexOf("spec:"))
    .map((line) => line.replace(/^( *)# /, "$1"))
    .join("\n");
  const head = "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\n";
  const { settings } = parsePolicy(head + live, "p");
  const list = (path: Path) => (settings.get(path)?.value as string[] | undefined) ?? null;
  return Object.fromEntries(rulePaths.map((path) => [path, list(path)] as const)) as Lists;
}

const rulePaths = [
  "spec.dispatch.clusters",
  "spec.properties.read",
  "spec.properties.write",
  "spec.headers.read",
  "spec.headers.write",
] as const;
type Lists = Record<(typeof rulePaths)[number], string[] | null>;

function kept(lists: Lists) {
  const clusters = lists["spec.dispatch.clusters"];
  const guards = guardsOf({
    propertiesRead: lists["spec.properties.read"],
    propertiesWrite: lists["spec.properties.write"],
    headersRead: lists["spec.headers.read"],
    headersWrite: lists["spec.headers.write"],
  });
  return { guards, ...(clusters !== null && { clusters }) };
}

test("the rules that are comments hold too: with them the traffic passes, without any one item it does not", () => {
  let items = 0;
  for (const row of rows) {
    const { text, under } = learnt(row, null);
    const lists = rulesOf(text);
    assert.equal(under(text, kept(lists)).first, null, row.name);
    for (const path of rulePaths) {
      for (const item of lists[path] ?? []) {
        const less = { ...lists, [path]: lists[path]!.filter((one) => one !== item) };
        assert.notEqual(under(text, kept(less)).first, null, `${row.name}: ${path} ${item}`);
        items++;
      }
    }
  }
  assert.ok(items > 20, String(items));
});

test("rules that modules don't enforce are comments in their place", (t) => {
  if (field("spec.dispatch.clusters")?.later === undefined) return t.skip("modules enforce it now");
  const { text } = learnt(rows.find(({ name }) => name === "external-auth")!, null);
  assert.match(
    text,
    /^ {2}# dispatch:\n {2}# {3}clusters: .*\n {2}# {5}- external-auth-cluster # reason: 4 times, first in proxy_on_request_headers of GET \/geo \(request 1\)$/m,
  );
  assert.deepEqual(rulesOf(text)["spec.dispatch.clusters"], ["external-auth-cluster"]);
  assert.equal(parsePolicy(text, "p").settings.has("spec.dispatch.clusters"), false);
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

// Clusters without one: kubeconfigs in their forms, and lists of an API server that come in pages, are missing or
// refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { audit } from "../../src/audit/audit.ts";
import { readCluster } from "../../src/audit/cluster.ts";
import type { Got } from "../../src/audit/get.ts";
import { readKubeconfig } from "../../src/audit/kubeconfig.ts";
import { Failure } from "../../src/errors/failure.ts";

type Fields = Readonly<Record<string, unknown>>;

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function kubeconfig(user: Fields, cluster: Fields = {}): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "prod",
    contexts: [
      { name: "prod", context: { cluster: "c", user: "u" } },
      { name: "other", context: { cluster: "gone", user: "u" } },
    ],
    clusters: [{ name: "c", cluster: { server: "https://k8s.example.com:6443/base", ...cluster } }],
    users: [{ name: "u", user }],
  });
}

const noFiles = (path: string): string => assert.fail(path);
const read = (text: string, context?: string, files = noFiles) =>
  readKubeconfig(text, "config", context, files);

test("a token, a certificate and an authority come out of the file itself", () => {
  const user = {
    token: "t",
    "client-certificate-data": base64("CERT"),
    "client-key-data": base64("KEY"),
  };
  const access = read(kubeconfig(user, { "certificate-authority-data": base64("CA") }));
  assert.equal(access.context, "prod");
  assert.equal(access.server.href, "https://k8s.example.com:6443/base");
  assert.deepEqual(access.credentials, {
    token: "t",
    authority: "CA",
    certificate: "CERT",
    key: "KEY",
  });
});

test("or out of files that it names", () => {
  const files = (path: string) => `${path}!\n`;
  const access = read(
    kubeconfig({ tokenFile: "token" }, { "certificate-authority": "ca.pem" }),
    undefined,
    files,
  );
  assert.deepEqual(access.credentials, { token: "token!", authority: "ca.pem!\n" });
});

for (const [what, text, context, code] of [
  ["no YAML", "a: [", undefined, "audit-kubeconfig"],
  ["no context", "apiVersion: v1", undefined, "audit-kubeconfig"],
  ["a context that isn't there", kubeconfig({}), "none", "audit-kubeconfig"],
  ["a cluster that isn't there", kubeconfig({}), "other", "audit-kubeconfig"],
  [
    "a program for credentials",
    kubeconfig({ exec: { command: "aws" } }),
    undefined,
    "audit-kubeconfig-program",
  ],
  [
    "an alias bomb",
    `${kubeconfig({ token: "t" })}a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]\n`,
    undefined,
    "audit-kubeconfig",
  ],
] as const) {
  test(`a kubeconfig with ${what} is refused with ${code}`, () => {
    assert.throws(
      () => read(text, context),
      (error) => error instanceof Failure && error.code === code,
    );
  });
}

const access = read(kubeconfig({ token: "t" }));

const plugin = (name: string) => ({
  metadata: { name, namespace: "edge" },
  spec: { url: "oci://registry.example.com/plugins/a:v1" },
});

const list = (names: readonly string[], next?: string): Got => ({
  status: 200,
  text: JSON.stringify({
    apiVersion: "extensions.istio.io/v1alpha1",
    kind: "WasmPluginList",
    metadata: next === undefined ? {} : { continue: next },
    items: names.map(plugin),
  }),
});

test("a list that comes in pages is read to its end, with the credentials, below the server's path", async () => {
  const asked: string[] = [];
  const { reads, problems } = await readCluster(access, async (url, credentials) => {
    assert.equal(credentials.token, "t");
    asked.push(url.href);
    if (!url.pathname.endsWith("/wasmplugins")) return { status: 404, text: "" };
    return url.searchParams.get("continue") === "next" ? list(["c"]) : list(["a", "b"], "next");
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    audit(reads).rows.map((row) => row.object),
    ["WasmPlugin edge/a", "WasmPlugin edge/b", "WasmPlugin edge/c"],
  );
  assert.ok(
    asked.every((href) => href.startsWith("https://k8s.example.com:6443/base/apis/")),
    asked[0],
  );
});

test("a kind that may not be listed is said, and the others are read", async () => {
  const { reads, problems } = await readCluster(access, async (url) => {
    if (url.pathname.endsWith("/envoyfilters")) return { status: 403, text: "{}" };
    return url.pathname.endsWith("/wasmplugins") ? list(["a"]) : { status: 404, text: "" };
  });
  assert.equal(audit(reads).rows.length, 1);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /403.*envoyfilters/);
});

test("an answer that is no list is a problem of its kind, and a list that never ends is one", async () => {
  const access = read(kubeconfig({ token: "t" }));
  const answers: Readonly<Record<string, string>> = {
    wasmplugins: "<html>sign in</html>",
    trafficextensions: "[]",
    envoyfilters: JSON.stringify({ items: 5 }),
    envoypatchpolicies: JSON.stringify({ metadata: { continue: "again" }, items: [] }),
    envoyextensionpolicies: JSON.stringify({ kind: 5, metadata: 5, items: [null, "wasm", [1]] }),
  };
  let asked = 0;
  const ask = async (url: URL): Promise<Got> => {
    asked++;
    const text = answers[url.pathname.replace(/^.*\//, "")];
    return text === undefined ? { status: 404, text: "" } : { status: 200, text };
  };
  const { reads, problems } = await readCluster(access, ask);
  assert.deepEqual(audit(reads).rows, []);
  assert.deepEqual(
    problems.map((one) => /GET \S*\/(\w+)/.exec(one)?.[1]),
    ["wasmplugins", "trafficextensions", "envoyfilters", "envoypatchpolicies"],
  );
  assert.ok(asked < 3000, String(asked));
});

// A real Kubernetes API server: it takes every object that is generated, strictly; its admission policies let in and
// refuse what they should; and an audit through its API finds the plugins.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { glovebox } from "../cli/glovebox.ts";
import { type AdmissionCase, gatewayCases, istioCases } from "../mesh/admission-cases.ts";
import { files } from "../mesh/generate-targets.ts";
import { definitions } from "./definitions.ts";
import { define, type Kubernetes, startKubernetes } from "./kubernetes.ts";
import { built, present } from "./party.ts";

let cluster: Kubernetes | undefined;
const known = definitions();

/** The cluster, started for the first test that asks; undefined where it can't be had. */
async function clusterFor(t: Parameters<typeof present>[0]): Promise<Kubernetes | undefined> {
  if (!built(t, "kube-apiserver") || !present(t, "etcd")) return undefined;
  if (cluster === undefined) {
    cluster = await startKubernetes();
    await define(cluster, known);
    const { status, body } = await cluster.ask("POST", "/api/v1/namespaces", {
      metadata: { name: "edge" },
    });
    assert.equal(status, 201, body.message);
  }
  return cluster;
}

after(() => cluster?.stop());

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const builtIn: Readonly<Record<string, string>> = {
  NetworkPolicy: "networkpolicies",
  ValidatingAdmissionPolicy: "validatingadmissionpolicies",
  ValidatingAdmissionPolicyBinding: "validatingadmissionpolicybindings",
};

/** Where objects of that kind are made; undefined for kinds that no definition is published of. */
function pathOf({ apiVersion, kind, metadata }: KubernetesObject): string | undefined {
  const [group] = apiVersion.split("/");
  const plural =
    builtIn[kind] ?? known.find((one) => one.group === group && one.kind === kind)?.plural;
  if (plural === undefined) return undefined;
  const where = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
  return `/apis/${apiVersion}${where}/${plural}`;
}

const objectsOf = (name: string): readonly KubernetesObject[] =>
  (files[name]!().documents as readonly KubernetesObject[]).filter((one) => one.kind !== undefined);

test("the API server takes every generated object, and refuses none of their fields", async (t) => {
  const kubernetes = await clusterFor(t);
  if (kubernetes === undefined) return;
  const kinds = new Set<string>();
  for (const name of Object.keys(files)) {
    for (const one of objectsOf(name)) {
      const path = pathOf(one);
      if (path === undefined) continue;
      const { status, body } = await kubernetes.ask(
        "POST",
        `${path}?dryRun=All&fieldValidation=Strict`,
        one,
      );
      assert.equal(status, 201, `${name} ${one.kind}: ${body.message}`);
      kinds.add(one.kind);
    }
  }
  t.diagnostic([...kinds].sort().join(", "));
  for (const kind of [
    "NetworkPolicy",
    "ValidatingAdmissionPolicy",
    "WasmPlugin",
    "EnvoyFilter",
    "EnvoyPatchPolicy",
  ]) {
    assert.ok(kinds.has(kind), kind);
  }
});

/** Makes the policies, waits until each kind is judged, and judges all cases. */
async function judge(
  kubernetes: Kubernetes,
  objects: readonly KubernetesObject[],
  cases: readonly AdmissionCase[],
  canary: boolean,
): Promise<void> {
  for (const one of objects) {
    const { status, body } = await kubernetes.ask("POST", pathOf(one)!, one);
    assert.equal(status, 201, body.message);
  }
  const create = ({ object }: AdmissionCase) =>
    kubernetes.ask("POST", `${pathOf(object)}?dryRun=All`, object);
  try {
    // Policies take a moment until they are in force: each kind's first bad case tells.
    for (const kind of new Set(cases.map(({ object }) => object.kind))) {
      const bad = cases.find(({ object, refused }) => object.kind === kind && refused !== null)!;
      for (let tries = 0; (await create(bad)).status === 201; tries++) {
        assert.ok(tries < 120, `${kind} is let in for a minute`);
        await sleep(500);
      }
    }
    for (const one of cases) {
      const { status, body } = await create(one);
      const what = `${one.object.kind} ${one.object.metadata.name}: ${status} ${body.message}`;
      const wanted = one.canary === true && !canary ? /pinned/ : one.refused;
      if (wanted === null) assert.equal(status, 201, what);
      else {
        assert.equal(status, 422, what);
        assert.match(body.message ?? "", wanted, what);
      }
    }
  } finally {
    for (const one of [...objects].reverse()) {
      await kubernetes.ask("DELETE", `${pathOf(one)}/${one.metadata.name}`);
    }
    await sleep(3000);
  }
}

for (const [name, cases, canary] of [
  ["admission-policy", istioCases, false],
  ["admission-policy-canary", istioCases, true],
] as const) {
  test(`the API server lets in and refuses by ${name}`, async (t) => {
    const kubernetes = await clusterFor(t);
    if (kubernetes === undefined) return;
    await judge(kubernetes, objectsOf(name), cases, canary);
  });
}

test("the API server refuses by admission-policy-gateway once its binding denies", async (t) => {
  const kubernetes = await clusterFor(t);
  if (kubernetes === undefined) return;
  const objects = objectsOf("admission-policy-gateway").map((one) => {
    if (one.kind !== "ValidatingAdmissionPolicyBinding") return one;
    const { spec } = one as KubernetesObject & { spec: { validationActions: readonly string[] } };
    assert.deepEqual(
      spec.validationActions,
      ["Warn", "Audit"],
      "as it is generated it refuses nothing",
    );
    return { ...one, spec: { ...spec, validationActions: ["Deny"] } };
  });
  await judge(kubernetes, objects, gatewayCases, false);
});

test("an audit through the cluster's API finds its plugins, pinned as they are", async (t) => {
  const kubernetes = await clusterFor(t);
  if (kubernetes === undefined) return;
  for (const name of [
    "istio-wasm-plugin",
    "istio-envoy-filter",
    "envoy-gateway-extension-policy",
  ]) {
    const [one] = objectsOf(name);
    const { status, body } = await kubernetes.ask("POST", pathOf(one!)!, one);
    assert.equal(status, 201, body.message);
  }
  const args = ["audit", "--cluster", "--kubeconfig", kubernetes.kubeconfig, "--json"];
  const { exit, out, err } = await glovebox(...args);
  assert.equal(exit, 0, err);
  const { result } = JSON.parse(out) as {
    result: { rows: readonly { dialect: string; pin: string }[]; problems: readonly string[] };
  };
  assert.deepEqual(result.problems, []);
  assert.deepEqual(result.rows.map((row) => row.dialect).sort(), [
    "envoy-extension-policy",
    "envoy-filter",
    "wasm-plugin",
  ]);
  assert.ok(result.rows.every((row) => row.pin === "manifest"));
});

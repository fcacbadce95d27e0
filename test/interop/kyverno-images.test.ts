// Kyverno's own image verification over what we sign: it admits a pod whose image is signed, and none that is not, that
// somebody else signed, or whose tag was moved.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { first, second } from "../supply/world.ts";
import { found } from "./party.ts";
import { startRegistry } from "./registries.ts";
import { desk } from "./signing-parties.ts";

const here = desk();
after(() => here.end());

const indented = (text: string, by: number): string =>
  text.trimEnd().replace(/^/gm, " ".repeat(by));

/** Admits pods whose images this key signed. `type` is Kyverno's name of the format. */
const policyOf = (
  type: "Cosign" | "SigstoreBundle",
  key: string,
): string => `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: { name: signed }
spec:
  webhookConfiguration: { failurePolicy: Fail, timeoutSeconds: 30 }
  rules:
    - name: signed
      match: { any: [{ resources: { kinds: [Pod] } }] }
      verifyImages:
        - type: ${type}
          failureAction: Enforce
          mutateDigest: false
          verifyDigest: false
          required: true
          imageReferences: ["127.0.0.1:*"]
          attestors:
            - entries:
                - keys:
                    publicKeys: |
${indented(key, 22)}
                    rekor: { ignoreTlog: true }
                    ctlog: { ignoreSCT: true }
`;

const podOf = (image: string): string => `apiVersion: v1
kind: Pod
metadata: { name: plugin, namespace: default }
spec: { containers: [{ name: plugin, image: "${image}" }] }
`;

const ok = ({ status, said }: { status: number | null; said: string }): void =>
  assert.equal(status, 0, said);

test("Kyverno admits an image that we signed, and refuses tampered and foreign ones", async (t) => {
  if (!found(t, "kyverno") || !found(t, "registry")) return;
  writeFileSync(here.file("module.wasm"), first.hardened);
  writeFileSync(here.file("other.wasm"), second.hardened);
  ok(here.glovebox("keys", "ours"));
  ok(here.glovebox("keys", "theirs"));
  // Of the registries at hand, the one without a referrers API: its fallback index is ours, artifact types included.
  const registry = await startRegistry("registry", here.folder);
  try {
    const repository = `${registry.host}/team/plugin`;
    const push = (tag: string, file: string): void =>
      ok(here.glovebox("push", file, `oci://${repository}:${tag}`, "--plain-http"));
    const sign = (tag: string, ...more: readonly string[]): void =>
      ok(
        here.glovebox(
          "sign",
          `oci://${repository}:${tag}`,
          "--key",
          "ours.key",
          "--plain-http",
          ...more,
        ),
      );
    const admitted = (type: "Cosign" | "SigstoreBundle", tag: string, key = "ours.pub") => {
      writeFileSync(here.file("policy.yaml"), policyOf(type, readFileSync(here.file(key), "utf8")));
      writeFileSync(here.file("pod.yaml"), podOf(`${repository}:${tag}`));
      const { status, said } = here.run(
        "kyverno",
        "apply",
        "policy.yaml",
        "--resource",
        "pod.yaml",
        "--registry",
      );
      const counts = /pass: (\d+), fail: (\d+), warn: \d+, error: (\d+)/.exec(said);
      assert.ok(counts !== null, said);
      return {
        passed: status === 0 && counts[1] !== "0" && counts[2] === "0" && counts[3] === "0",
        said,
      };
    };
    const expect = (wanted: boolean, ...args: Parameters<typeof admitted>): void => {
      const { passed, said } = admitted(...args);
      assert.equal(passed, wanted, said);
    };
    push("v1", "module.wasm");
    sign("v1", "--format", "both");
    for (const type of ["Cosign", "SigstoreBundle"] as const) {
      await t.test(`as ${type}`, () => {
        push("v1", "module.wasm");
        push("unsigned", "other.wasm");
        expect(true, type, "v1");
        expect(false, type, "v1", "theirs.pub");
        expect(false, type, "unsigned");
        // The tag is moved to another module; the registry still has the signature of the first.
        push("v1", "other.wasm");
        expect(false, type, "v1");
      });
    }
  } finally {
    await registry.stop();
  }
});

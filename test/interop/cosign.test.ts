// cosign 3 and we, on the same registries: each verifies what the other signs, in both formats, and refuses what was
// tampered with. Without a network: the keys are local, and no log is asked.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { first, second } from "../supply/world.ts";
import { found } from "./party.ts";
import { type RealRegistry, type RegistryProgram, startRegistry } from "./registries.ts";
import { type Desk, desk } from "./signing-parties.ts";

const OFFLINE = ["--insecure-ignore-tlog=true", "--allow-http-registry=true"];
/** `referrers-registry` has the referrers API, `registry` has not. */
const programs = ["referrers-registry", "registry"] as const satisfies readonly RegistryProgram[];
const here = desk();
after(() => here.end());

const ok = ({ status, said }: ReturnType<Desk["run"]>): void => assert.equal(status, 0, said);
const refused = ({ status, said }: ReturnType<Desk["run"]>): void => {
  assert.equal(status === 1 || /no matching|no signatures/.test(said), true, said);
};

writeFileSync(here.file("module.wasm"), first.hardened);
writeFileSync(here.file("other.wasm"), second.hardened);
writeFileSync(
  here.file("policy.yaml"),
  "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: tampered }\nspec: { role: logging }\n",
);
writeFileSync(here.file("original.wasm"), first.original);

const verifyOurs = (ref: string, key: string, ...more: readonly string[]) =>
  here.glovebox("verify", ref, "-p", "policy.yaml", "--key", key, "--plain-http", ...more);

function prepare(): void {
  ok(here.glovebox("keys", "ours"));
  ok(here.run("cosign", "generate-key-pair", "--output-key-prefix", "theirs"));
  ok(here.run("cosign", "signing-config", "create", "--out", "signing.json"));
}

const cosignSign = (ref: string, ...more: readonly string[]) =>
  here.run(
    "cosign",
    ...["sign", "--key", "theirs.key", "--allow-http-registry", "-y"],
    ...more,
    ref,
  );

let ready = false;

for (const program of programs) {
  test(`both formats, both ways, on ${program}`, async (t) => {
    if (!found(t, "cosign") || !found(t, program)) return;
    if (!ready) prepare();
    ready = true;
    const registry: RealRegistry = await startRegistry(program, here.folder);
    try {
      const repository = `${registry.host}/team/plugin`;
      const push = (tag: string, file = "module.wasm"): string => {
        const pushed = here.result("push", file, `oci://${repository}:${tag}`, "--plain-http");
        return pushed.manifest;
      };

      await t.test("cosign verifies our bundle, and not with another key", () => {
        const digest = push("bundle");
        const ref = `${repository}@${digest}`;
        ok(
          here.glovebox(
            "sign",
            `oci://${ref}`,
            "--key",
            "ours.key",
            "--plain-http",
            "--annotation",
            "stage=test",
          ),
        );
        ok(here.run("cosign", "verify", "--key", "ours.pub", ...OFFLINE, ref));
        ok(here.run("cosign", "verify", "--key", "ours.pub", "-a", "stage=test", ...OFFLINE, ref));
        refused(
          here.run("cosign", "verify", "--key", "ours.pub", "-a", "stage=live", ...OFFLINE, ref),
        );
        refused(here.run("cosign", "verify", "--key", "theirs.pub", ...OFFLINE, ref));
        ok(verifyOurs(`oci://${ref}`, "ours.pub", "--annotation", "stage=test"));
      });

      await t.test("cosign verifies our older signature", () => {
        const ref = `${repository}@${push("legacy", "other.wasm")}`;
        ok(
          here.glovebox(
            "sign",
            `oci://${ref}`,
            "--key",
            "ours.key",
            "--plain-http",
            "--format",
            "legacy",
          ),
        );
        const legacy = ["--new-bundle-format=false", ...OFFLINE];
        ok(here.run("cosign", "verify", "--key", "ours.pub", ...legacy, ref));
        refused(here.run("cosign", "verify", "--key", "theirs.pub", ...legacy, ref));
        ok(verifyOurs(`oci://${ref}`, "ours.pub"));
      });

      await t.test("we verify cosign's bundle beside ours, by threshold too", () => {
        const ref = `${repository}@${push("bundle")}`;
        refused(verifyOurs(`oci://${ref}`, "theirs.pub"));
        ok(cosignSign(ref, "--signing-config", "signing.json", "-a", "by=cosign"));
        ok(verifyOurs(`oci://${ref}`, "theirs.pub", "--annotation", "by=cosign"));
        refused(verifyOurs(`oci://${ref}`, "theirs.pub", "--annotation", "by=us"));
        ok(verifyOurs(`oci://${ref}`, "theirs.pub", "--key", "ours.pub"));
        ok(here.run("cosign", "verify", "--key", "ours.pub", ...OFFLINE, ref));
      });

      await t.test("we verify cosign's older signature, and keep it when we sign too", () => {
        const ref = `${repository}@${push("legacy", "other.wasm")}`;
        const older = [
          "--new-bundle-format=false",
          "--use-signing-config=false",
          "--tlog-upload=false",
        ];
        ok(cosignSign(ref, ...older));
        ok(verifyOurs(`oci://${ref}`, "theirs.pub"));
        ok(
          here.glovebox(
            "sign",
            `oci://${ref}`,
            "--key",
            "ours.key",
            "--plain-http",
            "--format",
            "legacy",
          ),
        );
        ok(verifyOurs(`oci://${ref}`, "theirs.pub", "--key", "ours.pub"));
        const legacy = ["--new-bundle-format=false", ...OFFLINE];
        ok(here.run("cosign", "verify", "--key", "theirs.pub", ...legacy, ref));
      });

      await t.test("cosign verifies our attestation", () => {
        const ref = `${repository}@${push("bundle")}`;
        const attest = [
          "attest",
          `oci://${ref}`,
          "-p",
          "policy.yaml",
          "--original",
          "original.wasm",
        ];
        ok(here.glovebox(...attest, "--key", "ours.key", "--plain-http"));
        const type = "https://glovebox.dev/attestations/hardened/v1";
        const args = ["verify-attestation", "--type", type, ...OFFLINE, ref];
        ok(here.run("cosign", ...args, "--key", "ours.pub"));
        refused(here.run("cosign", ...args, "--key", "theirs.pub"));
        ok(verifyOurs(`oci://${ref}`, "ours.pub", "--require-attestation"));
      });

      await t.test("neither accepts what is moved or changed", () => {
        const digest = push("bundle");
        const moved = push("bundle", "original.wasm");
        assert.notEqual(moved, digest);
        refused(
          here.run("cosign", "verify", "--key", "ours.pub", ...OFFLINE, `${repository}:bundle`),
        );
        refused(verifyOurs(`oci://${repository}:bundle`, "ours.pub"));
      });
    } finally {
      await registry.stop();
    }
  });
}

test("each reads the other's keys", (t) => {
  if (!found(t, "cosign")) return;
  if (!ready) prepare();
  ready = true;
  const blob = here.file("blob");
  writeFileSync(blob, "some bytes");
  const signing = ["--use-signing-config=false", "--tlog-upload=false", "-y"];
  ok(
    here.run("cosign", "sign-blob", "--key", "ours.key", ...signing, "--bundle", "blob.json", blob),
  );
  ok(
    here.run(
      "cosign",
      "verify-blob",
      "--key",
      "ours.pub",
      "--insecure-ignore-tlog=true",
      "--bundle",
      "blob.json",
      blob,
    ),
  );
  writeFileSync(here.file("file.wasm"), first.hardened);
  ok(
    here.run(
      "cosign",
      "sign-blob",
      "--key",
      "theirs.key",
      ...signing,
      "--bundle",
      "file.json",
      "file.wasm",
    ),
  );
  const args = ["-p", "policy.yaml", "--key", "theirs.pub", "--bundle", "file.json"];
  ok(here.glovebox("verify", "file.wasm", ...args));
  refused(here.glovebox("verify", "original.wasm", ...args));
});

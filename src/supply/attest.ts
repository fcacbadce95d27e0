// What may be attested: that hardening the original under the policy gives the artifact's module, byte for byte, and
// that verify finds nothing. Nobody's word is taken for either.
import { fail } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { harden } from "../harden/harden.ts";
import type { Policy } from "../policy/policy.ts";
import type { Hardening } from "../signing/provenance.ts";
import { sha256 } from "../util/digest.ts";
import { version } from "../util/version.ts";
import { verify } from "../verify/verify.ts";
import type { Artifact } from "./artifact.ts";

/** What is said of a module that was hardened from an original. Whether it is true is the caller's to know. */
export function hardeningStatement(
  original: Artifact,
  module: Uint8Array,
  policy: Policy,
): Hardening {
  return {
    original: {
      sha256: original.sha256,
      reference: original.at === null ? null : original.ref,
      manifest: original.at?.subject.digest ?? null,
    },
    module: { sha256: sha256(module) },
    policy: { name: policy.name, digest: policy.digest },
    tool: { name: "glovebox", version: version() },
  };
}

/** Proves what a statement would say. Throws `attest-not-contained`, `attest-not-original`, and what hardening throws. */
export function proveHardening(artifact: Artifact, original: Artifact, policy: Policy): Hardening {
  const { module, ref } = artifact;
  const where = { at: "ref", ref } as const;
  const finding = verify(module, policy).find((one) => one.level === "error");
  if (finding !== undefined) {
    fail("attest-not-contained", { what: ref, first: renderFinding(finding) }, where);
  }
  const found = sha256(harden(original.module, policy).bytes);
  if (found !== artifact.sha256) {
    fail(
      "attest-not-original",
      { original: original.ref, found, expected: artifact.sha256 },
      where,
    );
  }
  return hardeningStatement(original, module, policy);
}

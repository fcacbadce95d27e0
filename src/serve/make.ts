// A plugin's bytes → what is served of it: hardened under the policy and verified, or, where it was hardened before,
// verified. Runs in a thread of its own, because a large module takes seconds and answers must not wait for it.
import { contain, type Origin } from "../contain/contain.ts";
import { fail } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import type { Policy } from "../policy/policy.ts";
import { customSection } from "../spec/custom-sections.ts";
import { sha256 } from "../util/digest.ts";
import { verify } from "../verify/verify.ts";
import { decode } from "../wasm/decode.ts";
import { artifactsOf, type ServedArtifact } from "./artifacts.ts";

export interface Job {
  readonly bytes: Uint8Array;
  readonly policy: Policy;
  /** What was shown about where the bytes come from. */
  readonly shown: Origin;
}

export interface Made {
  readonly module: Uint8Array;
  readonly before: boolean;
  readonly artifacts: readonly ServedArtifact[];
}

/** A module with our stamp is served as it is, if it keeps this policy. What the policy demands of the source holds too. */
function verified({ bytes, policy, shown }: Job): Uint8Array {
  const found = sha256(bytes);
  if (policy.sha256 !== null && policy.sha256 !== found) {
    fail("contain-pin", { expected: policy.sha256, found });
  }
  if (policy.manifest !== null && policy.manifest !== shown.manifest) {
    const manifest = shown.manifest ?? "a module without a manifest";
    fail("source-manifest", { expected: policy.manifest, found: manifest });
  }
  if (policy.signedBy.length > 0 && !shown.signed) {
    fail("source-unsigned", { signers: policy.signedBy.join(", ") });
  }
  const first = verify(bytes, policy).find(({ level }) => level === "error");
  if (first !== undefined) {
    fail("serve-not-contained", { name: policy.name, first: renderFinding(first) });
  }
  return bytes;
}

/** Throws what decoding, hardening and verifying throw. */
export function make(job: Job): Made {
  const stamped = decode(job.bytes).customs.some(
    ({ name }) => customSection(name)?.kind === "stamp",
  );
  const module = stamped ? verified(job) : contain(job.bytes, job.policy, job.shown).bytes;
  return { module, before: stamped, artifacts: artifactsOf(module) };
}

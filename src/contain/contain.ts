// Harden, then verify: the only writer of hardened bytes. Nothing leaves here that verify has not accepted.
import { fail } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { type Hardened, harden } from "../harden/harden.ts";
import type { Policy } from "../policy/policy.ts";
import { sha256 } from "../util/digest.ts";
import { engineRefusal } from "../util/engine.ts";
import { verify } from "../verify/verify.ts";

/** What was shown about where a plugin comes from (src/supply/source.ts); of plain bytes, nothing. */
export interface Origin {
  /** The digest of the manifest that it came with. */
  readonly manifest: string | null;
  /** Everyone whom the policy names has signed it. */
  readonly signed: boolean;
}

const plain: Origin = { manifest: null, signed: false };

/** The policy's pins are of the plugin as it was shipped, before anything is rewritten. */
function checkPins(bytes: Uint8Array, policy: Policy, origin: Origin): void {
  if (policy.sha256 !== null) {
    const found = sha256(bytes);
    if (found !== policy.sha256) fail("contain-pin", { expected: policy.sha256, found });
  }
  if (policy.manifest !== null && policy.manifest !== origin.manifest) {
    const found = origin.manifest ?? "a module without a manifest";
    fail("source-manifest", { expected: policy.manifest, found });
  }
  if (policy.signedBy.length > 0 && !origin.signed) {
    fail("source-unsigned", { signers: policy.signedBy.join(", ") });
  }
}

/**
 * Rewrites a plugin under a policy and proves the result. `origin` is what a policy's pins of a manifest and of signers
 * are held against: without it, a policy that has them is refused. Throws a Failure: blamed on the input when the
 * plugin cannot be contained or is not valid WebAssembly, on Glovebox when verify refuses what harden wrote.
 */
export function contain(bytes: Uint8Array, policy: Policy, origin: Origin = plain): Hardened {
  checkPins(bytes, policy, origin);
  const hardened = harden(bytes, policy);
  // harden neither type-checks bodies nor keeps dead code: what comes out may be valid though the input is not.
  const reason = engineRefusal(bytes);
  if (reason !== null) fail("wasm-invalid", { reason });
  const findings = verify(hardened.bytes, policy).filter((one) => one.level === "error");
  const first = findings[0];
  if (first === undefined) return hardened;
  return fail("contain-unverified", { first: renderFinding(first) });
}

// Harden, then verify: the only writer of hardened bytes. Nothing leaves here that verify has not accepted.
import { fail } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { type Hardened, harden } from "../harden/harden.ts";
import type { Policy } from "../policy/policy.ts";
import { sha256 } from "../util/digest.ts";
import { engineRefusal } from "../util/engine.ts";
import { verify } from "../verify/verify.ts";

/** The policy's pin names the plugin's own bytes, before anything is rewritten. */
function checkPin(bytes: Uint8Array, policy: Policy): void {
  if (policy.sha256 === null) return;
  const found = sha256(bytes);
  if (found !== policy.sha256) fail("contain-pin", { expected: policy.sha256, found });
}

/**
 * Rewrites a plugin under a policy and proves the result. Throws a Failure: blamed on the input when the
 * plugin cannot be contained or is not valid WebAssembly, on Glovebox when verify refuses what harden wrote.
 */
export function contain(bytes: Uint8Array, policy: Policy): Hardened {
  checkPin(bytes, policy);
  const hardened = harden(bytes, policy);
  // harden neither type-checks bodies nor keeps dead code: what comes out may be valid though the input is not.
  const reason = engineRefusal(bytes);
  if (reason !== null) fail("wasm-invalid", { reason });
  const findings = verify(hardened.bytes, policy).filter((one) => one.level === "error");
  const first = findings[0];
  if (first === undefined) return hardened;
  return fail("contain-unverified", { first: renderFinding(first) });
}

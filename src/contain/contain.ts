// Harden, then verify: the only writer of hardened bytes. Nothing leaves here that verify has not accepted.
import { fail } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { type Hardened, harden } from "../harden/harden.ts";
import type { Policy } from "../policy/policy.ts";
import { verify } from "../verify/verify.ts";

/** Why the engine refuses a module, or null when it accepts it. */
function engineRefusal(bytes: Uint8Array): string | null {
  if (WebAssembly.validate(bytes)) return null;
  try {
    new WebAssembly.Module(bytes);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Rewrites a plugin under a policy and proves the result. Throws a Failure: blamed on the input when the
 * plugin cannot be contained or is not valid WebAssembly, on Glovebox when verify refuses what harden wrote.
 */
export function contain(bytes: Uint8Array, policy: Policy): Hardened {
  const hardened = harden(bytes, policy);
  const findings = verify(hardened.bytes, policy).filter((one) => one.level === "error");
  const first = findings[0];
  if (first === undefined) return hardened;
  // harden does not type-check bodies: an invalid input shows here, as an invalid output.
  const reason = engineRefusal(bytes);
  if (reason !== null) fail("wasm-invalid", { reason: reason.replace(/^WebAssembly\.Module\(\): /, "") });
  return fail("contain-unverified", { first: renderFinding(first) });
}

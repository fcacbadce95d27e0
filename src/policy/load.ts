// A policy's text → the policy: reading and resolving in one step.
import { parsePolicy } from "./document.ts";
import type { Policy } from "./policy.ts";
import { resolvePolicy } from "./resolve.ts";

/** Reads and resolves a policy; see parsePolicy for what is thrown. */
export function loadPolicy(text: string, file: string): Policy {
  return resolvePolicy(parsePolicy(text, file));
}

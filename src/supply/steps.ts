// What `verify` reports: four checks, always in this order. Each ends in a status and findings, and never in another's
// place: a good signature makes no byte contained, and containment needs no signature.
import { type Failure, type Finding, finding, type Level } from "../errors/failure.ts";
import type { Where } from "../errors/where.ts";

export const checkNames = ["pin", "signature", "attestation", "containment"] as const;
export type CheckName = (typeof checkNames)[number];

/** `absent`: nothing there to check, and nobody demanded it. `not-asked`: nobody said what should hold. */
export type Status = "held" | "failed" | "absent" | "not-asked";

export interface Check {
  readonly check: CheckName;
  readonly status: Status;
  /** What holds, in a few words: digests, signers. */
  readonly by: readonly string[];
  readonly findings: readonly Finding[];
}

/** A refusal as something to list. */
export function findingOf(failure: Failure, level: Level, where?: Where): Finding {
  return finding(failure.code, level, failure.args, failure.where ?? where);
}

export const held = (
  check: CheckName,
  by: readonly string[],
  findings: readonly Finding[] = [],
): Check => ({
  check,
  status: "held",
  by,
  findings,
});

export const failed = (check: CheckName, findings: readonly Finding[]): Check => ({
  check,
  status: "failed",
  by: [],
  findings,
});

export const without = (
  check: CheckName,
  status: "absent" | "not-asked",
  findings: readonly Finding[] = [],
): Check => ({ check, status, by: [], findings });

// What harden did, for people and for `--json`. Plain data; the SemVer rule covers its shape.
import type { AbiVersion } from "../spec/host-function-row.ts";

export interface HardenReport {
  readonly plugin: string;
  readonly abi: AbiVersion;
  readonly policy: string;
  readonly mode: "bound" | "exact";
  readonly costs: string;
  readonly original: { readonly sha256: string; readonly bytes: number };
  readonly hardened: { readonly sha256: string; readonly bytes: number };
  /** Pages of 64 KiB. */
  readonly memory: { readonly min: number; readonly max: number; readonly was: number | null };
  /** Host functions that stay reachable, that became stubs, and that nothing used. */
  readonly imports: {
    readonly allowed: readonly string[];
    readonly denied: readonly string[];
    readonly unused: readonly string[];
  };
  readonly exports: { readonly kept: readonly string[]; readonly dropped: readonly string[] };
  readonly functions: {
    readonly guest: number;
    readonly chargedAtEntry: number;
    readonly fuelInLocal: number;
    readonly counted: number;
    readonly loops: number;
  };
  /** Whether a start section was moved into the first entry. */
  readonly startMoved: boolean;
  /** Instructions of dead code that were left out. */
  readonly deadInstructions: number;
}

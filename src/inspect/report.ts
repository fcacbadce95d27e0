// The shape of an inspection: plain data, the same for people, for --json and for a policy. The JSON is covered
// by the SemVer rule: fields are added, never renamed. Names come from the module and may hold anything; whoever
// prints them makes them plain first.
import type { Finding } from "../errors/failure.ts";
import type { RoleName } from "../policy/roles.ts";
import type { AbiVersion, Risk } from "../spec/host-function-row.ts";
import type { Sdk } from "../spec/sdk-signs.ts";
import type { Reach } from "./reach.ts";
import type { UsedFeature } from "./survey.ts";

export interface SectionSize {
  readonly name: string;
  /** Name of a custom section. */
  readonly custom?: string;
  /** Bytes of its content. */
  readonly bytes: number;
}

export interface ImportReport {
  readonly module: string;
  readonly name: string;
  /** As `allowed_capabilities` of stock Envoy names it; null where no list there covers it. */
  readonly capability: string | null;
  /** Whether hosts have a function of this name, type and ABI version. */
  readonly known: boolean;
  readonly group: string | null;
  /** The article's name for it, where that differs. */
  readonly alias: string | null;
  readonly risk: Risk | null;
  readonly why: string | null;
  readonly reach: Reach;
  /** First minor release of Envoy whose host has it; null where none has. */
  readonly since: string | null;
  /** Denying it makes a plugin of this SDK trap. */
  readonly denialTraps: boolean;
}

export interface CallbackReport {
  readonly name: string;
  readonly phase: string;
  /** Whether hosts of the module's ABI version look it up. */
  readonly called: boolean;
  /** Leaving it out lets requests by unchecked, if the plugin decides about them. */
  readonly requestPath: boolean;
}

export interface SdkReport {
  readonly id: Sdk["id"] | null;
  readonly label: string | null;
  readonly language: string | null;
  /** What it was told by, in words. */
  readonly evidence: readonly string[];
}

/** What a stock Envoy does when it is given the module; calls that never return can't be seen here. */
export interface StockReport {
  readonly verdict: "loads" | "refuses" | "crashes";
  /** First minor release that has every import; null where none has. */
  readonly since: string | null;
}

export interface LeastEntry {
  readonly name: string;
  readonly reach: Reach;
  readonly risk: Risk;
  readonly why: string;
}

export interface LeastPolicy {
  readonly role: RoleName | null;
  readonly why: string;
  /** What the policy's list holds, and no more. */
  readonly allow: readonly LeastEntry[];
  /** Imported calls that the list leaves out: unused ones, and those that the role has no use for. */
  readonly leftOut: readonly LeastEntry[];
  /** Imported calls that come with any role. */
  readonly withRole: readonly string[];
  readonly memoryPages: number;
  readonly memoryWhy: string;
}

export interface InspectReport {
  readonly sha256: string;
  readonly bytes: number;
  readonly abi: { readonly version: AbiVersion | null; readonly marker: string | null };
  readonly sdk: SdkReport;
  readonly hardened: boolean;
  readonly sections: readonly SectionSize[];
  readonly functions: {
    readonly imported: number;
    readonly defined: number;
    /** Of the defined ones, by how a host's calls reach them. */
    readonly reachable: number;
    readonly indirect: number;
    readonly unused: number;
  };
  readonly memory: {
    /** Pages of 64 KiB. */
    readonly min: number;
    readonly max: number | null;
    readonly imported: boolean;
    readonly exportedAs: readonly string[];
    readonly grows: boolean;
  } | null;
  readonly tables: readonly { readonly min: number; readonly max: number | null }[];
  readonly globals: number;
  readonly features: readonly UsedFeature[];
  /** Function index of the start section. */
  readonly startSection: number | null;
  readonly startFunctions: readonly string[];
  readonly allocator: string | null;
  readonly imports: readonly ImportReport[];
  readonly callbacks: readonly CallbackReport[];
  /** Exports that no host looks up. */
  readonly otherExports: readonly string[];
  readonly stock: StockReport;
  readonly findings: readonly Finding[];
  readonly leastPolicy: LeastPolicy;
}

// One plugin in force, as an audit shows it: where it comes from, what it may do, what a trap does, whom it shares
// with, and the risk in one word with its reason. Values of configuration and of variables are never in it.
import type { Dialect } from "../mesh/model.ts";

export const risks = ["severe", "high", "medium", "low"] as const;

export type Risk = (typeof risks)[number];

export type PinState =
  /** By the digest of its manifest. */
  | "manifest"
  /** By the digest of the module. */
  | "module"
  /** A digest that nobody compares: code from a file. */
  | "unchecked"
  | "none";

export interface AuditRow {
  readonly plugin: string;
  /** File, line and column, or the address that it was read from. */
  readonly where: string;
  /** `Kind namespace/name`, or what else it stands in. */
  readonly object: string;
  readonly dialect: Dialect;
  /** Where it runs, in words. */
  readonly scope: string;
  /** As written; `inline` for code inside the configuration. */
  readonly source: string;
  readonly pin: PinState;
  /** Hex of what it is pinned to. */
  readonly digest: string | null;
  /** null: everything that its host offers. */
  readonly capabilities: readonly string[] | null;
  /** Of them, callbacks that it may have: none means that it is never called. null: all that it exports. */
  readonly callbacks: readonly string[] | null;
  /** Names that no host knows: they allow nothing. */
  readonly unknown: readonly string[];
  /** Of what it may do, that which can do harm by itself. */
  readonly risky: readonly string[];
  readonly failure: "closed" | "open" | "reload";
  /** What that means, in words. */
  readonly trap: string;
  /** What it says itself; null where nothing is said. */
  readonly vmId: string | null;
  /** Plugins whose memory and traps it may share. */
  readonly sameVm: readonly string[];
  /** Plugins whose shared data and queues it may read and write. */
  readonly sameData: readonly string[];
  /** Whether it decides about requests, and what tells. */
  readonly decides: string | null;
  /** Names of the proxy's own variables that it is shown. */
  readonly hostVariables: readonly string[];
  /** What its module is, where that is at hand; null where it isn't. */
  readonly module: ModuleState | null;
  readonly risk: Risk;
  readonly reasons: readonly string[];
}

export interface ModuleState {
  /** Of the module's own bytes. */
  readonly sha256: string;
  /** Whether it carries its own limits. */
  readonly hardened: boolean;
  /** Whether it keeps the policy that was given; null without one. */
  readonly contained: boolean | null;
}

export interface Audit {
  readonly rows: readonly AuditRow[];
  /** What could not be read, one line each. */
  readonly problems: readonly string[];
  /** Documents that hold no plugin. */
  readonly skipped: number;
}

// What whoever runs a lab decides about it.
import type { Failure } from "../../errors/failure.ts";
import type { DiskCache } from "../plugins/cache.ts";
import type { CodeSource } from "../plugins/load-code.ts";
import type { LogEntry } from "../worker/messages.ts";
import type { OtlpOptions } from "./otlp.ts";
import type { SpareThreads } from "./spare-threads.ts";
import type { Patience } from "./times.ts";

export interface GatewayOptions {
  readonly configFile: string;
  readonly policyFiles: readonly string[];
  readonly concurrency: number;
  /** Plugins run as shipped, in cells. */
  readonly unsafe: boolean;
  readonly cache: DiskCache;
  /** Gets artifacts; without it a configuration that names one has no module. */
  readonly pull?: NonNullable<CodeSource["pull"]>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** 0 to 1. */
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  readonly log: (entry: LogEntry) => void;
  /** Share of one processor that a cell may use. */
  readonly cellShare: number;
  /** Folder for records of what plugins do; it exists. Null: nothing is recorded. */
  readonly record: string | null;
  /** Where spans go; null for nowhere. */
  readonly otlp: Pick<OtlpOptions, "endpoint" | "service" | "version"> | null;
  /** Threads that come up already; whoever made them ends those that are left. */
  readonly spare?: SpareThreads;
  /** How long it waits for its threads, where that is not the usual time. */
  readonly patience?: Patience;
  /** The gateway can't go on. */
  readonly fatal: (error: Failure) => void;
}

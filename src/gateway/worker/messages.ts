// What the control thread and the threads that serve tell each other. Plain data and compiled modules only.
import type { Args, Code } from "../../errors/catalogue.ts";
import type { LabConfig } from "../../mesh/envoy/lab-config.ts";
import type { Span } from "../chain/spans.ts";
import type { RequestTrace } from "../chain/trace.ts";
import type { ClusterSnapshot } from "../http/exchange.ts";
import type { Prepared } from "../plugins/prepare.ts";
import type { Announcement } from "../stats/cells.ts";

/** A configuration with everything that is needed to serve it. */
export interface Version {
  readonly number: number;
  readonly config: LabConfig;
  readonly plugins: readonly Prepared[];
  /** Where the requests of a plugin are sent instead of being served here, by plugin name: a cell's socket. */
  readonly cells: Readonly<Record<string, string>>;
}

/** What a thread has to know before it loads its code. */
export interface ThreadPlace {
  /** It will be a cell. */
  readonly cell: boolean;
}

/** What a thread is given when it is made. */
export interface ThreadStart {
  readonly thread: number;
  /** A cell serves one plugin's requests, and accepts from other threads only. */
  readonly cell: { readonly plugin: string; readonly path: string; readonly share: number } | null;
  readonly pulse: SharedArrayBuffer;
  /** Shared data, queues and metrics of all threads. */
  readonly shared: SharedArrayBuffer;
  /** Somebody exports spans. */
  readonly spans: boolean;
  /** Where records of runs are written, and what tells this run apart; null: nothing is recorded. */
  readonly record: { readonly folder: string; readonly run: string } | null;
}

export type ToThread =
  | { readonly kind: "stage"; readonly version: Version }
  /**
   * The first time a worker is given a descriptor of its own of each listener's socket, by its place in the
   * configuration.
   */
  | { readonly kind: "commit"; readonly number: number; readonly sockets: readonly number[] }
  | { readonly kind: "abort"; readonly number: number }
  | { readonly kind: "cells"; readonly cells: Version["cells"] }
  /** A queue of another thread's plugin may have something for one of here. */
  | { readonly kind: "poll" }
  /** Trace the next requests, so many. */
  | { readonly kind: "trace"; readonly requests: number }
  | { readonly kind: "report"; readonly id: number }
  | { readonly kind: "drain"; readonly milliseconds: number };

export type FromThread =
  | { readonly kind: "up" }
  | { readonly kind: "staged"; readonly number: number; readonly problems: readonly Problem[] }
  | { readonly kind: "committed"; readonly number: number }
  /**
   * Namespaces of the plugins that it has, those of requests in flight among them, after it has used or given up all
   * versions up to this one.
   */
  | { readonly kind: "holds"; readonly upTo: number; readonly namespaces: readonly string[] }
  /** A version that could not be staged, or not used. */
  | { readonly kind: "failed"; readonly number: number; readonly code: Code; readonly args: Args }
  | { readonly kind: "stat"; readonly stat: Announcement }
  | { readonly kind: "logs"; readonly entries: readonly LogEntry[] }
  | { readonly kind: "expensive"; readonly plugin: string; readonly why: string }
  | { readonly kind: "report"; readonly id: number; readonly report: ThreadReport }
  | { readonly kind: "poll" }
  | { readonly kind: "spans"; readonly spans: readonly Span[] }
  | { readonly kind: "trace"; readonly trace: RequestTrace }
  | { readonly kind: "drained" };

/** A plugin that did not come up. */
export interface Problem {
  readonly plugin: string;
  readonly reason: string;
}

export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: "trace" | "debug" | "info" | "warning" | "error" | "critical";
  readonly plugin: string | null;
  readonly text: string;
}

export interface ThreadReport {
  readonly clusters: readonly ClusterSnapshot[];
  readonly plugins: readonly PluginReport[];
  readonly requestsActive: number;
}

export interface PluginReport {
  readonly name: string;
  readonly version: number;
  /** false: it is known here, but runs elsewhere or not yet. */
  readonly running: boolean;
  readonly state: "running" | "failed";
  readonly detail: string;
  readonly memoryPages: number;
  readonly streams: number;
  readonly callsOpen: number;
  readonly traps: readonly {
    readonly reason: string;
    readonly callback: string;
    readonly detail: string;
  }[];
  /** Functions whose denial the module itself has recorded. */
  readonly denied: readonly string[];
  /** Milliseconds of the last second that its steps took here. */
  readonly recentMs: number;
}

// A run of the embedded host as plain data: which plugins are loaded, what is asked of them, and what was
// seen. Both sides cross into a worker thread, so nothing here is a function or an object with a life.
import type { FailurePolicy, Semantics } from "../host/failure.ts";

export type Header = readonly [name: string, value: string];

export interface LoadStep {
  readonly do: "load";
  /** By what name the later steps mean it; also the plugin's name and root id. */
  readonly plugin: string;
  readonly bytes: Uint8Array;
  readonly semantics: Semantics;
  readonly failure: FailurePolicy;
  readonly configuration?: string;
  readonly capabilities?: readonly string[];
  readonly vmId?: string;
  readonly sha256?: string;
}

export interface RequestStep {
  readonly do: "request";
  readonly plugin: string;
  readonly path?: string;
  readonly headers?: readonly Header[];
  readonly body?: string;
  /** How often; default once. Stops early at the first that is not answered by the upstream. */
  readonly times?: number;
  /** Status that every HTTP call of the plugin is answered with; without it calls stay open. */
  readonly answer?: number;
}

export interface TickStep {
  readonly do: "tick";
  readonly plugin: string;
  /** Milliseconds that pass before the timers and queues are looked at. */
  readonly advance: number;
  /** How often; default once. */
  readonly times?: number;
}

/** Requests that are all open at the same time: each gets as far as the upstream, then each is answered. */
export interface CrowdStep {
  readonly do: "crowd";
  readonly plugin: string;
  readonly streams: number;
  /** Headers of the first one, which is answered last. */
  readonly hostile?: readonly Header[];
}

export type Step = LoadStep | RequestStep | TickStep | CrowdStep;

export interface SeenTrap {
  readonly reason: string;
  readonly callback: string;
}

export interface LoadSeen {
  readonly do: "load";
  /** Why the bytes were refused; null where they were loaded. */
  readonly refused: { readonly code: string; readonly message: string } | null;
  /** How far the instance came. */
  readonly state: "running" | "trapped" | "refused";
  readonly traps: readonly SeenTrap[];
}

export interface RequestSeen {
  readonly do: "request";
  readonly outcome: string;
  /** What the client got; 0 for nothing. */
  readonly status: number;
  readonly skipped: boolean;
  /** The last request's headers as the upstream got them; null where it got none. */
  readonly upstream: readonly Header[] | null;
  readonly response: readonly Header[];
  readonly calls: readonly { readonly kind: string; readonly to: string }[];
  readonly traps: readonly SeenTrap[];
  readonly logs: readonly string[];
  /** How many lines there were. */
  readonly logged: number;
  /** How many requests of `times` the upstream answered. */
  readonly passed: number;
  readonly ms: number;
  readonly after: PluginSeen;
}

export interface TickSeen {
  readonly do: "tick";
  readonly traps: readonly SeenTrap[];
  readonly after: PluginSeen;
}

export interface CrowdSeen {
  readonly do: "crowd";
  /** Of those without hostile headers, how many were not answered by the upstream. */
  readonly failed: number;
  /** What the client got of the hostile one; 0 for nothing, null where there was none. */
  readonly hostile: number | null;
  readonly traps: readonly SeenTrap[];
  readonly after: PluginSeen;
}

/** The plugin's counters after a step. */
export interface PluginSeen {
  readonly pages: number;
  /** Names of denied functions, by the host's list or by the module's own stubs. */
  readonly denied: readonly string[];
  readonly failClosed: number;
  readonly failOpen: number;
  /** Most fuel that one callback took without trapping; 0 for modules that count none. */
  readonly fuelMost: number;
  /** Callbacks that ran. */
  readonly callbacks: number;
  /** What the module tells of itself, by name; of a histogram how many values. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Streams that found no account of their own; 0 for modules that keep none. */
  readonly unslotted: number;
}

export type Seen = LoadSeen | RequestSeen | TickSeen | CrowdSeen;

/** What came of a script. */
export interface Run {
  readonly seen: readonly Seen[];
  /** The step that did not return, and after how many milliseconds it was stopped. */
  readonly hung: { readonly step: Step["do"]; readonly ms: number } | null;
}

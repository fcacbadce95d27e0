// What a plugin did in a run, as plain data and as a file: names, counts and distributions, never a value that
// passed through the plugin. docs/run-record.md describes the file; fields are added, never renamed, and a change
// of meaning is a new number in RECORD_FORMAT.
import type { SketchData } from "./sketch.ts";

export const RECORD_FORMAT = "glovebox-record/1";

/** The first time that something was used. */
export interface Evidence {
  /** The export that ran; "start section" before any did. */
  readonly callback: string;
  /** Counted from 1; null outside of requests. */
  readonly request: number | null;
  /** Method and path without its query, words only; null outside of requests. */
  readonly path: string | null;
  /** A name that says more: a cluster, a header, a key's prefix; null where there is none. */
  readonly what: string | null;
}

export interface Use {
  readonly name: string;
  /** What the name is in: a header map, a buffer, the kind of a call; null where there is nothing to tell. */
  readonly of: string | null;
  readonly count: number;
  readonly first: Evidence;
}

/** What may be used by name. */
export const useKinds = [
  "calls", // host functions
  "denied", // host functions that it called and was denied
  "clusters",
  "names", // looked up by DNS
  "methods", // of calls, as are the next two
  "paths",
  "authorities",
  "propertiesRead",
  "propertiesWritten",
  "headersRead", // `*` for all headers at once
  "headersWritten", // the same, and the names that were put in their place
  "headersAdded", // the same by what was done; those of local responses are added
  "headersReplaced",
  "headersRemoved",
  "buffersRead",
  "buffersWritten",
  "localResponses", // by status
  "logLevels",
  "sharedDataRead", // by prefix of the key
  "sharedDataWritten",
  "queues",
  "metrics",
  "foreign",
] as const;

/** Kinds that records of earlier versions don't have. */
export const laterKinds: readonly string[] = [
  "methods",
  "paths",
  "authorities",
  "headersAdded",
  "headersReplaced",
  "headersRemoved",
] satisfies readonly (typeof useKinds)[number][];

export type UseKind = (typeof useKinds)[number];

export interface CallbackRecord {
  readonly name: string;
  readonly calls: number;
  readonly traps: number;
  /** Empty for a module that counts no fuel. */
  readonly fuel: SketchData;
}

/** The greatest of each; 0 where nothing happened. */
export interface Most {
  /** Calls in flight at the same time. */
  readonly outstanding: number;
  /** Log bytes of one request. */
  readonly logBytes: number;
  /** Bytes of headers that the plugin wrote for one request. */
  readonly headerBytes: number;
  /** Calls and questions that it made for one request; what is outside of requests counts by callback. */
  readonly dispatches: number;
  /** Bytes of bodies, messages and queue items that it handed over in one callback. */
  readonly bodyBytes: number;
  /** Bytes of shared data and items of queues that one VM wrote, and metrics that it defined, in all. */
  readonly sharedDataBytes: number;
  readonly queueItems: number;
  readonly metrics: number;
  /** Pages of 64 KiB. */
  readonly memoryPages: number;
  /** Bytes of counted stack in use as host calls saw it: at least so much was used. Null where nobody can know. */
  readonly stackBytes: number | null;
}

export interface RunRecord {
  readonly format: typeof RECORD_FORMAT;
  readonly plugin: string;
  /** sha256 of the module as shipped, lower-case hex. */
  readonly module: string;
  /** How fuel was counted; null where it was not. */
  readonly fuel: { readonly mode: string; readonly costs: string } | null;
  readonly requests: number;
  readonly traps: number;
  readonly uses: Readonly<Record<UseKind, readonly Use[]>>;
  readonly callbacks: readonly CallbackRecord[];
  readonly most: Most;
  /** The shortest timer period that was asked for, in milliseconds; null for none. */
  readonly tick: number | null;
  /** Fuel of one callback, of all callbacks of one request, of one entry of the start phase. */
  readonly perCallback: SketchData;
  readonly perRequest: SketchData;
  readonly perStart: SketchData;
  /** Pages of 64 KiB when a request was over. */
  readonly pages: SketchData;
}

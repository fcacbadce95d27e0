// The resolved policy: one frozen value that harden, verify, the host and the reports read. Everything
// that a document leaves open has been decided; nobody resolves anything again further down.
import type { Finding } from "../errors/failure.ts";
import type { CostVersion } from "../spec/costs.ts";
import type { Rules } from "./rules.ts";

/** What a denied call with a status result answers. */
export type DeniedAnswer =
  | "host" // what stock hosts answer: 10 for proxy_*, 76 or the inert errno for WASI
  | "internal-failure" // 10 (WASI: 76)
  | "unimplemented" // 12 (WASI: 52)
  | "not-found" // 1 (WASI: 44)
  | "ok-empty" // 0 with every out-parameter zeroed, 6 where one lies outside the memory (WASI: 21)
  | "trap"; // the plugin traps

export interface Policy {
  /** metadata.name. */
  readonly name: string;
  readonly role: string | null;
  /** The plugin decides about requests: leaving out a request-path callback that it exports is an error. */
  readonly security: boolean;
  /** Where the module comes from, as the document says. */
  readonly url: string | null;
  /** SHA-256 of the module's own bytes, lower-case hex. */
  readonly sha256: string | null;
  /** Digest of the manifest that the module comes with, `sha256:` and hex. */
  readonly manifest: string | null;
  /** Paths of the public keys that must all have signed it, as the document says; relative to the document. */
  readonly signedBy: readonly string[];
  readonly limits: {
    /** Pages of 64 KiB that linear memory may reach. */
    readonly memoryPages: number;
    readonly onMemoryCap: "trap" | "refuse";
    readonly fuel: {
      /** Units for all callbacks of a stream; null where streams have no account of their own. */
      readonly request: number | null;
      /** Units for one callback, from the host's call to its return. */
      readonly callback: number;
      /** Units for each entry of the start phase (rule A27). */
      readonly start: number;
      readonly mode: "bound" | "exact";
      readonly costs: CostVersion;
    };
    /** Bytes of native stack, by the formula of rule A26. */
    readonly stackBytes: number;
    /** Nested counted calls. */
    readonly callDepth: number;
    /** Streams that have an account of their own at the same time. */
    readonly streams: number;
    /** HTTP calls that the instance has open, and all calls of a stream or, without accounts, of a callback. */
    readonly dispatch: { readonly outstanding: number | null; readonly total: number | null };
    /** Bytes of a stream or of a callback; `level` is a number of LOG_LEVEL, what is below is left out. */
    readonly log: { readonly bytes: number | null; readonly level: number | null };
    /** What the plugin may make its host spend; null for no bound. */
    readonly host: {
      /** Of a stream or of a callback. */
      readonly headerBytes: number | null;
      /** Of a callback. */
      readonly bodyBytes: number | null;
      /** These three of the instance, for as long as it lives; each stream gives as much back as the next two say. */
      readonly sharedData: number | null;
      readonly queueItems: number | null;
      readonly sharedDataPerRequest: number;
      readonly queueItemsPerRequest: number;
      readonly metrics: number | null;
      /** The shortest timer period in ms. */
      readonly tick: number | null;
    };
  };
  /** What holds for the arguments of allowed calls. */
  readonly rules: Rules;
  /** Host functions (env and WASI, bare names) that the plugin may reach. Sorted. */
  readonly allow: ReadonlySet<string>;
  /**
   * Exports known to hosts that stay, or "all" where the document names no callback. Sorted. Start functions,
   * allocators and ABI markers are always among them.
   */
  readonly callbacks: ReadonlySet<string> | "all";
  readonly denied: DeniedAnswer;
  /** closed, open, reload: what a trap does to the request; read by the host and by generate. */
  readonly failure: "closed" | "open" | "reload";
  /** What becomes of a request whose account is empty: it traps, is answered with 503, or passes unchecked. */
  readonly onExhaustion: "trap" | "deny" | "pass";
  /** The module reports on itself through its host's metrics. */
  readonly telemetry: boolean;
  /** sha256 of the canonical JSON (keys sorted) of everything above, lower-case hex. */
  readonly digest: string;
  /** What the document could say better; not part of the digest. */
  readonly warnings: readonly Finding[];
}

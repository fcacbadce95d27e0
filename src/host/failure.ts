// The failure table: what a request sees when its plugin's instance has died, at that moment and later, and
// what becomes of the instance. One table, one look-up; nobody else decides.
// The first three rows are what the article promises; the others are what stock Envoy 1.40 was measured to
// do (`legacy-open` is its deprecated `fail_open: true`, `open` its `failure_policy: FAIL_OPEN`).

/** What the operator asked for. */
export type FailurePolicy = "closed" | "open" | "reload" | "legacy-open";

/** Whose behaviour: the promises, or stock Envoy's. */
export type Semantics = "glovebox" | "stock";

/** When the request meets the failure. */
export type FailurePhase =
  | "trapping" // its own callback trapped
  | "in-flight" // begun before, and another's callback trapped
  | "later" // begins after
  | "load"; // the plugin never came up

export interface Verdict {
  /** `reject`: a 503; `skip`: goes on as if the plugin were not there. */
  readonly request: "reject" | "skip";
  /** Whether a request that begins later may be given a fresh instance, back-off permitting. */
  readonly reload: boolean;
}

const reject = { request: "reject", reload: false } as const;
const skip = { request: "skip", reload: false } as const;

const table: Readonly<
  Record<Semantics, Readonly<Record<FailurePolicy, Readonly<Record<FailurePhase, Verdict>>>>>
> = {
  glovebox: {
    // Closed rejects the request that it failed, not every one after it: the next one is checked by a fresh
    // instance. Otherwise whoever can cause one trap takes the route down.
    closed: {
      trapping: reject,
      "in-flight": reject,
      later: { ...reject, reload: true },
      load: reject,
    },
    // Open skips the plugin for the request that it failed, not for ever: the next one gets a fresh instance.
    open: { trapping: skip, "in-flight": skip, later: { ...skip, reload: true }, load: skip },
    reload: {
      trapping: reject,
      "in-flight": reject,
      later: { ...reject, reload: true },
      load: { ...reject, reload: true },
    },
    "legacy-open": {
      trapping: skip,
      "in-flight": skip,
      later: { ...skip, reload: true },
      load: skip,
    },
  },
  stock: {
    closed: { trapping: reject, "in-flight": reject, later: reject, load: reject },
    open: { trapping: reject, "in-flight": reject, later: skip, load: skip },
    reload: {
      trapping: reject,
      "in-flight": reject,
      later: { ...reject, reload: true },
      load: reject,
    },
    // fail_open covers no load failure: the proxy refuses the configuration.
    "legacy-open": { trapping: skip, "in-flight": skip, later: skip, load: reject },
  },
};

/** The status and details of a rejected request, as stock Envoy words them. */
export const REJECTED = { status: 503, details: "wasm_fail_stream" } as const;

/** Back-off between two reloads, milliseconds: stock's default; ours is set by the operator. */
export const STOCK_BACKOFF = 1000;

export function verdict(semantics: Semantics, policy: FailurePolicy, phase: FailurePhase): Verdict {
  return table[semantics][policy][phase];
}

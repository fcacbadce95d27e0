// What a case works with: the plugins' bytes, the two columns, and the watchdog's limits. `unhardened` runs the
// bytes as they are under stock semantics; `hardened` contains them first, and a refusal is an answer too.
import { contain } from "../contain/contain.ts";
import { Failure } from "../errors/failure.ts";
import type { FailurePolicy } from "../host/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { policyFromRole } from "../policy/resolve.ts";
import type { RoleName } from "../policy/roles.ts";
import type { Path, ValueAt } from "../policy/schema.ts";
import type { LoadStep, RequestSeen, Run, Step } from "./script.ts";
import { Lanes } from "./watch.ts";

/** Milliseconds that a step has where it is expected never to return. */
export const PATIENCE = 1000;
/** Milliseconds elsewhere: far beyond what any fuel can last, so that only a broken promise gets there. */
const CERTAINTY = 60_000;

/** Scripts played side by side. A hung plugin takes a whole core until its second is over. */
const LANES = 3;

export type PolicyOverrides = { readonly [P in Path]?: ValueAt<P> };

export type LoadOptions = Partial<Omit<LoadStep, "do" | "plugin" | "bytes" | "semantics">>;

/** A hardened run, or the reason why there is nothing to run. */
export type HardenedRun =
  | { readonly refused: null; readonly run: Run; readonly policy: Policy }
  | { readonly refused: { readonly code: string; readonly message: string }; readonly run: null };

/** Bytes under a policy, or why not. A mistake of Glovebox is no refusal. */
export function tryContain(
  bytes: Uint8Array,
  policy: Policy,
): { readonly bytes: Uint8Array } | { readonly code: string; readonly message: string } {
  try {
    return { bytes: contain(bytes, policy).bytes };
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "contain-unverified") throw error;
    return { code: error.code, message: error.message };
  }
}

export class Lab {
  readonly #bytes: ReadonlyMap<string, Uint8Array>;
  readonly #lanes = new Lanes(LANES);

  constructor(bytes: ReadonlyMap<string, Uint8Array>) {
    this.#bytes = bytes;
  }

  /** The plugin as it was built. */
  bytes(name: string): Uint8Array {
    const bytes = this.#bytes.get(name);
    if (bytes === undefined) throw new Error(`the case does not say that it needs ${name}`);
    return bytes;
  }

  policy(role: RoleName | null, overrides: PolicyOverrides = {}): Policy {
    return policyFromRole(role, overrides);
  }

  /** Loads the plugin as it is, in stock semantics, and plays the steps. */
  unhardened(
    name: string,
    steps: readonly Exclude<Step, LoadStep>[],
    options: LoadOptions = {},
    limit?: number,
  ): Promise<Run> {
    return this.play([this.load(name, this.bytes(name), "stock", options), ...steps], limit);
  }

  /** Contains the plugin, then as above in Glovebox's semantics. */
  async hardened(
    name: string,
    policy: Policy,
    steps: readonly Exclude<Step, LoadStep>[],
    options: LoadOptions = {},
  ): Promise<HardenedRun> {
    const contained = tryContain(this.bytes(name), policy);
    if ("code" in contained) return { refused: contained, run: null };
    const failure: FailurePolicy = options.failure ?? policy.failure;
    const load = this.load(name, contained.bytes, "glovebox", { ...options, failure });
    return { refused: null, run: await this.play([load, ...steps]), policy };
  }

  load(
    name: string,
    bytes: Uint8Array,
    semantics: LoadStep["semantics"],
    options: LoadOptions,
  ): LoadStep {
    return { do: "load", plugin: name, bytes, semantics, failure: "closed", ...options };
  }

  /** Plays a script when a lane is free; each step has `limit` milliseconds to return. */
  play(steps: readonly Step[], limit: number = CERTAINTY): Promise<Run> {
    return this.#lanes.play(steps, limit);
  }

  /** Ends the workers. */
  close(): Promise<void> {
    return this.#lanes.close();
  }
}

/** The request of a run, if it got as far. */
export function requestsOf(run: Run): readonly RequestSeen[] {
  return run.seen.filter((one): one is RequestSeen => one.do === "request");
}

/** Every trap of a run, in order. */
export function trapsOf(
  run: Run,
): readonly { readonly reason: string; readonly callback: string }[] {
  return run.seen.flatMap((one) => one.traps);
}

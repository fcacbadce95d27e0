// How much stack and depth a plugin's traffic takes: not to be read off a run, so it is tried. The same traffic is
// played under smaller and smaller limits, in powers of two, until it differs; the smallest that passes is told.
import { contain } from "../contain/contain.ts";
import { Failure } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { field, type Path } from "../policy/schema.ts";
import { type Played, type PlayOptions, play } from "./play.ts";
import type { FitOptions, Proposal } from "./proposals.ts";
import type { TrafficRequest } from "./traffic.ts";
import { wideLimits } from "./wide-policy.ts";

const paths = ["spec.limits.stack", "spec.limits.callDepth"] as const satisfies readonly Path[];

function limited(policy: Policy, path: (typeof paths)[number], value: number): Policy {
  const key = path === "spec.limits.stack" ? "stackBytes" : "callDepth";
  return { ...policy, limits: { ...policy.limits, [key]: value } };
}

/** Powers of two from the field's least value up to the wide one. */
function steps(path: (typeof paths)[number]): readonly number[] {
  const values: number[] = [];
  for (let value = field(path)!.min!; value < wideLimits[path]; value *= 2) values.push(value);
  return [...values, wideLimits[path]];
}

function same(before: Played, after: Played): boolean {
  return (
    after.rest === before.rest &&
    after.requests.every(({ digest }, i) => digest === before.requests[i]?.digest)
  );
}

/** The policy with the stack limits of proposals: counting calls costs fuel, so fuel is measured under these. */
export function withStack(policy: Policy, tried: readonly Proposal[]): Policy {
  return tried.reduce(
    (so, { path, proposed }) => limited(so, path as (typeof paths)[number], proposed),
    policy,
  );
}

/** Proposals for both limits; `before` is what the traffic became under `policy`, which has wide limits. */
export function triedLimits(
  bytes: Uint8Array,
  policy: Policy,
  requests: readonly TrafficRequest[],
  before: Played,
  options: PlayOptions,
  { margin }: FitOptions,
): readonly Proposal[] {
  const passes = (path: (typeof paths)[number], value: number): boolean => {
    try {
      const contained = contain(bytes, limited(policy, path, value));
      return same(before, play(contained.bytes, requests, options));
    } catch (error) {
      // Too small to be hardened at all.
      if (error instanceof Failure && error.code !== "contain-unverified") return false;
      throw error;
    }
  };
  return paths.map((path): Proposal => {
    const values = steps(path);
    let [low, high] = [0, values.length - 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (passes(path, values[middle]!)) high = middle;
      else low = middle + 1;
    }
    const most = values[low]!;
    const proposed = Math.min(Math.ceil(most * margin), field(path)!.max!);
    return { path, proposed, most, base: most, basis: "tried", samples: requests.length };
  });
}

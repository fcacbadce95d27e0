// `policy fit`: limits from a run beside those of a policy, with the distributions they come from.
import { type Finding, fail, finding } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { resolvePolicy } from "../policy/resolve.ts";
import { field } from "../policy/schema.ts";
import type { PolicyDocument } from "../policy/settings.ts";
import { show } from "../policy/values.ts";
import type { RunRecord } from "../record/run-record.ts";
import { Sketch } from "../record/sketch.ts";
import { PAGE } from "../spec/binary.ts";
import { type Watched, watch } from "./learn.ts";
import type { PlayOptions } from "./play.ts";
import { type Plot, plotOf } from "./plot.ts";
import {
  type FitOptions,
  type Proposal,
  proposalsOf,
  quotasOf,
  samplesNeeded,
} from "./proposals.ts";
import { triedLimits, withStack } from "./stack.ts";
import type { TrafficRequest } from "./traffic.ts";
import { widened } from "./wide-policy.ts";

export interface FitRow extends Proposal {
  /** What the policy says, or the default; null for no limit. */
  readonly current: number | null;
}

export interface Fit {
  readonly requests: number;
  readonly limits: readonly FitRow[];
  readonly plots: readonly Plot[];
  /** One a callback, by how often it was called. */
  readonly callbacks: readonly Plot[];
  readonly findings: readonly Finding[];
}

export interface Measured extends Watched {
  readonly tried: readonly Proposal[];
}

/** Watches the traffic under wide limits, tries stack limits, and measures under those. */
export function measure(
  bytes: Uint8Array,
  policy: Policy,
  requests: readonly TrafficRequest[],
  playing: PlayOptions,
  options: FitOptions,
): Measured {
  const wide = widened(policy);
  const { played } = watch(bytes, wide, requests, playing);
  const tried = triedLimits(bytes, wide, requests, played, playing, options);
  return { tried, ...watch(bytes, withStack(wide, tried), requests, playing) };
}

/** Throws where a record's fuel is not the policy's. */
export function checkFuel(record: RunRecord, policy: Policy): void {
  if (record.fuel === null) fail("fit-not-metered");
  const { mode, costs } = policy.limits.fuel;
  const [found, expected] = [`${record.fuel.mode} ${record.fuel.costs}`, `${mode} ${costs}`];
  if (found !== expected) fail("fit-other-fuel", { found, expected });
}

const LATE = 75;

/** What the sample is too small for, or no sample of. */
function sampleFindings(record: RunRecord, { percentile }: FitOptions): readonly Finding[] {
  const findings: Finding[] = [];
  const needed = samplesNeeded(percentile);
  if (record.requests < needed) {
    const args = { count: record.requests, percentile, needed };
    findings.push(finding("fit-small-sample", "warning", args));
  }
  if (record.traps > 0) {
    const how = record.callbacks.find(({ traps }) => traps > 0)?.name ?? "";
    findings.push(finding("fit-trapped", "warning", { count: record.traps, how }));
  }
  // An instance's memory never shrinks: sorted, its sizes are in the order of time.
  const pages = Sketch.from(record.pages);
  const late = pages.quantile(LATE);
  if (pages.count >= 4 && late < pages.most) {
    const row = field("spec.limits.memory")!;
    const [before, most] = [late, pages.most].map((one) => show(row, one * PAGE));
    findings.push(finding("fit-memory-grows", "warning", { before: before!, most: most! }));
  }
  return findings;
}

/** `tried`: proposals that are no part of a record. */
export function fitOf(
  record: RunRecord,
  document: PolicyDocument,
  tried: readonly Proposal[],
  options: FitOptions,
): Fit {
  const { streams } = resolvePolicy(document).limits;
  const proposals = [...proposalsOf(record, options, streams), ...tried];
  const limits = [...proposals, ...quotasOf(record, options)].map((one): FitRow => {
    const row = field(one.path)!;
    const value = document.settings.get(one.path)?.value ?? row.default;
    return { ...one, current: value === null ? null : Number(value) };
  });
  const below = limits
    .filter(({ current, most }) => current !== null && current < most)
    .map(({ path, current, most, proposed }) => {
      const row = field(path)!;
      const args = {
        path,
        current: show(row, current!),
        most: show(row, most),
        proposed: show(row, proposed),
      };
      return finding("fit-below-most", "warning", args, document.settings.get(path)?.where);
    });
  return {
    requests: record.requests,
    limits,
    plots: [
      plotOf("memory when a request was over, in pages of 64 KiB", "pages", record.pages),
      plotOf("fuel of a request", "fuel", record.perRequest),
      plotOf("fuel of a callback", "fuel", record.perCallback),
      plotOf("fuel of a start entry", "fuel", record.perStart),
    ],
    callbacks: record.callbacks
      .filter(({ fuel }) => fuel.values.length > 0)
      .toSorted((a, b) => b.calls - a.calls)
      .map(({ name, fuel }) => plotOf(name, "fuel", fuel)),
    findings: [...sampleFindings(record, options), ...below],
  };
}

// Limits from a record: a high percentile with a margin, and never less than the most that was seen. What a sample
// is too small to tell is taken from its maximum, and said.
import type { Path } from "../policy/schema.ts";
import { field } from "../policy/schema.ts";
import type { RunRecord } from "../record/run-record.ts";
import { Sketch } from "../record/sketch.ts";
import { PAGE } from "../spec/binary.ts";
import { RESERVE } from "../spec/layout.ts";

export interface FitOptions {
  /** What the measured value is multiplied by: 1 and up. */
  readonly margin: number;
  /** Above 0, up to 100. */
  readonly percentile: number;
}

export interface Proposal {
  readonly path: Path;
  /** In the field's unit: bytes, or units of fuel. */
  readonly proposed: number;
  readonly most: number;
  /** The value that the margin was put on. */
  readonly base: number;
  /**
   * percentile: as asked; maximum: the sample was too small for that; raised: the margin did not reach the maximum;
   * tried: the least of some values under which the traffic passes.
   */
  readonly basis: "percentile" | "maximum" | "raised" | "tried";
  /** How many values there were. */
  readonly samples: number;
}

/** Requests that it takes for one of them to lie above the percentile. */
export function samplesNeeded(percentile: number): number {
  return percentile >= 100 ? 1 : Math.ceil(100 / (100 - percentile) - 1e-9);
}

/**
 * Fuel that a limit needs beside what callbacks spend: what an entry holds back, and its wrapper's own body, which is
 * paid before anything is counted as spent: some thousand units, whatever the plugin, and some more for each stream
 * that has an account.
 */
const HELD_BACK = 12 * RESERVE;
const HELD_BACK_STREAM = 24;
/** What telemetry's definitions take of one start entry, for a hundred metrics. */
const HELD_BACK_START = 48 * RESERVE;

/** Rounded up to two significant digits: a limit that a person can read. */
function readable(value: number): number {
  if (value < 100) return value;
  const step = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / step) * step;
}

/** Whole pages, and whole MiB beyond the first. */
function memory(bytes: number): number {
  const step = bytes > 2 ** 20 ? 2 ** 20 : PAGE;
  return Math.ceil(bytes / step) * step;
}

interface Subject {
  readonly path: Path;
  readonly sketch: Sketch;
  /** From the sketch's unit to the field's. */
  readonly unit: number;
  readonly most: number;
  /** What the field has to hold beside what was measured. */
  readonly beside: number;
  readonly round: (value: number) => number;
}

function proposal(subject: Subject, enough: boolean, options: FitOptions): Proposal | null {
  const { path, sketch, unit, most, beside, round } = subject;
  if (sketch.count === 0) return null;
  const base = enough ? sketch.quantile(options.percentile) * unit : most;
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = field(path)!;
  const wanted = Math.max(base * options.margin, most) + beside;
  const proposed = Math.min(Math.max(round(wanted), min), max);
  const raised = base * options.margin < most;
  const basis = raised ? "raised" : enough ? "percentile" : "maximum";
  return { path, proposed, most, base, basis, samples: sketch.count };
}

/** Quotas of a request or of a callback, by what a record knows of them. */
const perRequest = [
  ["spec.limits.dispatch.total", "dispatches"],
  ["spec.limits.log.bytesPerRequest", "logBytes"],
  ["spec.limits.host.headerBytes", "headerBytes"],
  ["spec.limits.host.bodyBytes", "bodyBytes"],
  ["spec.limits.host.metrics", "metrics"],
] as const satisfies readonly (readonly [Path, keyof RunRecord["most"]])[];

/** Quotas of what a VM ever does: more than any sample, so never less than the default. */
const perLife = [
  ["spec.limits.host.sharedData", "sharedDataBytes"],
  ["spec.limits.host.queueItems", "queueItems"],
] as const satisfies readonly (readonly [Path, keyof RunRecord["most"]])[];

/**
 * Quotas by the most that was seen, times the margin; none where nothing was used. Open calls are as many as requests
 * come at the same time, which no sample tells.
 */
export function quotasOf(record: RunRecord, { margin }: FitOptions): readonly Proposal[] {
  const quota = (path: Path, most: number, least: number): readonly Proposal[] => {
    const { max = Number.MAX_SAFE_INTEGER } = field(path)!;
    const proposed = Math.min(Math.max(Math.ceil(most * margin), least), max);
    const rest = { most, base: most, basis: "maximum", samples: record.requests } as const;
    return most === 0 ? [] : [{ path, proposed, ...rest }];
  };
  return [
    ...perRequest.flatMap(([path, key]) => quota(path, record.most[key], 0)),
    ...perLife.flatMap(([path, key]) =>
      quota(path, record.most[key], Number(field(path)!.default)),
    ),
  ];
}

/** Memory and fuel; the stack is not in a record. Limits that nothing was measured for are left out. */
export function proposalsOf(
  record: RunRecord,
  options: FitOptions,
  streams = Number(field("spec.limits.streams")!.default),
): readonly Proposal[] {
  const beside = HELD_BACK + HELD_BACK_STREAM * streams;
  const needed = samplesNeeded(options.percentile);
  const enough = record.requests >= needed;
  const fuel = (path: Path, data: RunRecord["perCallback"], more = 0): Subject => {
    const sketch = Sketch.from(data);
    return { path, sketch, unit: 1, most: sketch.most, beside: beside + more, round: readable };
  };
  const pages = Sketch.from(record.pages);
  const most = record.most.memoryPages * PAGE;
  const subjects: readonly (readonly [Subject, boolean])[] = [
    [
      { path: "spec.limits.memory", sketch: pages, unit: PAGE, most, beside: 0, round: memory },
      enough,
    ],
    [fuel("spec.limits.fuel.request", record.perRequest), enough],
    [fuel("spec.limits.fuel.callback", record.perCallback), enough],
    // A plugin starts a few times: their number says nothing about a percentile.
    [fuel("spec.limits.fuel.start", record.perStart, HELD_BACK_START), false],
  ];
  return subjects.flatMap(([subject, sample]) => proposal(subject, sample, options) ?? []);
}

// How long a unit of fuel can take: hardened modules that do nothing but what is slow, under every engine and
// both modes. The ratio of the slowest to the median says how far the price table is from time; the slowest
// times a budget is what docs/security-model.md states.
import { join } from "node:path";
import { Failure } from "../src/errors/failure.ts";
import { wat } from "../test/wat.ts";
import type { Report } from "./lib/report.ts";
import { summarise } from "./lib/stats.ts";
import { benchCache } from "./overhead/build.ts";
import { type Case, cases, refusedLocals } from "./worst/cases.ts";
import { findEngines, measure } from "./worst/engines.ts";
import { hardened, type Mode, type Prepared, prepare } from "./worst/prepare.ts";
import { sweep } from "./worst/sweep.ts";

const MOST = 20;
const modes: readonly Mode[] = ["bound", "exact"];
const FULL = { rounds: 7, least: 3e6 };
const QUICK = { rounds: 3, least: 1e6 };

/** A case under an engine in a mode. */
interface Point {
  readonly engine: string;
  readonly name: string;
  readonly family: string;
  readonly mode: string;
  readonly share: number;
  /** Nanoseconds per unit. */
  readonly ns: number;
  /** Units of one sample. */
  readonly used: number;
}

/** One row of the table: the slowest case of a family under an engine, in the slower mode. */
const slowest = (points: readonly Point[]): Point =>
  points.reduce((worst, point) => (point.ns > worst.ns ? point : worst));

const families = (points: readonly Point[]): readonly Point[] =>
  [...new Set(points.map((point) => point.family))].map((family) =>
    slowest(points.filter((point) => point.family === family)),
  );

/** What happens once in an instance's life is listed, but has its own bound: the memory's cap. */
const counts = (point: Point): boolean => point.family !== "first touch of memory";

interface Ratio {
  readonly worst: Point;
  readonly median: number;
  readonly ratio: number;
  /** The same without the family that the price table leaves to the memory's latency. */
  readonly inCache: number;
}

const MISSES = "loads that miss the caches";

function ratioOf(points: readonly Point[]): Ratio {
  const rows = families(points).filter(counts);
  const worst = slowest(rows);
  const { median } = summarise(rows.map(({ ns }) => ns));
  const others = slowest(rows.filter(({ family }) => family !== MISSES));
  return { worst, median, ratio: worst.ns / median, inCache: others.ns / median };
}

/** A function with thirty thousand locals has no price: it is over the limits of shape. */
function locals(): string {
  try {
    hardened(wat(refusedLocals), "bound", []);
  } catch (error) {
    if (error instanceof Failure) return `A function with 30000 locals is refused: ${error.code}.`;
    throw error;
  }
  throw new Error("a function with 30000 locals was hardened");
}

export async function benchWorst({ quick }: { readonly quick: boolean }): Promise<Report> {
  const folder = join(benchCache(), "..", "worst");
  // What one instruction costs is the same in both modes.
  const all: readonly (readonly [Case, Mode])[] = [
    ...cases.flatMap((one) => modes.map((mode) => [one, mode] as const)),
    ...sweep().map((one) => [one, "bound"] as const),
  ];
  const prepared: readonly Prepared[] = all.map(([one, mode], index) =>
    prepare(one, mode, folder, String(index)),
  );
  const byKey = new Map(prepared.map((one) => [`${one.case.name} ${one.mode}`, one]));
  const { found, missing } = findEngines();
  const points: Point[] = [];
  const failed: string[] = [];
  for (const engine of found) {
    process.stderr.write(`${engine.name}\n`);
    for (const sample of measure(engine, prepared, folder, quick ? QUICK : FULL)) {
      const one = byKey.get(`${sample.name} ${sample.mode}`)!;
      const { name, family } = one.case;
      if (sample.failed !== null) failed.push(`${name} under ${engine.name}: ${sample.failed}`);
      else {
        const ns = summarise(sample.samples).median;
        const { mode, share } = one;
        const base = { engine: engine.name, name, family, mode, share, ns };
        points.push({ ...base, used: sample.used });
      }
    }
  }
  const engines = found.map(({ name }) => points.filter((point) => point.engine === name));
  const ratios = engines.map((own) => ({ engine: own[0]!.engine, ...ratioOf(own) }));
  const touches = points.filter((point) => !counts(point));
  const touchMs = Math.max(0, ...touches.map(({ ns, used }) => (ns * used) / 1e6));
  const rows = families(points).map(({ family }) => [
    family,
    ...engines.map((own) => {
      const worst = slowest(own.filter((point) => point.family === family));
      return `${worst.ns.toFixed(2)} (${worst.name}, ${worst.mode})`;
    }),
  ]);
  const of = (text: (one: (typeof ratios)[number]) => string) => ratios.map(text);
  return {
    name: "worst",
    means: `CPU nanoseconds per unit of fuel, ${points.length} measurements: of each family the slowest case, in the slower mode. Each case is hardened, verified, and checked by the counting interpreter to be about the instructions it names. V8 by its baseline compiler alone and by its optimiser alone.`,
    target: `on every engine the slowest family at most ${MOST} times the median one`,
    held:
      quick || missing.length > 0 || failed.length > 0
        ? null
        : ratios.every(({ ratio }) => ratio <= MOST),
    note: [
      locals(),
      "The first touch of each page of memory happens once in an instance's life and is not in the ratio.",
      ...failed.map((what) => `Failed: ${what}.`),
      ...missing.map((what) => `Not measured: ${what}.`),
      ...(quick ? ["A quick run decides nothing."] : []),
    ].join(" "),
    head: ["Family", ...ratios.map(({ engine }) => engine)],
    rows: [
      ...rows,
      ["median", ...of(({ median }) => median.toFixed(2))],
      ["slowest", ...of(({ worst }) => worst.ns.toFixed(2))],
      ["slowest to median", ...of(({ ratio }) => ratio.toFixed(1))],
      [`the same without ${MISSES}`, ...of(({ inCache }) => inCache.toFixed(1))],
    ],
    data: { ratios, touchMs, families: engines.flatMap(families) },
  };
}

// What hardening costs at run time: the corpus under every engine, ours beside other metering schemes, public
// tools and Wasmtime's own limits. Each ratio is of a run between two runs of the module as built.

import type { Report } from "./lib/report.ts";
import { geomean, type Summary, summarise } from "./lib/stats.ts";
import { buildCorpus, type Module } from "./overhead/build.ts";
import { findEngines, measure, type Result, type Side } from "./overhead/engines.ts";
import { internetComputer } from "./overhead/schemes/internet-computer.ts";
import { BOUND, EXACT, NOISE, TELLING, type Variants, variantsOf } from "./overhead/variants.ts";

export interface OverheadOptions {
  /** Fewer runs, and only our two modes. */
  readonly quick: boolean;
}

/** V8 optimises while it runs. */
const WARM = { v8: 8, wasmtime: 2 };
const FULL = { processes: 3, runs: 5 };
const QUICK = { processes: 1, warmup: 6, runs: 5 };
const LIMITS = { wasmtime: 0.06, v8: 0.05, exact: 0.08, telling: 0.1, worst: 0.15, charged: 3 };
const target =
  "geometric mean in bound mode ≤ 5 % on V8 and ≤ 6 % on Wasmtime, in exact mode ≤ 8 %, with accounts and telemetry ≤ 10 %, no module above 15 % in bound mode, charged at most 3 times what is executed";

interface Measured {
  readonly module: Module;
  readonly engine: string;
  readonly native: boolean;
  readonly result: Result;
}

const over = (ratio: number): number => ratio - 1;
const percent = (ratio: number): string => (over(ratio) * 100).toFixed(1);
const cell = ({ median, low, high }: Summary): string =>
  `${percent(median)} [${percent(low)}, ${percent(high)}]`;

const sideOf = (one: Measured, name: string): Side | undefined =>
  one.result.sides.find((side) => side.name === name && side.failed === null);

/** Medians of a variant under an engine, over the modules where it ran. */
function medians(all: readonly Measured[], name: string): readonly number[] {
  return all.flatMap((one) => {
    const side = sideOf(one, name);
    return side === undefined ? [] : [summarise(side.ratios).median];
  });
}

function rowsOf(
  all: readonly Measured[],
  names: readonly string[],
): readonly (readonly string[])[] {
  const [{ engine }] = all as [Measured];
  const modules = all.map((one) => [
    engine,
    one.module.row.name,
    summarise(one.result.base).median.toFixed(1),
    ...names.map((name) => {
      const side = sideOf(one, name);
      return side === undefined ? "–" : cell(summarise(side.ratios));
    }),
  ]);
  const total = (label: string, of: (values: readonly number[]) => number) => [
    engine,
    label,
    "",
    ...names.map((name) => {
      const values = medians(all, name);
      const few = values.length < all.length ? ` (${values.length} of ${all.length})` : "";
      return values.length === 0 ? "–" : `${percent(of(values))}${few}`;
    }),
  ];
  return [...modules, total("geometric mean", geomean), total("worst", (v) => Math.max(...v))];
}

/** Units charged in bound mode over what was executed, by module. */
function chargedOver(all: readonly Measured[]) {
  return all.flatMap((one) => {
    const spent = (name: string) => sideOf(one, name)?.spent ?? null;
    const [bound, exact, guest] = [spent(BOUND), spent(EXACT), spent(internetComputer.name)];
    if (bound === null || exact === null) return [];
    const plain = guest === null ? null : bound / guest;
    return [{ name: one.module.row.name, withOurs: bound / exact, guestAlone: plain }];
  });
}

function holds(all: readonly Measured[], limit: number): boolean {
  const bound = medians(all, BOUND);
  const exact = medians(all, EXACT);
  return (
    over(geomean(bound)) <= limit &&
    over(geomean(exact)) <= LIMITS.exact &&
    over(geomean(medians(all, TELLING))) <= LIMITS.telling &&
    over(Math.max(...bound)) <= LIMITS.worst
  );
}

/** Only what a quick run looks at. */
function ours({ base, variants, missing }: Variants): Variants {
  const names = [NOISE, BOUND, EXACT, TELLING];
  return { base, missing, variants: variants.filter((one) => names.includes(one.name)) };
}

export async function benchOverhead({ quick }: OverheadOptions): Promise<Report> {
  const corpus = await buildCorpus();
  const engines = findEngines();
  const missing = [...corpus.missing, ...engines.missing];
  const measured: Measured[] = [];
  const left = new Map<string, Set<string>>();
  const leave = (what: string, module: string) =>
    left.set(what, (left.get(what) ?? new Set()).add(module));
  const names = new Set<string>();
  for (const module of corpus.found) {
    const all = variantsOf(module.path);
    const variants = quick ? ours(all) : all;
    if (!quick) for (const { name, why } of all.missing) leave(`${name}: ${why}`, module.row.name);
    for (const { name } of variants.variants) names.add(name);
    for (const { name } of quick ? [] : all.missing) names.add(name);
    for (const engine of engines.found) {
      process.stderr.write(`${module.row.name}, ${engine.name}\n`);
      const result = await measure(
        engine,
        module,
        variants,
        quick ? QUICK : { ...FULL, warmup: engine.native ? WARM.wasmtime : WARM.v8 },
      );
      measured.push({ module, engine: engine.name, native: engine.native, result });
      for (const { name, failed } of result.sides) {
        if (failed !== null) leave(`${name} under ${engine.name}: ${failed}`, module.row.name);
      }
    }
  }
  const byEngine = [...new Set(measured.map((one) => one.engine))].map((engine) =>
    measured.filter((one) => one.engine === engine),
  );
  const charged = chargedOver(byEngine[0] ?? []);
  const ratio = charged.length === 0 ? null : geomean(charged.map((one) => one.withOurs));
  const decided = measured.length > 0 && missing.length === 0 && !quick && ratio !== null;
  const limitOf = ([first]: readonly Measured[]) => (first!.native ? LIMITS.wasmtime : LIMITS.v8);
  const shown = charged.map(({ name, withOurs, guestAlone }) => {
    const alone = guestAlone === null ? "" : `, ${guestAlone.toFixed(2)} of the guest's alone`;
    return `${name} ${withOurs.toFixed(2)}${alone}`;
  });
  const variants = [...names];
  return {
    name: "overhead",
    means:
      "CPU time that a variant takes above the module as built, in percent: the median of three processes, each the median of five runs that stand between two runs of the module as built; in brackets the lowest and the highest of the three. Process CPU time in Node after tier-up, thread CPU time in Wasmtime. All variants gave the same checksum. Depth limit, bulk charges and all wrappers are on in ours; the compared schemes only meter.",
    target,
    held: decided
      ? byEngine.every((all) => holds(all, limitOf(all))) && ratio <= LIMITS.charged
      : null,
    note: [
      `The noise of the machine, and of where an engine puts code: “${NOISE}”.`,
      ratio === null
        ? ""
        : `Charged in bound mode over executed (exact mode's count), geometric mean ${ratio.toFixed(2)}: ${shown.join("; ")}.`,
      ...[...left].map(([what, modules]) => `Not run: ${what} (${[...modules].join(", ")}).`),
      ...(missing.length > 0 ? [`Not measured: ${missing.join("; ")}.`] : []),
      "Where the time goes: the bench `profile`.",
      ...(quick ? ["A quick run decides nothing."] : []),
    ]
      .filter((text) => text !== "")
      .join(" "),
    head: ["Engine", "Module", "As built (ms)", ...variants],
    rows: byEngine.flatMap((all) => rowsOf(all, variants)),
    data: {
      measured: measured.map(({ module, result }) => ({ module: module.row.name, ...result })),
      charged,
    },
  };
}

// Where the time of hardened code goes: how many instructions hardening adds to what the corpus executes, by
// what they are there for. Counted by the modules themselves, in one call each: no clock, so the same on every run.
import { harden } from "../src/harden/harden.ts";
import type { Report } from "./lib/report.ts";
import { geomean } from "./lib/stats.ts";
import { buildCorpus, type Module } from "./overhead/build.ts";
import {
  type Counts,
  counters,
  countingBase,
  countingHardened,
  countsOf,
  families,
} from "./overhead/count.ts";
import { findEngines, keep, measure } from "./overhead/engines.ts";
import { openPolicy, type Variant } from "./overhead/variants.ts";

const modes = ["bound", "exact"] as const;
type Mode = (typeof modes)[number];
const BASE = "as built";
const ONCE = { processes: 1, warmup: 1, runs: 0 };
/** The bound that the overhead bench holds too: units charged in bound mode over units executed. */
const CHARGED = 3;

interface Profile {
  readonly module: string;
  readonly base: Counts;
  readonly of: Readonly<Record<Mode, Counts>>;
}

function variant(name: string, bytes: Uint8Array): Variant {
  return { name, file: keep(bytes, "wasm"), refill: counters, bytes: bytes.length };
}

/** Counts of the last call of bench(), whose answer is that of the module as built. */
async function profile(module: Module): Promise<Profile> {
  const { bytes, path, row } = module;
  const [engine] = findEngines().found;
  const hardened = modes.map((mode) => {
    const made = harden(bytes, openPolicy(bytes, mode)).bytes;
    return variant(mode, countingHardened(made, bytes, mode));
  });
  const base = { name: "base", file: path, refill: {}, bytes: bytes.length };
  const variants = [variant(BASE, countingBase(bytes)), ...hardened];
  const { sides } = await measure(engine!, module, { base, variants, missing: [] }, ONCE);
  const counts = (name: string): Counts => {
    const side = sides.find((one) => one.name === name)!;
    if (side.failed !== null) throw new Error(`${row.name}, ${name}: ${side.failed}`);
    return countsOf(side.left);
  };
  const of = { bound: counts("bound"), exact: counts("exact") };
  return { module: row.name, base: counts(BASE), of };
}

/** Instructions more than as built, of each thousand there; the guest's own are what its rewriting adds. */
function added({ base, of }: Profile, mode: Mode): readonly number[] {
  const whole = base.instructions.guest;
  return families.map((family) => {
    const own = family === "guest" ? whole : 0;
    return (1000 * (of[mode].instructions[family] - own)) / whole;
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const cells = (values: readonly number[]): readonly string[] =>
  [...values, sum(values)].map((value) => value.toFixed(1));

/** What is charged over what is executed, which is what exact mode charges. */
const charged = ({ of }: Profile): number => of.bound.charged / of.exact.charged;

export async function benchProfile(): Promise<Report> {
  const corpus = await buildCorpus();
  const profiles: Profile[] = [];
  for (const module of corpus.found) {
    process.stderr.write(`${module.row.name}\n`);
    profiles.push(await profile(module));
  }
  const rows = modes.flatMap((mode) => {
    const all = profiles.map((one) => added(one, mode));
    const means = families.map((_, k) => mean(all.map((values) => values[k]!)));
    return [
      ...profiles.map((one, k) => [
        mode,
        one.module,
        (one.base.instructions.guest / 1e6).toFixed(2),
        ...cells(all[k]!),
        mode === "bound" ? charged(one).toFixed(2) : "",
      ]),
      [
        mode,
        "mean",
        "",
        ...cells(means),
        mode === "bound" && profiles.length > 0 ? geomean(profiles.map(charged)).toFixed(2) : "",
      ],
    ];
  });
  const { missing } = corpus;
  return {
    name: "profile",
    means:
      "What hardened code executes more than the module as built, in instructions for each thousand of its own, by what they are there for: one call of the corpus, counted by the modules themselves, not timed. Last, units charged in bound mode over units executed, the mean of it geometric.",
    target: `charged at most ${CHARGED} times what is executed`,
    held:
      missing.length > 0 || profiles.length === 0
        ? null
        : geomean(profiles.map(charged)) <= CHARGED,
    note: [
      "“Rewritten” are blocks around functions that count their stack; “entries” wrappers and their accounts; “host calls” thunks, guards and stubs.",
      ...(missing.length > 0 ? [`Not counted: ${missing.join("; ")}.`] : []),
    ].join(" "),
    head: [
      "Mode",
      "Module",
      "As built (millions)",
      "rewritten",
      ...families.slice(1),
      "all",
      "charged over executed",
    ],
    rows,
    data: { profiles },
  };
}

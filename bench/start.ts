// What hardening does to a plugin's size, to the time that V8 takes to compile it, and to the time until an
// Envoy that carries it is ready: the module as built and in both modes, in turns.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PluginRow, plugins } from "../plugins/catalog.ts";
import { root } from "../plugins/compile.ts";
import { contain } from "../src/contain/contain.ts";
import { policyOf } from "../test/interop/plugins.ts";
import { type Input, realPlugins } from "./lib/inputs.ts";
import { isThere } from "./lib/process.ts";
import { type Report, spread } from "./lib/report.ts";
import { alternate, geomean, ratios, type Summary, summarise } from "./lib/stats.ts";
import { benchCache } from "./overhead/build.ts";
import { findPrograms } from "./overhead/engines.ts";
import { readiness } from "./start/envoy.ts";

/** One plugin of each toolchain, smallest first. */
const names = ["c-json", "auth", "cpp-router", "rust-auth", "go-json"];
const sides = ["as built", "bound", "exact"] as const;
/** Everything is compiled at once, by one of V8's compilers. */
const tiers = {
  baseline: ["--no-wasm-lazy-compilation", "--liftoff-only"],
  optimising: ["--no-wasm-lazy-compilation", "--no-liftoff"],
} as const;
const FULL = { warmup: 1, rounds: 7 };
const QUICK = { warmup: 1, rounds: 3 };
type Times = typeof FULL;

interface Measured {
  readonly plugin: string;
  readonly what: string;
  /** Milliseconds of the module as built. */
  readonly base: Summary;
  /** Bound and exact over as built. */
  readonly ratios: readonly Summary[];
}

/** The plugin as built and in both modes, as files. */
function filesOf({ name, bytes }: Input, row: PluginRow, folder: string): readonly string[] {
  const hardened = (["bound", "exact"] as const).map((mode) => {
    return contain(bytes, policyOf(row, mode)).bytes;
  });
  return [bytes, ...hardened].map((all, index) => {
    const file = join(folder, `${name}-${index}.wasm`);
    writeFileSync(file, all);
    return file;
  });
}

function judged(plugin: string, what: string, samples: readonly (readonly number[])[]): Measured {
  const [base, ...others] = samples as [readonly number[], ...(readonly number[])[]];
  return {
    plugin,
    what,
    base: summarise(base),
    ratios: others.map((one) => ratios(one, base)),
  };
}

function compiled(program: string, flags: readonly string[], files: readonly string[], t: Times) {
  const job = JSON.stringify({ files, warmup: t.warmup, runs: t.rounds });
  const script = join(root, "bench/start/compile.mjs");
  const out = execFileSync(program, [...flags, script, job], { encoding: "utf8" });
  return JSON.parse(out) as readonly (readonly number[])[];
}

const percent = (one: Summary): string => {
  const show = (ratio: number) => ((ratio - 1) * 100).toFixed(1);
  return `${show(one.median)} [${show(one.low)}, ${show(one.high)}]`;
};

export async function benchStart({ quick }: { readonly quick: boolean }): Promise<Report> {
  const times = quick ? QUICK : FULL;
  const folder = join(benchCache(), "..", "start");
  mkdirSync(folder, { recursive: true });
  const { found, missing } = await realPlugins();
  const { nodes, missing: programs } = findPrograms();
  const envoy = isThere("envoy");
  const all: Measured[] = [];
  for (const name of names) {
    const input = found.find((one) => one.name === name);
    if (input === undefined) continue;
    process.stderr.write(`${name}\n`);
    const row = (plugins as readonly PluginRow[]).find((one) => one.name === name)!;
    const files = filesOf(input, row, folder);
    for (const { name: node, program } of nodes) {
      for (const [tier, flags] of Object.entries(tiers)) {
        const samples = compiled(program, flags, files, times);
        all.push(judged(name, `compiled by the ${tier} compiler, ${node}`, samples));
      }
    }
    if (!envoy) continue;
    const configuration = row.configuration ?? "";
    const samples = await alternate(
      files.map((file) => () => readiness({ file, rootId: name, configuration })),
      times,
    );
    all.push(judged(name, "Envoy ready", samples));
  }
  const what = [...new Set(all.map((one) => one.what))];
  const means = what.map((one) => {
    const rows = all.filter((row) => row.what === one);
    const of = (side: number) => geomean(rows.map((row) => row.ratios[side]!.median));
    return [one, "geometric mean", "", ...[0, 1].map((side) => ((of(side) - 1) * 100).toFixed(1))];
  });
  return {
    name: "start",
    means:
      "CPU time of compiling a whole module in V8, and wall time from the start of an Envoy with one worker to its first answer of readiness: what hardened modules take above the module as built, in percent, median with its interval.",
    target: "none is promised",
    held: null,
    note: [...missing, ...programs, ...(envoy ? [] : ["envoy is not installed"])]
      .map((text) => `Not measured: ${text}.`)
      .join(" "),
    head: ["What", "Plugin", `${sides[0]} (ms)`, sides[1], sides[2]],
    rows: what.flatMap((one, index) => [
      ...all
        .filter((row) => row.what === one)
        .map((row) => [one, row.plugin, spread(row.base, ""), ...row.ratios.map(percent)]),
      means[index]!,
    ]),
    data: all,
  };
}

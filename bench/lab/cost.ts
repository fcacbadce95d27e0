// What a plugin adds to a request: processor time with it less the time without it, hardened in the lab and as
// built in Envoy. A run is cut into slices and the sides take turns slice by slice, so that what the machine does
// meanwhile hits all of them alike. And what the same plugins cost with a fresh instance for every hook.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isThere } from "../lib/process.ts";
import { type Report, spread } from "../lib/report.ts";
import { geomean, ratios, type Summary, summarise } from "../lib/stats.ts";
import { type CostPlugin, costPlugins, Load, Party } from "./cost-parties.ts";
import { perHook } from "./per-hook.ts";

const LIMIT = 1;
const AIM = 0.5;
const PER_HOOK = 100;
const CONNECTIONS = 32;
/** A run has as many requests with a plugin as without: 200,000 in all for each plugin on each side. */
const FULL = { runs: 10, slices: 10, requests: 10_000, warm: 50_000, hooks: 400 };
const QUICK = { runs: 3, slices: 4, requests: 5000, warm: 20_000, hooks: 100 };
type Times = typeof FULL;

/** Microseconds of processor per request, run by run, by the plugin's name; "none" is without one. */
type Costs = ReadonlyMap<string, readonly number[]>;

/** One slice on one side: milliseconds of processor. */
async function slice(party: Party, plugin: string, load: Load, requests: number): Promise<number> {
  const before = party.processor();
  await load.run({ port: party.port(plugin), connections: CONNECTIONS, requests });
  return party.processor() - before;
}

async function measure(
  parties: readonly Party[],
  plugins: readonly CostPlugin[],
  load: Load,
  times: Times,
): Promise<readonly Costs[]> {
  const names = ["none", ...plugins.map(({ name }) => name)];
  const sides = names.flatMap((name) => parties.map((party) => ({ party, name })));
  for (const { party, name } of sides) await slice(party, name, load, times.warm);
  const runs: number[][] = sides.map(() => []);
  for (let run = 0; run < times.runs; run++) {
    const sums = sides.map(() => 0);
    for (let turn = 0; turn < times.slices; turn++) {
      const order = [...sides.keys()];
      if (turn % 2 === 1) order.reverse();
      for (const at of order) {
        const { party, name } = sides[at]!;
        sums[at]! += await slice(party, name, load, times.requests);
      }
    }
    const requests = times.slices * times.requests;
    for (const [at, sum] of sums.entries()) runs[at]!.push((sum / requests) * 1000);
    process.stderr.write(`run ${run + 1} of ${times.runs}\n`);
  }
  return parties.map(
    (party) =>
      new Map(
        sides.flatMap((side, at) =>
          side.party === party ? [[side.name, runs[at]!] as const] : [],
        ),
      ),
  );
}

/** What a plugin adds, run by run, in microseconds. */
function added(costs: Costs, plugin: string): readonly number[] {
  const without = costs.get("none")!;
  return costs.get(plugin)!.map((value, run) => value - without[run]!);
}

interface Measured {
  readonly plugin: CostPlugin;
  readonly lab: Summary;
  readonly envoy: Summary | null;
  /** Run by run; null without Envoy. */
  readonly ratio: Summary | null;
  /** Microseconds of processor of one request with an instance for every hook. */
  readonly perHook: Summary;
  /** That over what the lab adds. */
  readonly times: number;
}

function judged(plugin: CostPlugin, costs: readonly Costs[], hooks: readonly number[]): Measured {
  const [lab, envoy] = costs.map((one) => added(one, plugin.name)) as [
    readonly number[],
    (readonly number[])?,
  ];
  const fresh = summarise(hooks);
  const own = summarise(lab);
  return {
    plugin,
    lab: own,
    envoy: envoy === undefined ? null : summarise(envoy),
    ratio: envoy === undefined ? null : ratios(lab, envoy),
    perHook: fresh,
    times: fresh.median / own.median,
  };
}

export async function benchCost({ quick }: { readonly quick: boolean }): Promise<Report> {
  const times = quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), "glovebox-cost-"));
  const load = new Load();
  const parties: Party[] = [];
  try {
    const { found, missing } = await costPlugins(folder);
    const envoy = isThere("envoy");
    const names = envoy ? (["lab", "envoy"] as const) : (["lab"] as const);
    for (const name of names) parties.push(await Party.start(name, found, folder));
    const costs = await measure(parties, found, load, times);
    const all = found.map((plugin) => judged(plugin, costs, perHook(plugin, times.hooks)));
    const notes = [...missing, ...(envoy ? [] : ["envoy is not installed"])];
    return reportOf(all, costs, times, notes);
  } finally {
    load.stop();
    for (const party of parties) party.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function reportOf(
  all: readonly Measured[],
  costs: readonly Costs[],
  times: Times,
  notes: readonly string[],
): Report {
  const compared = all.flatMap(({ ratio }) => (ratio === null ? [] : [ratio.median]));
  const decided = times !== QUICK && compared.length === all.length;
  const cheap = compared.every((ratio) => ratio <= LIMIT);
  const many = all.every(({ times: one }) => one >= PER_HOOK);
  const base = costs.map((one) => spread(summarise(one.get("none")!), " µs"));
  const bare = `Without a plugin, a request takes ${base.join(" in the lab, ")}${base.length > 1 ? " in Envoy" : " in the lab"}.`;
  return {
    name: "lab: what a plugin costs",
    means:
      `Processor time that a plugin adds to a request, by the operating system's count of the whole process: hardened in the lab, as built in Envoy 1.40; ${times.runs} runs of ${times.slices * times.requests} requests with and as many without the plugin over ${CONNECTIONS} connections, in turns of ${times.requests}, one worker, routes that answer by themselves. ` +
      "Per hook: the lab's host made to start a fresh instance for each of a request's four hooks.",
    target: `≤ ${LIMIT} × of Envoy (aim: ${AIM}); an instance for every hook ≥ ${PER_HOOK} × of the lab`,
    held: decided ? cheap && many : null,
    note: [bare, ...notes.map((text) => `Not measured: ${text}.`)].join(" "),
    head: ["Plugin", "lab (µs)", "Envoy (µs)", "lab / Envoy", "per hook (µs)", "per hook / lab"],
    rows: [
      ...all.map(({ plugin, lab, envoy, ratio, perHook: fresh, times: factor }) => [
        plugin.what,
        spread(lab, "", 2),
        envoy === null ? "-" : spread(envoy, "", 2),
        ratio === null ? "-" : spread(ratio, " ×", 2),
        spread(fresh, "", 0),
        `${factor.toFixed(0)} ×`,
      ]),
      ...(compared.length > 0 && compared.every((one) => one > 0)
        ? [["geometric mean", "", "", `${geomean(compared).toFixed(2)} ×`, "", ""]]
        : []),
    ],
    data: { measured: all, perRequest: costs.map((one) => Object.fromEntries(one)) },
  };
}

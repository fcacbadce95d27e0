// What hardening adds to a plugin in a real Envoy: processor time of a request without the plugin, with it as built,
// hardened (guards, quotas and budgets per request on) and with telemetry, in turns; and slow requests at a fixed rate.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../plugins/compile.ts";
import { Load, requestHeaders } from "../lab/cost-parties.ts";
import { isThere } from "../lib/process.ts";
import { type Report, spread } from "../lib/report.ts";
import { ratios, type Summary, summarise } from "../lib/stats.ts";
import { Bed, type BedListener } from "./bed.ts";
import { allSides, type Sides, variants } from "./sides.ts";

/** Of the difference that the plugin makes, and of the whole request. */
const LIMIT = { headers: 1.3, body: 1.15, whole: 1.05, telemetry: 0.2 };
const CONNECTIONS = 16;
const RATE = 2000;
const FULL = { runs: 10, slices: 5, requests: 2500, warm: 10_000, seconds: 5 };
const QUICK = { runs: 3, slices: 2, requests: 2000, warm: 5000, seconds: 2 };
type Times = typeof FULL;

/** Microseconds of processor per request, run by run. */
type Runs = readonly number[];

interface Measured {
  readonly sides: Sides;
  readonly none: Summary;
  /** What each variant adds to none. */
  readonly added: readonly Summary[];
  /** Hardened over as built: of what is added, and of the whole request. */
  readonly difference: Summary;
  readonly whole: Summary;
  /** What telemetry adds, of what the hardened plugin with it adds. */
  readonly telemetry: Summary;
  /** p99 in milliseconds at the fixed rate: none and each variant. */
  readonly p99: readonly number[];
}

const NONE = "none";
const listenerName = (sides: Sides, variant: string): string => `${sides.name}, ${variant}`;

function listenersOf(sides: Sides): readonly BedListener[] {
  const forwards = sides.body !== undefined;
  const { configuration, files } = sides;
  const plugins = variants.map((variant) => {
    const name = `${sides.name}-${variant.replaceAll(" ", "-")}`;
    return {
      name: listenerName(sides, variant),
      forwards,
      plugins: [{ name, file: files[variant], configuration }],
    };
  });
  return [{ name: listenerName(sides, NONE), forwards, plugins: [] }, ...plugins];
}

async function slice(
  bed: Bed,
  load: Load,
  name: string,
  requests: number,
  body: string | undefined,
): Promise<number> {
  const before = bed.processor();
  await load.run({ port: bed.port(name), connections: CONNECTIONS, requests, body });
  return bed.processor() - before;
}

async function runsOf(bed: Bed, load: Load, sides: Sides, times: Times): Promise<readonly Runs[]> {
  const names = [NONE, ...variants].map((variant) => listenerName(sides, variant));
  for (const name of names) await slice(bed, load, name, times.warm, sides.body);
  const runs: number[][] = names.map(() => []);
  for (let run = 0; run < times.runs; run++) {
    const sums = names.map(() => 0);
    for (let turn = 0; turn < times.slices; turn++) {
      const order = [...names.keys()];
      if ((run + turn) % 2 === 1) order.reverse();
      for (const at of order)
        sums[at]! += await slice(bed, load, names[at]!, times.requests, sides.body);
    }
    const requests = times.slices * times.requests;
    for (const [at, sum] of sums.entries()) runs[at]!.push((sum / requests) * 1000);
  }
  return runs;
}

async function p99(steady: ChildProcess, port: number, seconds: number): Promise<number> {
  const { accept: _, ...headers } = requestHeaders;
  steady.send({ port, path: "/api/v2/users", rate: RATE, seconds, expect: "200", headers });
  const [{ failed, latencies }] = (await once(steady, "message")) as [
    { readonly failed: number; readonly latencies: readonly number[] },
  ];
  if (failed > 0) return Number.NaN;
  const sorted = Float64Array.from(latencies).sort();
  return sorted[Math.ceil(sorted.length * 0.99) - 1]!;
}

const minus = (above: Runs, below: Runs): Runs => above.map((value, run) => value - below[run]!);

async function measure(sides: Sides, times: Times, folder: string): Promise<Measured> {
  process.stderr.write(`${sides.what}\n`);
  const bed = await Bed.start(listenersOf(sides), folder);
  const load = new Load();
  const steady = fork(join(root, "bench/lab/isolation-steady.mjs"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  try {
    const [none, built, hardened, telling] = (await runsOf(bed, load, sides, times)) as [
      Runs,
      Runs,
      Runs,
      Runs,
    ];
    const slow: number[] = [];
    // The steady load has no bodies.
    for (const variant of sides.body === undefined ? [NONE, ...variants] : []) {
      slow.push(await p99(steady, bed.port(listenerName(sides, variant)), times.seconds));
    }
    return {
      sides,
      none: summarise(none),
      added: [built, hardened, telling].map((one) => summarise(minus(one, none))),
      difference: ratios(minus(hardened, none), minus(built, none)),
      whole: ratios(hardened, built),
      telemetry: ratios(minus(telling, hardened), minus(telling, none)),
      p99: slow,
    };
  } finally {
    load.stop();
    steady.kill("SIGKILL");
    bed.stop();
  }
}

export async function benchEnvoy({ quick }: { readonly quick: boolean }): Promise<Report> {
  const times = quick ? QUICK : FULL;
  if (!isThere("envoy")) return reportOf([], times, ["envoy is not installed"]);
  const folder = mkdtempSync(join(tmpdir(), "glovebox-envoy-cost-"));
  try {
    const { found, missing } = await allSides(folder);
    const all: Measured[] = [];
    for (const sides of found) all.push(await measure(sides, times, folder));
    return reportOf(all, times, missing);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function holds({ sides, difference, whole, telemetry }: Measured): boolean {
  if (sides.body !== undefined) return difference.median <= LIMIT.body;
  const cheap = difference.median <= LIMIT.headers && whole.median <= LIMIT.whole;
  // An empty callback has nothing of which telemetry could be a share.
  return cheap && (sides.name === "empty" || telemetry.median <= LIMIT.telemetry);
}

function reportOf(all: readonly Measured[], times: Times, notes: readonly string[]): Report {
  const decided = times !== QUICK && all.length > 0 && notes.length === 0;
  return {
    name: "envoy: what hardening costs",
    means: `Processor time of a request in Envoy with one worker, by the operating system's count of the whole process: ${times.runs} runs of ${times.slices * times.requests} requests for each side over ${CONNECTIONS} connections, the sides in turns of ${times.requests}. “Added” is the time with the plugin less the time without it. Hardened: with guards, quotas and budgets per request. p99 at ${RATE} requests a second, from the scheduled moment, for ${times.seconds} s each: no plugin, as built, hardened, with telemetry.`,
    target: `for plugins that are about headers the added time ≤ ${LIMIT.headers} × and the whole ≤ ${LIMIT.whole} × of as built, for the one that parses bodies the added time ≤ ${LIMIT.body} ×; telemetry ≤ ${LIMIT.telemetry * 100} % of what a plugin that adds a header costs`,
    held: decided ? all.every(holds) : null,
    note: notes.map((text) => `Not measured: ${text}.`).join(" "),
    head: [
      "Plugin",
      "no plugin (µs)",
      "as built adds (µs)",
      "hardened adds (µs)",
      "with telemetry adds (µs)",
      "added: hardened / as built",
      "whole: hardened / as built",
      "telemetry's share",
      "p99 (ms)",
    ],
    rows: all.map((one) => [
      one.sides.what,
      spread(one.none, "", 1),
      ...one.added.map((added) => spread(added, "", 2)),
      spread(one.difference, " ×", 2),
      spread(one.whole, " ×", 3),
      `${(one.telemetry.median * 100).toFixed(0)} %`,
      one.p99.length === 0 ? "–" : one.p99.map((ms) => ms.toFixed(1)).join(" / "),
    ]),
    data: all.map(({ sides, ...figures }) => ({ plugin: sides.name, ...figures })),
  };
}

// One tenant at a steady rate beside one that misbehaves: for every way to misbehave first the steady tenant alone,
// then with a new version of the configuration every second while the other is idle, then the same beside the other
// at work. What counts is the steady tenant's failures and its slow requests against its own while the neighbour is
// idle, and the memory of the process.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../plugins/compile.ts";
import { megabytes, type Report } from "../lib/report.ts";
import { summarise } from "../lib/stats.ts";
import { attacks, IsolationLab, STEADY } from "./isolation-lab.ts";

const RATE = 1000;
const CONNECTIONS = 4;
const LIMIT = 3;
/** Memory is flat where the last quarter has at most so much more than the one before. */
const FLAT = 1.05;
const FULL = { warm: 5, alone: 10, idle: 20, busy: 60 };
const QUICK = { warm: 3, alone: 3, idle: 4, busy: 8 };
type Times = typeof FULL;

interface Steady {
  readonly sent: number;
  readonly failed: number;
  readonly why: Readonly<Record<string, number>>;
  readonly latencies: readonly number[];
}

interface Measured {
  readonly does: string;
  readonly sent: number;
  readonly failed: number;
  readonly why: Readonly<Record<string, number>>;
  /** Milliseconds from the scheduled moment: median and 99 % of the steady tenant, without new versions too. */
  readonly alone: readonly [p50: number, p99: number];
  /** The same with a new version every second, the other tenant idle, then at work. */
  readonly idle: readonly [p50: number, p99: number];
  readonly beside: readonly [p50: number, p99: number];
  readonly ratio: number;
  /** Of one processor, more than with the steady tenant alone; null where the system doesn't tell. */
  readonly processor: number | null;
  /** What the lab says that the plugin may have. */
  readonly cap: number | null;
  readonly where: string;
  /** Where the steady tenant's plugin ran at the end. */
  readonly steadyRanIn: string;
  readonly memory: readonly number[];
  /** The last quarter over the third, medians; null where the system doesn't tell. */
  readonly growth: number | null;
  readonly versions: number;
  /** How often the misbehaving tenant saw which status. */
  readonly answers: Readonly<Record<string, number>>;
}

const script = (name: string): ChildProcess =>
  fork(join(root, "bench/lab", name), { stdio: ["ignore", "inherit", "inherit", "ipc"] });

async function ask<T>(child: ChildProcess, order: object): Promise<T> {
  child.send(order);
  const [answer] = (await once(child, "message")) as [T];
  return answer;
}

/** Of sorted or unsorted values, the one that so many are below. */
function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

class Bench {
  readonly #lab: IsolationLab;
  readonly #steady = script("isolation-steady.mjs");
  readonly #busy = script("isolation-busy.mjs");
  readonly #times: Times;

  constructor(lab: IsolationLab, times: Times) {
    this.#lab = lab;
    this.#times = times;
  }

  /** The steady tenant for so many seconds; and what the process used meanwhile, in processors. */
  async #run(seconds: number): Promise<{ steady: Steady; processors: number | null }> {
    const order = { port: this.#lab.port, rate: RATE, seconds, ...STEADY };
    const [before, started] = [this.#lab.processor(), performance.now()];
    const steady = await ask<Steady>(this.#steady, order);
    const after = this.#lab.processor();
    const took = performance.now() - started;
    return {
      steady,
      processors: before === null || after === null ? null : (after - before) / took,
    };
  }

  async warmUp(): Promise<void> {
    await this.#run(this.#times.warm);
  }

  async attack({ name, does }: (typeof attacks)[number]): Promise<Measured> {
    const lab = this.#lab;
    const alone = await this.#run(this.#times.alone);
    const first = await lab.version();
    const memory: number[] = [];
    const clock = setInterval(() => {
      lab.change();
      const resident = lab.resident();
      if (resident !== null) memory.push(resident);
    }, 1000);
    const idle = await this.#run(this.#times.idle);
    memory.length = 0;
    this.#busy.send({ port: lab.port, path: `/${name}`, connections: CONNECTIONS });
    const busy = await this.#run(this.#times.busy);
    clearInterval(clock);
    const { where, share } = await lab.plugin(name);
    const { where: steadyRanIn } = await lab.plugin("steady");
    const answers = await ask<Readonly<Record<string, number>>>(this.#busy, { stop: true });
    if (lab.ended) throw new Error(`the lab ended while the other tenant's plugin ${does}`);
    const versions = (await lab.version()) - first;
    const runs = [alone, idle, busy].map(({ steady }) => steady);
    const sum = (of: (one: Steady) => number) => runs.reduce((all, one) => all + of(one), 0);
    const [lone, calm, beside] = runs.map(
      ({ latencies }) => [quantile(latencies, 0.5), quantile(latencies, 0.99)] as const,
    ) as [Measured["alone"], Measured["idle"], Measured["beside"]];
    return {
      does,
      sent: sum((one) => one.sent),
      failed: sum((one) => one.failed),
      why: together(runs.map((one) => one.why)),
      alone: lone,
      idle: calm,
      beside,
      ratio: beside[1] / calm[1],
      processor:
        busy.processors === null || idle.processors === null
          ? null
          : busy.processors - idle.processors,
      cap: share,
      where,
      steadyRanIn,
      memory,
      growth: growthOf(memory),
      versions,
      answers,
    };
  }

  stop(): void {
    this.#steady.kill("SIGKILL");
    this.#busy.kill("SIGKILL");
  }
}

/** How often each reason came, over all. */
function together(all: readonly Steady["why"][]): Steady["why"] {
  const sums: Record<string, number> = {};
  for (const [reason, count] of all.flatMap(Object.entries<number>))
    sums[reason] = (sums[reason] ?? 0) + count;
  return sums;
}

function growthOf(memory: readonly number[]): number | null {
  const quarter = Math.floor(memory.length / 4);
  if (quarter === 0) return null;
  const last = summarise(memory.slice(-quarter)).median;
  return last / summarise(memory.slice(-2 * quarter, -quarter)).median;
}

export async function benchIsolation({ quick }: { readonly quick: boolean }): Promise<Report> {
  const times = quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), "glovebox-isolation-"));
  const lab = await IsolationLab.start(folder);
  const bench = new Bench(lab, times);
  try {
    await bench.warmUp();
    const all: Measured[] = [];
    for (const attack of attacks) {
      process.stderr.write(`${attack.name}\n`);
      all.push(await bench.attack(attack));
    }
    return reportOf(all, times);
  } finally {
    bench.stop();
    lab.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const percent = (share: number | null): string =>
  share === null ? "-" : `${(share * 100).toFixed(0)} %`;
const pair = ([p50, p99]: readonly [number, number]): string =>
  `${p50.toFixed(1)} / ${p99.toFixed(1)} ms`;

function reportOf(all: readonly Measured[], times: Times): Report {
  const good = all.every(
    ({ failed, ratio, growth, versions }) =>
      failed === 0 &&
      ratio <= LIMIT &&
      (growth === null || growth <= FLAT) &&
      versions >= (times.idle + times.busy) / 2,
  );
  const failures = all.flatMap(({ does, why }) =>
    Object.entries(why).map(([reason, count]) => `${does}: ${count} × ${reason}`),
  );
  const caps = [...new Set(all.flatMap(({ cap }) => (cap === null ? [] : [percent(cap)])))];
  const capped =
    caps.length === 0
      ? "No plugin had a cell."
      : `What caps the misbehaving tenant: its plugin has a cell, a thread that may use ${caps.join(", ")} of one processor; its further requests wait there.`;
  return {
    name: "lab: isolation",
    means: `Tenant B at ${RATE} requests a second by an open loop, times from the scheduled moment, first alone for ${times.alone} s, then with a new version of the configuration every second, ${times.idle} s with tenant A idle and ${times.busy} s beside A, whose plugin misbehaves on every request of ${CONNECTIONS} busy connections; one worker. p50 / p99; the ratio is that of the last two.`,
    target: `B has no failed request and its p99 is at most ${LIMIT} × of its p99 with A idle; memory flat over the last half; reloads fail no request`,
    held: times === QUICK ? null : good,
    note: [capped, ...failures].join(" "),
    head: [
      "A's plugin",
      "B's requests",
      "failed",
      "B alone",
      "new versions, A idle",
      "new versions, A at work",
      "p99",
      "A's processor",
      "memory at the end",
      "last half",
      "versions",
    ],
    rows: all.map((one) => [
      one.does,
      String(one.sent),
      String(one.failed),
      pair(one.alone),
      pair(one.idle),
      pair(one.beside),
      `${one.ratio.toFixed(2)} ×`,
      percent(one.processor),
      one.memory.length === 0 ? "-" : megabytes(one.memory.at(-1)!),
      one.growth === null ? "-" : `${one.growth.toFixed(2)} ×`,
      String(one.versions),
    ]),
    data: all,
  };
}

// Who else is hit when a plugin runs out of fuel on every tenth request, in a real Envoy with one worker at 1,000
// requests a second: the innocent requests of the same plugin, and those of another one; for every failure policy and
// every way to land; and how long after the 1st, 2nd and 10th time the plugin answers again. And what a memory hog leaves.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPlugins } from "../../plugins/build.ts";
import { pluginRow } from "../../plugins/catalog.ts";
import type { RoleName } from "../../src/policy/roles.ts";
import { isThere } from "../lib/process.ts";
import { megabytes, type Report } from "../lib/report.ts";
import type { FilterPlugin } from "../lib/wasm-filter.ts";
import { Bed, type BedListener } from "./bed.ts";
import { Client, type Outcome } from "./blast-client.ts";
import { burns, hardened } from "./sides.ts";

const RATE = 1000;
const GUILTY = 10;
const FULL = { seconds: 10 };
const QUICK = { seconds: 2 };
/** Milliseconds from a request that loops to its answer, at the default budget. */
const TRAP = 150;
/** Bytes of Envoy over its idle size and the policy's cap after the memory hog. */
const OVER = 20 * 1024 * 1024;
const CAP = 64 * 1024 * 1024;

interface Policy {
  readonly name: string;
  readonly more: Readonly<Record<string, unknown>>;
}

/** What Envoy is told about traps; the back-off of a reload is 1 s where nothing is said. */
const policies: readonly Policy[] = [
  { name: "FAIL_CLOSED", more: { failure_policy: "FAIL_CLOSED" } },
  { name: "FAIL_OPEN", more: { failure_policy: "FAIL_OPEN" } },
  { name: "FAIL_RELOAD", more: { failure_policy: "FAIL_RELOAD" } },
  {
    name: "FAIL_RELOAD, back-off 0.1 s",
    more: { failure_policy: "FAIL_RELOAD", reload_config: { backoff: { base_interval: "0.1s" } } },
  },
];

/** A loop exhausts one callback; much work in each callback exhausts the request between two of them. */
const guilts = [
  { name: "a loop for ever", header: "loop", request: 30_000_000 },
  // So little that a worker has the time for a hundred of them a second: who waits is not who fails.
  { name: "much work in every callback", header: "much", request: 3_000_000 },
] as const;
const landings = ["trap", "deny", "pass"] as const;

interface Row {
  readonly policy: string;
  readonly guilt: string;
  readonly landing: string;
  readonly outcome: Outcome;
  readonly recovery: readonly (number | null)[];
}

/** Fuel for one callback, the default; two callbacks of much work are more than a request's. */
const CALLBACK = 20_000_000;

export async function benchBlast({ quick }: { readonly quick: boolean }): Promise<Report> {
  const times = quick ? QUICK : FULL;
  if (!isThere("envoy")) return reportOf([], null, quick, ["envoy is not installed"]);
  const folder = mkdtempSync(join(tmpdir(), "glovebox-envoy-blast-"));
  try {
    const built = await burns(folder);
    const files = new Map<string, string>();
    for (const landing of landings) {
      for (const { header, request } of guilts) {
        const file = join(folder, `burns-${landing}-${header}.wasm`);
        const policy = {
          "spec.limits.fuel.request": request,
          "spec.limits.fuel.callback": CALLBACK,
          "spec.onExhaustion": landing,
          "spec.limits.dispatch.total": 0,
        };
        writeFileSync(file, hardened(built, "header-rewriter", policy));
        files.set(`${landing} ${header}`, file);
      }
    }
    const rows: Row[] = [];
    for (const policy of policies) {
      for (const landing of landings) {
        for (const guilt of guilts) {
          process.stderr.write(`${policy.name}, ${landing}, ${guilt.name}\n`);
          const file = files.get(`${landing} ${guilt.header}`)!;
          rows.push(await blast(policy, guilt, landing, file, built, times.seconds, folder));
        }
      }
    }
    return reportOf(rows, await hog(folder), quick, []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function blast(
  policy: Policy,
  guilt: (typeof guilts)[number],
  landing: string,
  file: string,
  other: string,
  seconds: number,
  folder: string,
): Promise<Row> {
  const plugin = (name: string, wasm: string): FilterPlugin => ({
    name,
    file: wasm,
    configuration: "",
    more: policy.more,
  });
  const listeners: readonly BedListener[] = [
    { name: "guilty", plugins: [plugin("guilty", file)] },
    { name: "neighbour", plugins: [plugin("neighbour", other)] },
  ];
  const bed = await Bed.start(listeners, folder);
  const client = new Client();
  try {
    const ports = { port: bed.port("guilty"), neighbour: bed.port("neighbour") };
    const outcome = await client.load({
      ...ports,
      rate: RATE,
      seconds,
      every: GUILTY,
      header: guilt.header,
    });
    if (bed.ended) throw new Error("Envoy ended");
    // A fresh one: the first trap of a VM's life counts.
    return {
      policy: policy.name,
      guilt: guilt.name,
      landing,
      outcome,
      recovery: await recoveryOf(listeners, guilt.header, folder),
    };
  } finally {
    client.stop();
    bed.stop();
  }
}

/** Milliseconds until an innocent request is answered with 200 again, after the 1st, 2nd and 10th guilty one; null: not within 3 s. */
async function recoveryOf(
  listeners: readonly BedListener[],
  header: string,
  folder: string,
): Promise<readonly (number | null)[]> {
  const bed = await Bed.start(listeners, folder);
  const client = new Client();
  try {
    return await client.recovery({ port: bed.port("guilty"), header, times: [1, 2, 10] });
  } finally {
    client.stop();
    bed.stop();
  }
}

interface Hog {
  readonly idle: number;
  readonly most: number;
}

/** Envoy's memory, idle and after a plugin has taken all that it can. */
async function hog(folder: string): Promise<Hog> {
  const name = "memory-hog";
  const built = (await buildPlugins()).get(name)!;
  const file = join(folder, "hog.wasm");
  writeFileSync(file, hardened(built, (pluginRow(name)!.role ?? "header-rewriter") as RoleName));
  const plugin = { name, file, configuration: "" };
  const bed = await Bed.start(
    [
      { name: "idle", plugins: [] },
      { name, plugins: [plugin], unasked: true },
    ],
    folder,
  );
  const client = new Client();
  try {
    const idle = bed.memory("VmRSS");
    await client.load({
      port: bed.port(name),
      neighbour: bed.port("idle"),
      rate: 100,
      seconds: 2,
      every: 1,
      header: "x",
    });
    return { idle, most: bed.memory("VmHWM") };
  } finally {
    client.stop();
    bed.stop();
  }
}

const share = (part: number, of: number): string =>
  of === 0 ? "–" : `${((part / of) * 100).toFixed(1)} %`;
const time = (ms: number | null): string => (ms === null ? "never" : `${ms.toFixed(0)} ms`);

function reportOf(
  rows: readonly Row[],
  memory: Hog | null,
  quick: boolean,
  notes: readonly string[],
): Report {
  const looping = rows.filter(
    ({ guilt, landing }) => guilt === guilts[0].name && landing === "trap",
  );
  const trapped = Math.max(0, ...looping.map(({ outcome }) => outcome.guiltyMs));
  const others = rows.every(({ outcome }) => outcome.neighbour.failed === 0);
  const held =
    others && trapped <= TRAP && memory !== null && memory.most - memory.idle <= CAP + OVER;
  const hogged =
    memory === null
      ? ""
      : `After a memory hog, Envoy had at most ${megabytes(memory.most)}, ${megabytes(memory.most - memory.idle)} more than idle, under a cap of ${megabytes(CAP)}.`;
  return {
    name: "envoy: blast radius",
    means: `One Envoy with one worker, ${RATE} requests a second to one hardened plugin, every ${GUILTY}th of which makes it run out of fuel, and a tenth as many beside them to another plugin. Innocent: the other nine. Recovery: from the answer of the guilty request to the first innocent one with 200.`,
    target: `another plugin's requests: 0 failed; the median of guilty requests answered within ${TRAP} ms; after a memory hog at most the cap and ${megabytes(OVER)} over idle`,
    held: quick || rows.length === 0 ? null : held,
    note: [hogged, ...notes.map((text) => `Not measured: ${text}.`)].join(" ").trim(),
    head: [
      "failure policy",
      "onExhaustion",
      "what the guilty do",
      "innocent failed",
      "guilty: 200 / 503 / other",
      "guilty answered after (median)",
      "other plugin's failed",
      "recovery after the 1st / 2nd / 10th",
    ],
    rows: rows.map(({ policy, landing, guilt, outcome, recovery }) => [
      policy,
      landing,
      guilt,
      `${share(outcome.innocent.failed, outcome.innocent.sent)} of ${outcome.innocent.sent}`,
      `${outcome.guilty.ok} / ${outcome.guilty.refused} / ${outcome.guilty.other}`,
      time(outcome.guiltyMs),
      `${outcome.neighbour.failed} of ${outcome.neighbour.sent}`,
      recovery.map(time).join(" / "),
    ]),
    data: { rows, memory },
  };
}

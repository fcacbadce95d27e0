// How long the linter takes on a fleet's manifests, against what it can't do without: parsing those that are about
// plugins, by the YAML library alone; and against Kyverno's command line with the same two demands. Whole processes, so
// the start of Node counts on both sides; memory by the operating system.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { timed, timedGood } from "./lib/process.ts";
import { type Report, spread } from "./lib/report.ts";
import { alternate, ratios, type Summary, summarise } from "./lib/stats.ts";

const bin = fileURLToPath(new URL("../../bin/glovebox", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const TIMES = 2;
const START = 4;
const MEMORY = 500e6;
const FASTER = 20;
const MANIFESTS = 10_000;
/** One in so many is about plugins. */
const RELEVANT = 10;

/** Parses the files that its arguments name, as a library's user would; and says what it took at most. */
const parser = `
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
for (const file of process.argv.slice(2)) parseAllDocuments(readFileSync(file, "utf8"));
`;

const plugin = (index: number, filler: string): string => `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata:
  name: plugin-${index}
  namespace: team-${index % 50}
spec:
  selector:
    matchLabels:
      app: service-${index}
  url: oci://registry.example.com/plugins/plugin-${index}:v1.2.${index}
  sha256: ${String(index).padStart(4, "0").repeat(15)}abcd
  phase: STATS
  failStrategy: FAIL_CLOSE
  pluginConfig:
${filler}`;

const deployment = (index: number, filler: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-${index}
  namespace: team-${index % 50}
  annotations:
${filler}spec:
  replicas: 3
  selector: { matchLabels: { app: service-${index} } }
`;

/** As many lines as make a manifest of about six thousand bytes. */
const lines = (index: number, margin: string): string =>
  Array.from(
    { length: 110 },
    (_, at) => `${margin}setting-${at}: "value ${at} of manifest ${index}, as they are"\n`,
  ).join("");

interface Rounds {
  readonly warmup: number;
  readonly rounds: number;
}

interface Fleet {
  readonly folder: string;
  readonly relevant: readonly string[];
  readonly bytes: number;
}

function fleet(folder: string, count: number, every: number): Fleet {
  mkdirSync(folder);
  const relevant: string[] = [];
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    const mine = index % every === 0;
    const text = mine
      ? plugin(index, lines(index, "    "))
      : deployment(index, lines(index, "    "));
    const file = join(folder, `${String(index).padStart(5, "0")}.yaml`);
    writeFileSync(file, text);
    bytes += text.length;
    if (mine) relevant.push(file);
  }
  return { folder, relevant, bytes };
}

const atExit =
  'data:text/javascript,process.on("exit",()=>process.stderr.write("peak:"+process.resourceUsage().maxRSS))';

/** Peak memory of a run in bytes, as the operating system has it. */
function peak(args: readonly string[]): number {
  const { stderr } = timed(process.execPath, ["--import", atExit, bin, "lint", ...args]);
  return Number(/peak:(\d+)/.exec(stderr)?.[1]) * 1024;
}

/** The rule that the linter's are compared with: pinned, and failing closed. */
const kyvernoPolicy = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: { name: pinned }
spec:
  rules:
    - name: pinned
      match: { any: [{ resources: { kinds: [WasmPlugin] } }] }
      validate:
        failureAction: Enforce
        message: pinned
        pattern: { spec: { sha256: "?*", failStrategy: FAIL_CLOSE } }
`;

interface Against {
  readonly ratio: Summary;
  readonly ours: Summary;
  readonly theirs: Summary;
}

/** It has no --version. */
function hasKyverno(): boolean {
  try {
    return timed("kyverno", ["version"]).status === 0;
  } catch {
    return false;
  }
}

/** The same files through Kyverno's command line; of both sides, the time of one file is subtracted. */
async function againstKyverno(folder: string, one: Fleet, rounds: Rounds): Promise<Against | null> {
  if (!hasKyverno()) return null;
  const policy = join(folder, "policy.yaml");
  const few = join(folder, "few");
  writeFileSync(policy, kyvernoPolicy);
  mkdirSync(few);
  copyFileSync(one.relevant[0]!, join(few, "one.yaml"));
  const kyverno = (where: string) =>
    timedGood("kyverno", ["apply", policy, "--resource", where, "--remove-color"]).ms;
  const [ours, theirs, ourStart, theirStart] = await alternate(
    [
      () => linted([one.folder]),
      () => kyverno(one.folder),
      () => linted([few]),
      () => kyverno(few),
    ],
    rounds,
  );
  const without = (all: readonly number[], start: readonly number[]) => {
    const { median } = summarise(start);
    return all.map((ms) => Math.max(1, ms - median));
  };
  const mine = without(ours!, ourStart!);
  const other = without(theirs!, theirStart!);
  return { ratio: ratios(other, mine), ours: summarise(mine), theirs: summarise(other) };
}

/** A run that may end with findings. */
function linted(args: readonly string[]): number {
  const { ms, status, stderr } = timed(process.execPath, [
    bin,
    "lint",
    ...args,
    "--format",
    "json",
  ]);
  if (status !== 0 && status !== 1) throw new Error(`lint ended with ${status}: ${stderr}`);
  return ms;
}

export async function benchLint({ quick }: { readonly quick: boolean }): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  try {
    const script = join(root, "dist", "bench", `parse-${process.pid}.mjs`);
    writeFileSync(script, parser);
    const rounds = quick ? { warmup: 0, rounds: 1 } : { warmup: 1, rounds: 3 };
    const all = fleet(join(folder, "all"), quick ? MANIFESTS / 10 : MANIFESTS, RELEVANT);
    const dense = fleet(join(folder, "dense"), quick ? 100 : 1_000, 1);
    const rows: string[][] = [];
    const data: Record<string, number> = {};
    let held = true;
    for (const [what, one] of [
      [`${all.relevant.length * RELEVANT} manifests, one in ten about plugins`, all],
      [`${dense.relevant.length} manifests, all about plugins`, dense],
    ] as const) {
      const [ours, theirs] = await alternate(
        [
          () => linted([one.folder]),
          () => timedGood(process.execPath, [script, ...one.relevant]).ms,
        ],
        rounds,
      );
      const ratio = ratios(ours!, theirs!);
      const memory = peak([one.folder, "--format", "json"]);
      held &&= ratio.median <= TIMES && memory <= MEMORY;
      const shown = `${(memory / 1e6).toFixed(0)} MB`;
      rows.push([
        what,
        `${(one.bytes / 1e6).toFixed(0)} MB`,
        spread(summarise(ours!), " ms", 0),
        spread(summarise(theirs!), " ms", 0),
        spread(ratio, ""),
        shown,
      ]);
      data[what] = ratio.median;
    }
    const file = dense.relevant[0]!;
    const [single, bare] = await alternate(
      [() => linted([file]), () => timedGood(process.execPath, ["-e", "0"]).ms],
      { warmup: quick ? 0 : 3, rounds: quick ? 1 : 21 },
    );
    const start = ratios(single!, bare!);
    held &&= start.median <= START;
    rows.push([
      "one manifest, against `node -e 0`",
      "6 kB",
      spread(summarise(single!), " ms", 0),
      spread(summarise(bare!), " ms", 0),
      spread(start, ""),
      "",
    ]);
    data.start = start.median;
    // Half a minute a run: three, and none to warm up.
    const against = await againstKyverno(folder, all, { warmup: 0, rounds: quick ? 1 : 3 });
    if (against === null) {
      held = false;
      rows.push([
        "`kyverno apply` of the same two demands",
        "",
        "",
        "not there",
        "not measured",
        "",
      ]);
    } else {
      held &&= against.ratio.median >= FASTER;
      rows.push([
        `the first ones again, without start-up, against \`kyverno apply\` of the same two demands (how many times faster)`,
        `${(all.bytes / 1e6).toFixed(0)} MB`,
        spread(against.ours, " ms", 0),
        spread(against.theirs, " ms", 0),
        spread(against.ratio, ""),
        "",
      ]);
      data.kyverno = against.ratio.median;
    }
    rmSync(script);
    return {
      name: "lint",
      means:
        "`glovebox lint` of folders of manifests against a process that parses those about plugins with the `yaml` library and does nothing else; whole processes.",
      target: `at most ${TIMES} × the parse alone, at most ${MEMORY / 1e6} MB; one file at most ${START} × \`node -e 0\`; at least ${FASTER} × faster than the Kyverno CLI`,
      held,
      head: ["What", "Bytes", "lint", "The other", "Ratio", "Peak"],
      rows,
      data,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

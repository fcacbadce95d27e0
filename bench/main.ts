// `npm run bench [-- NAME…] [--quick] [--json | --markdown]`: runs the benches named, or all, one after the
// other; with --quick, those that take minutes are made short and decide nothing. Nothing else should run on
// the machine meanwhile. Exit 1 where a promised figure did not hold. `-- --render FILE…` measures nothing: it
// prints what --json has saved as a page.
import { readFileSync } from "node:fs";
import { benchBlast } from "./envoy/blast.ts";
import { benchEnvoy } from "./envoy/cost.ts";
import { benchFuzz } from "./fuzz.ts";
import { benchGrowth } from "./growth.ts";
import { benchHarden } from "./harden.ts";
import { benchHelp } from "./help.ts";
import { benchCost } from "./lab/cost.ts";
import { benchIsolation } from "./lab/isolation.ts";
import { benchProxy } from "./lab/proxy.ts";
import { benchLabStart } from "./lab/start.ts";
import { asMarkdown, asText, machine, type Report } from "./lib/report.ts";
import { benchLint } from "./lint.ts";
import { benchMemory } from "./memory.ts";
import { benchOverhead } from "./overhead.ts";
import { benchProfile } from "./profile.ts";
import { benchPull } from "./pull.ts";
import { benchServe } from "./serve.ts";
import { benchStart } from "./start.ts";
import { benchVerify } from "./verify.ts";
import { benchWorst } from "./worst.ts";

const benches: Readonly<Record<string, (options: { readonly quick: boolean }) => Promise<Report>>> =
  {
    harden: benchHarden,
    memory: benchMemory,
    verify: benchVerify,
    growth: benchGrowth,
    help: benchHelp,
    fuzz: benchFuzz,
    lint: benchLint,
    overhead: benchOverhead,
    profile: benchProfile,
    "lab-cost": benchCost,
    "lab-proxy": benchProxy,
    "lab-start": benchLabStart,
    "lab-isolation": benchIsolation,
    worst: benchWorst,
    start: benchStart,
    pull: benchPull,
    serve: benchServe,
    envoy: benchEnvoy,
    "envoy-blast": benchBlast,
  };

/** Names that mean several. */
const groups: Readonly<Record<string, readonly string[]>> = {
  lab: ["lab-cost", "lab-proxy", "lab-start", "lab-isolation"],
};

/** What --json saves. */
interface Saved {
  readonly machine: string;
  readonly reports: readonly (Report & { readonly bench: string })[];
}

const intro = (how: string): string => `# Benchmarks

Written by \`npm run --silent bench -- ${how}\`; don't edit. Medians of alternated runs after
warm-up, in brackets the interval of about 95 % around the median; both sides of a ratio ran in the same run,
in turns. Sizes are in units of 1000.
`;

/** A page of reports that were saved by --json. */
function rendered(files: readonly string[]): string {
  const saved = files.map((file) => JSON.parse(readFileSync(file, "utf8")) as Saved);
  const names = saved.flatMap(({ reports }) => reports.map(({ bench }) => bench));
  const machines = [...new Set(saved.map((one) => one.machine))];
  const pages = saved.flatMap(({ reports }) => reports.map(asMarkdown));
  return `${intro(`${names.join(" ")} --json\` and \`npm run --silent bench -- --render`)}\nMachine: ${machines.join("; ")}.\n\n${pages.join("\n")}`;
}

async function run(args: readonly string[]): Promise<number> {
  if (args[0] === "--render") {
    process.stdout.write(rendered(args.slice(1)));
    return 0;
  }
  const names = args
    .filter((arg) => !arg.startsWith("--"))
    .flatMap((name) => (Object.hasOwn(groups, name) ? groups[name]! : [name]));
  const quick = args.includes("--quick");
  const format = args.find((arg) => arg.startsWith("--") && arg !== "--quick");
  const unknown = names.find((name) => !Object.hasOwn(benches, name));
  if (
    unknown !== undefined ||
    (format !== undefined && !["--json", "--markdown"].includes(format))
  ) {
    process.stderr.write(
      `unknown: ${unknown ?? format}. Benches: ${[...Object.keys(groups), ...Object.keys(benches)].join(", ")}\n`,
    );
    return 2;
  }
  if (format === "--markdown")
    console.log(`${intro(`${args.join(" ")} > docs/benchmarks.md`)}\nMachine: ${machine()}.\n`);
  if (format === undefined) console.log(`${machine()}\n`);
  const reports: Saved["reports"][number][] = [];
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const report = { ...(await bench({ quick })), bench: name };
    reports.push(report);
    if (format === "--markdown") console.log(asMarkdown(report));
    if (format === undefined) console.log(asText(report));
  }
  if (format === "--json") console.log(JSON.stringify({ machine: machine(), reports }, null, 2));
  return reports.some((report) => report.held === false) ? 1 : 0;
}

process.exitCode = await run(process.argv.slice(2));

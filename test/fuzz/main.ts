// `npm run fuzz -- TARGET --seed N --runs N --time S`: long runs of a fuzz target; resume with the next seed.
// A failure becomes a file in test/regress/corpus, which every test run replays. A module that never ends is
// one: its thread is ended, and the run goes on behind it. `--report FILE` adds the run to a JSON summary.
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { version } from "../../src/util/version.ts";
import { useParties } from "./parties.ts";
import { addToFile, rowOf } from "./report.ts";
import { count, emptyTally, type Failed, type Tally } from "./target.ts";
import { targets } from "./targets.ts";
import type { Work } from "./worker.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "1000000" },
    time: { type: "string", default: "60" },
    rare: { type: "string", default: "11" },
    "no-wasmtime": { type: "boolean", default: false },
    report: { type: "string" },
  },
});

/** Milliseconds that one seed may take. */
const PATIENCE = 120_000;

type Message = { versions: Readonly<Record<string, string>> } | { tally: Tally; next: number };

const corpus = new URL("../../../test/regress/corpus/", import.meta.url);

function keep(target: string, { seed, what, bytes }: Failed): void {
  process.stdout.write(`seed ${seed}: ${what}\n`);
  if (bytes.length === 0) return;
  mkdirSync(corpus, { recursive: true });
  writeFileSync(new URL(`${target}-${seed}.wasm`, corpus), bytes);
}

/** Runs one thread to its end, or until a seed hangs; answers the next seed to run. */
function thread(
  work: Work,
  hear: (message: Message) => void,
): Promise<{ next: number; hung: boolean }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: work });
    const now = new Float64Array(work.now);
    let next = work.from;
    let [last, since] = [-1, Date.now()];
    const watch = setInterval(() => {
      if (now[0] !== last) [last, since] = [now[0]!, Date.now()];
      else if (Date.now() - since > PATIENCE) {
        clearInterval(watch);
        worker.removeAllListeners("exit");
        void worker.terminate();
        resolve({ next: last, hung: true });
      }
    }, 1000);
    worker.on("message", (message: Message) => {
      if ("next" in message) next = message.next;
      hear(message);
    });
    worker.on("error", (error) => {
      clearInterval(watch);
      reject(error);
    });
    worker.on("exit", () => {
      clearInterval(watch);
      resolve({ next, hung: false });
    });
  });
}

async function fuzz(name: string): Promise<void> {
  const from = Number(values.seed);
  const rare = Number(values.rare);
  const to = from + Number(values.runs);
  const until = Date.now() + Number(values.time) * 1000;
  const command = `npm run fuzz -- ${name} --rare ${rare}${values["no-wasmtime"] ? " --no-wasmtime" : ""}`;
  let versions: Readonly<Record<string, string>> = {};
  let failures = 0;
  const add = (first: number, tally: Tally) => {
    for (const failed of tally.failures) keep(name, failed);
    failures += tally.failures.length;
    const all = {
      glovebox: version(),
      node: process.version,
      v8: process.versions.v8,
      ...versions,
    };
    if (values.report !== undefined)
      addToFile(values.report, rowOf(name, command, first, tally, all));
  };
  let seed = from;
  while (seed < to && Date.now() < until) {
    let reached = seed;
    const work: Work = {
      target: name,
      from: seed,
      runs: to - seed,
      seconds: (until - Date.now()) / 1000,
      rare,
      wasmtime: !values["no-wasmtime"],
      now: new SharedArrayBuffer(8),
    };
    const { next, hung } = await thread(work, (message) => {
      if ("versions" in message) versions = message.versions;
      else {
        add(reached, message.tally);
        reached = message.next;
      }
    });
    seed = next;
    if (!hung) break;
    // What ran since the last message is lost, and run again up to the seed that hangs.
    const tally = emptyTally();
    tally.runs = 1;
    count(tally, "hung");
    tally.failures.push({
      seed,
      what: `did not end within ${PATIENCE} ms`,
      bytes: new Uint8Array(),
    });
    add(seed, tally);
    seed++;
  }
  process.stdout.write(`${seed - from} runs, ${failures} failures; go on with --seed ${seed}\n`);
  process.exitCode = failures > 0 ? 1 : 0;
}

const name = positionals[0] ?? "contain";
if (!Object.hasOwn(targets, name)) {
  process.stderr.write(`unknown target ${name}: expected ${Object.keys(targets).join(", ")}\n`);
  process.exitCode = 2;
} else {
  await useParties();
  await fuzz(name);
}

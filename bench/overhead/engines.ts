// The engines under which the corpus runs: this Node, Node 24 from npm, and Wasmtime from PyPI. Each runs all
// variants of one module in one process of its own, which answers with the samples.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import wabtFactory from "wabt";
import { root } from "../../plugins/compile.ts";
import { sha256 } from "../../src/util/digest.ts";
import { summarise } from "../lib/stats.ts";
import { benchCache, type Module } from "./build.ts";
import { trampolines } from "./trampolines.ts";
import { TELLING, type Variants } from "./variants.ts";

export interface Side {
  readonly name: string;
  readonly failed: string | null;
  /** CPU time of `new WebAssembly.Module`, in milliseconds; null where it says nothing. */
  readonly compileMs: number | null;
  /** Time of the variant over that of the module as built: of each process the median of its rounds. */
  readonly ratios: readonly number[];
  /** Units that the last call of bench() used, by the module's own account. */
  readonly spent: number | null;
  /** What is left in the globals that were set before the last call of bench(), as integers. */
  readonly left: Readonly<Record<string, string>>;
}

export interface Result {
  readonly engine: string;
  /** Milliseconds of the module as built. */
  readonly base: readonly number[];
  readonly sum: number;
  readonly sides: readonly Side[];
}

export interface Engine {
  readonly name: string;
  /** Runs the job and answers what its process printed. */
  readonly run: (job: string) => string;
  readonly native: boolean;
}

const NODE_24 = "24.21.0";
export const WASMTIME = "50.0.1";
/**
 * Functions are optimised after few calls; how is not changed. With a budget near the default the module as built,
 * which runs between all the variants, has more of its functions optimised than any of them: copies of it, equal
 * but for a custom section, then took up to 44 % longer.
 */
const V8_FLAGS = ["--wasm-tiering-budget=5000"];

const source = (file: string): string => join(root, "bench/overhead", file);
const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "pipe"],
  });

const byNode = (program: string) => (job: string) =>
  run(program, [...V8_FLAGS, source("run-node.mjs"), job]);

/** Node 24 as npm carries it, installed into the cache. */
function node24(): string | null {
  const folder = join(benchCache(), "..", `node-${NODE_24}`);
  const program = join(folder, "node_modules/node/bin/node");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error", `node@${NODE_24}`];
  const done = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  return done.status === 0 && existsSync(program) ? program : null;
}

export interface Programs {
  readonly nodes: readonly { readonly name: string; readonly program: string }[];
  /** The Python that has Wasmtime. */
  readonly wasmtime: string | null;
  readonly missing: readonly string[];
}

/** The programs behind the engines, and why one is not there. */
export function findPrograms(): Programs {
  const nodes = [{ name: `Node ${process.versions.node}`, program: process.execPath }];
  const missing: string[] = [];
  const newer = node24();
  if (newer === null) missing.push(`Node ${NODE_24}: npm could not install it`);
  else nodes.push({ name: `Node ${NODE_24}`, program: newer });
  const ask = ["-c", "import importlib.metadata as m; print(m.version('wasmtime'))"];
  const version = spawnSync("python3", ask, { encoding: "utf8" }).stdout?.trim();
  if (version === WASMTIME) return { nodes, wasmtime: "python3", missing };
  missing.push(`Wasmtime ${WASMTIME}: python3 has ${version || "none"}`);
  return { nodes, wasmtime: null, missing };
}

export function findEngines(): {
  readonly found: readonly Engine[];
  readonly missing: readonly string[];
} {
  const { nodes, wasmtime, missing } = findPrograms();
  const found: Engine[] = nodes.map(({ name, program }) => ({
    name,
    run: byNode(program),
    native: false,
  }));
  if (wasmtime !== null) {
    const go = (job: string) => run(wasmtime, [source("run_wasmtime.py"), job]);
    found.push({ name: `Wasmtime ${WASMTIME}`, run: go, native: true });
  }
  return { found, missing };
}

let hostFile: string | undefined;
async function host(): Promise<string> {
  if (hostFile !== undefined) return hostFile;
  const wabt = await wabtFactory();
  const text = readFileSync(source("host.wat"));
  const { buffer } = wabt.parseWat("host.wat", text, { bulk_memory: true }).toBinary({});
  hostFile = keep(buffer, "wasm");
  return hostFile;
}

/** Writes a file under the hash of what it holds. */
export function keep(bytes: Uint8Array | string, ending: string): string {
  const folder = join(benchCache(), "jobs");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${sha256(Buffer.from(bytes as string)).slice(0, 24)}.${ending}`);
  if (!existsSync(path)) writeFileSync(path, bytes);
  return path;
}

/** How often a module is measured; `rounds` in place of the corpus's own. */
export interface Times {
  readonly processes: number;
  readonly warmup: number;
  readonly runs: number;
  readonly rounds?: number;
}

/**
 * Samples of all variants of the module under the engine, in several processes one after another: where an engine
 * puts a module's code moves its time by some percent, in every run of the same process alike.
 */
export async function measure(
  engine: Engine,
  { row, bytes }: Module,
  { base, variants }: Variants,
  times: Times,
): Promise<Result> {
  const hostPath = await host();
  const telling = variants.filter(({ name }) => name === TELLING);
  const guests = [bytes, ...telling.map(({ file }) => readFileSync(file))];
  const between = trampolines(guests, readFileSync(hostPath));
  const cache = join(benchCache(), "wasmtime");
  mkdirSync(cache, { recursive: true });
  const job = {
    base,
    variants: variants.filter((one) => engine.native || one.engine === undefined),
    trampolines: keep(between.bytes, "wasm"),
    host: hostPath,
    slots: between.slots,
    setting: row.kind === "plugin" ? row.setting : null,
    rounds: times.rounds ?? row.rounds,
    warmup: times.warmup,
    runs: times.runs,
    cache,
    version: WASMTIME,
  };
  const file = keep(JSON.stringify(job), "json");
  const results: Result[] = [];
  for (let process = 0; process < times.processes; process++)
    results.push(JSON.parse(engine.run(file)) as Result);
  return {
    ...results[0]!,
    base: results.flatMap((one) => one.base),
    sides: results[0]!.sides.map((side, i) => ({
      ...side,
      failed: results.map((one) => one.sides[i]!.failed).find((why) => why !== null) ?? null,
      ratios: results.flatMap(({ sides }) => {
        const { ratios } = sides[i]!;
        return ratios.length === 0 ? [] : [summarise(ratios).median];
      }),
    })),
  };
}

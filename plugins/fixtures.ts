// The test-only plugins of other toolchains: builds one into the cache, or says why it can't. A module is
// kept by the hash of its sources and its toolchain's version, so that a second call builds nothing.
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, fail } from "../src/errors/failure.ts";
import { renderFailure } from "../src/errors/render.ts";
import { sha256 } from "../src/util/digest.ts";
import { type PluginRow, plugins } from "./catalog.ts";
import { root } from "./compile.ts";
import { withLock } from "./lock.ts";
import { cacheFolder, type Found, go, rust, type Setting, solo, zig } from "./toolchains.ts";

/** Where a fixture is, or in one line why it can't be built here. */
export type Fixture = { readonly path: string } | { readonly missing: string };

/** Names of all fixtures, in the catalogue's order. */
export const fixtureNames: readonly string[] = plugins
  .filter((row: PluginRow) => row.kind === "fixture")
  .map((row) => row.name);

function toolchainOf(row: PluginRow, setting: Setting): Promise<Found> {
  switch (row.language) {
    case "c":
    case "cpp":
      return zig(row.language);
    case "go":
      return go();
    case "rust":
      return rust(setting);
    default:
      return solo(setting);
  }
}

/** The folder of a fixture: the one below plugins/fixtures/. */
function folderOf(row: PluginRow): string {
  return join(root, row.source.split("/").slice(0, 3).join("/"));
}

async function digestOfFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  const parts = files.sort().map(async (file) => {
    return `${file.slice(folder.length)} ${sha256(await readFile(file))}`;
  });
  return sha256((await Promise.all(parts)).join("\n"));
}

async function build(row: PluginRow, setting: Setting): Promise<Fixture> {
  const found = await toolchainOf(row, setting);
  if ("missing" in found) return found;
  const folder = folderOf(row);
  const key = sha256(`${found.version}\n${await digestOfFolder(folder)}`).slice(0, 16);
  const path = join(setting.cache, "fixtures", `${row.name}-${key}.wasm`);
  const isBuilt = () =>
    readFile(path).then(
      (bytes) => bytes.length > 0,
      () => false,
    );
  if (await isBuilt()) return { path };
  await withLock(`${path}.lock`, async () => {
    if (await isBuilt()) return;
    const work = await mkdtemp(join(tmpdir(), "glovebox-fixture-"));
    try {
      const draft = `${path}.${process.pid}.tmp`;
      await mkdir(dirname(path), { recursive: true });
      await found.build(folder, draft, work);
      await rename(draft, path);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
  return { path };
}

/**
 * Builds a fixture or finds it in the cache. A missing toolchain is an answer, but in CI (CI=true) a failure
 * (`fixture-not-built`); a source that does not build is a failure everywhere (`plugin-not-compiled`).
 * Toolchains are fetched from their registries in CI, with GLOVEBOX_FETCH=1, or where `setting` says so.
 */
export async function fixture(name: string, setting: Partial<Setting> = {}): Promise<Fixture> {
  const rows: readonly PluginRow[] = plugins;
  const row = rows.find((one) => one.name === name && one.kind === "fixture");
  if (row === undefined) fail("plugin-unknown", { name });
  const strict = process.env.CI === "true";
  const fetch = setting.fetch ?? (strict || process.env.GLOVEBOX_FETCH === "1");
  let built: Fixture;
  try {
    built = await build(row, { cache: setting.cache ?? cacheFolder(), fetch });
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    const reason = (stderr || message).trim();
    fail("plugin-not-compiled", { path: row.source, reason }, undefined, cause);
  }
  if ("missing" in built && strict) fail("fixture-not-built", { name, reason: built.missing });
  return built;
}

async function main(names: readonly string[]): Promise<void> {
  for (const name of names.length > 0 ? names : fixtureNames) {
    const began = performance.now();
    const built = await fixture(name, { fetch: true });
    const took = `${((performance.now() - began) / 1000).toFixed(1)} s`;
    process.stdout.write(
      "path" in built ? `${name} ${took} ${built.path}\n` : `${name} missing: ${built.missing}\n`,
    );
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${renderFailure(error)}\n`);
    process.exitCode = 5;
  }
}

// Where a real Envoy is on this machine: the one that was named, the one on the PATH, or one that a wheel of
// the registry brought into the cache. Starts it once, to ask for its version.
import { execFile } from "node:child_process";
import { access, constants, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { fail } from "../../errors/failure.ts";

const run = promisify(execFile);
type Env = Readonly<Record<string, string | undefined>>;

export interface FoundEnvoy {
  readonly path: string;
  /** e.g. "1.40.0". */
  readonly release: string;
}

const VERSION = /version: [0-9a-f]+\/(\d+\.\d+\.\d+)/;
/** Envoy tells its version in milliseconds; on a busy machine its pages must come first. */
const PATIENCE = 30_000;

async function releaseOf(path: string): Promise<string | { readonly problem: string }> {
  try {
    const { stdout } = await run(path, ["--version"], { timeout: PATIENCE });
    return VERSION.exec(stdout)?.[1] ?? { problem: "it does not say that it is an Envoy" };
  } catch (error) {
    return { problem: error instanceof Error ? error.message.split("\n")[0]! : String(error) };
  }
}

/** One listener with a module that is none: a build without V8 says something else of it than one with. */
function probe(): string {
  const code = { local: { inline_bytes: "AGFzbQEAAAA=" } };
  const address = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  const filter = {
    name: "envoy.filters.network.wasm",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm",
      config: { name: "probe", vm_config: { runtime: "envoy.wasm.runtime.v8", code } },
    },
  };
  const type = "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo";
  const last = { name: "envoy.filters.network.echo", typed_config: { "@type": type } };
  const listeners = [{ name: "probe", address, filter_chains: [{ filters: [filter, last] }] }];
  return JSON.stringify({ static_resources: { listeners } });
}

/** Some releases were built without any Wasm engine. */
async function runsWasm(path: string): Promise<boolean> {
  const args = ["--mode", "validate", "--log-level", "warning", "--config-yaml", probe()];
  const said = await run(path, args, { timeout: PATIENCE }).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: { stdout?: string; stderr?: string }) => `${error.stdout ?? ""}${error.stderr ?? ""}`,
  );
  return !/without support/.test(said);
}

async function runnable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** The same folder as the interop tests': `GLOVEBOX_CACHE`, or `~/.cache/glovebox`. */
export function cacheFolder(env: Env): string {
  return env.GLOVEBOX_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "glovebox");
}

/** Programs of installed wheels: `envoy-VERSION/envoy/_bin` and those of virtual environments. */
async function cached(env: Env): Promise<readonly string[]> {
  const cache = cacheFolder(env);
  const paths: string[] = [];
  for (const name of await namesIn(cache)) {
    if (name.startsWith("envoy-")) paths.push(join(cache, name, "envoy/_bin/envoy"));
    if (!name.startsWith("python-")) continue;
    const lib = join(cache, name, "lib");
    for (const version of await namesIn(lib)) {
      paths.push(join(lib, version, "site-packages/envoy/_bin/envoy"));
    }
  }
  return paths;
}

const numbers = (release: string): number =>
  release.split(".").reduce((sum, part) => sum * 1000 + Number(part), 0);

/** The newest that runs plugins. */
async function newest(paths: readonly string[]): Promise<FoundEnvoy | undefined> {
  const found: FoundEnvoy[] = [];
  for (const path of paths) {
    if (!(await runnable(path))) continue;
    const release = await releaseOf(path);
    if (typeof release === "string") found.push({ path, release });
  }
  found.sort((a, b) => numbers(b.release) - numbers(a.release));
  for (const one of found) if (await runsWasm(one.path)) return one;
  return undefined;
}

/** Throws `trial-bad-envoy` for a named program that is none, `trial-no-envoy` where there is none. */
export async function findEnvoy(named: string | undefined, env: Env): Promise<FoundEnvoy> {
  if (named !== undefined) {
    const release = await releaseOf(named);
    if (typeof release !== "string")
      fail("trial-bad-envoy", { path: named, reason: release.problem });
    const reason = "it was built without V8, so it runs no plugins";
    if (!(await runsWasm(named))) fail("trial-bad-envoy", { path: named, reason });
    return { path: named, release };
  }
  for (const folder of (env.PATH ?? "").split(delimiter).filter((one) => one !== "")) {
    // A name on the PATH may be the shim of a version manager that has nothing behind it.
    const found = await newest([join(folder, "envoy")]);
    if (found !== undefined) return found;
  }
  return (await newest(await cached(env))) ?? fail("trial-no-envoy", {});
}

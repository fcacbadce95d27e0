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

/** The newest that runs. */
async function newest(paths: readonly string[]): Promise<FoundEnvoy | undefined> {
  const found: FoundEnvoy[] = [];
  for (const path of paths) {
    if (!(await runnable(path))) continue;
    const release = await releaseOf(path);
    if (typeof release === "string") found.push({ path, release });
  }
  return found.sort((a, b) => numbers(b.release) - numbers(a.release))[0];
}

/** Throws `trial-bad-envoy` for a named program that is none, `trial-no-envoy` where there is none. */
export async function findEnvoy(named: string | undefined, env: Env): Promise<FoundEnvoy> {
  if (named !== undefined) {
    const release = await releaseOf(named);
    if (typeof release !== "string")
      fail("trial-bad-envoy", { path: named, reason: release.problem });
    return { path: named, release };
  }
  for (const folder of (env.PATH ?? "").split(delimiter).filter((one) => one !== "")) {
    // A name on the PATH may be the shim of a version manager that has nothing behind it.
    const found = await newest([join(folder, "envoy")]);
    if (found !== undefined) return found;
  }
  return (await newest(await cached(env))) ?? fail("trial-no-envoy", {});
}

// Where the cache of modules is and how large it may get, as the environment says; sizes as people write them.
import { homedir } from "node:os";
import { join } from "node:path";
import { fail } from "../errors/failure.ts";
import { MODULE_CACHE_BYTES } from "../spec/cache.ts";
import type { Io } from "./io.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Bytes of 500MB, 2GiB or 1048576. Throws `cache-size`. */
export function sizeOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = unit === undefined ? undefined : units[unit.toLowerCase()];
  if (factor === undefined) return fail("cache-size", { found: JSON.stringify(text.slice(0, 60)) });
  return Math.floor(Number(number) * factor);
}

/** `GLOVEBOX_MODULE_CACHE`, or a folder of the user's caches. The lab keeps what it hardened there too. */
export function moduleCacheFolder(env: Io["env"]): string {
  const given = env.GLOVEBOX_MODULE_CACHE;
  if (given) return given;
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "glovebox", "modules");
}

/** Bytes that the cache may have: `GLOVEBOX_MODULE_CACHE_SIZE`, or 2 GiB. */
export function moduleCacheSize(env: Io["env"]): number {
  const given = env.GLOVEBOX_MODULE_CACHE_SIZE;
  return given ? sizeOf(given) : MODULE_CACHE_BYTES;
}

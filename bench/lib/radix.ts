// The peer of the harden bench, built from bench/peers/radix at its locked versions into the cache.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isThere } from "./process.ts";

const manifest = fileURLToPath(new URL("../../../bench/peers/radix/Cargo.toml", import.meta.url));

/** The program's path, or why there is none. */
export function buildRadix(): { readonly program: string } | { readonly missing: string } {
  if (!isThere("cargo"))
    return { missing: "radix-wasm-instrument needs cargo, which is not on the PATH" };
  const cache = process.env.GLOVEBOX_CACHE;
  if (cache === undefined)
    return { missing: "GLOVEBOX_CACHE is not set: start with `npm run bench`" };
  const target = join(cache, "radix");
  const built = spawnSync(
    "cargo",
    ["build", "--release", "--locked", "--quiet", "--manifest-path", manifest],
    { encoding: "utf8", env: { ...process.env, CARGO_TARGET_DIR: target } },
  );
  if (built.status !== 0)
    return { missing: `cargo build failed: ${built.stderr.trim().split("\n").at(-1)}` };
  return { program: join(target, "release", "radix-bench") };
}

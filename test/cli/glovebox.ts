// A command in this process, with what it printed: no terminal, a clock that stands still, and of the environment
// nothing but a cache of modules that begins empty: what a user has pulled before is none of a test's.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";

const cache = join(tmpdir(), `glovebox-cli-cache-${process.pid}`);
process.on("exit", () => rmSync(cache, { recursive: true, force: true }));

/** Runs `glovebox ARGS`. */
export async function glovebox(...args: string[]) {
  let out = "";
  let err = "";
  const exit = await main(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    outTerminal: false,
    errTerminal: false,
    env: { GLOVEBOX_MODULE_CACHE: cache },
    now: () => 0,
  });
  return { exit, out, err };
}

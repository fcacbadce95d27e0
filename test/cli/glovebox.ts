// A command in this process, with what it printed: no terminal, no environment, a clock that stands still.
import { main } from "../../src/cli/main.ts";

/** Runs `glovebox ARGS`. */
export async function glovebox(...args: string[]) {
  let out = "";
  let err = "";
  const exit = await main(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    outTerminal: false,
    errTerminal: false,
    env: {},
    now: () => 0,
  });
  return { exit, out, err };
}

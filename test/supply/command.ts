// The command in this process, with an environment and a folder of its own for files.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-commands-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

export const file = (name: string): string => join(scratch, name);

export const PASSWORD = "a password of the tests";

/** Runs `glovebox ARGS`; the password is known unless the environment says otherwise. */
export async function command(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let out = "";
  let err = "";
  const exit = await main(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    outTerminal: false,
    errTerminal: false,
    env: { GLOVEBOX_KEY_PASSWORD: PASSWORD, GLOVEBOX_MODULE_CACHE: file("cache"), ...env },
    now: () => 0,
  });
  return { exit, out, err, said: `glovebox ${args.join(" ")}\n${out}${err}` };
}

/** The `result` of a command that ends with an exit code. */
// biome-ignore lint/suspicious/noExplicitAny: its shape is the command's
export async function resultOf(exit: number, ...args: readonly string[]): Promise<any> {
  const ran = await command([...args, "--json"]);
  if (ran.exit !== exit) throw new Error(`exit code ${ran.exit}, expected ${exit}: ${ran.said}`);
  return JSON.parse(ran.out).result;
}

// A key's password: from the environment, or asked for on a terminal without showing it. Never an argument, where other
// users of the machine and the shell's history would see it.
import { fail } from "../errors/failure.ts";
import type { Io } from "./io.ts";

const names = ["GLOVEBOX_KEY_PASSWORD", "COSIGN_PASSWORD"] as const;

const ENTER = /[\r\n]/;
const INTERRUPT = "\u0003";
const RUBOUT: readonly string[] = ["\u0008", "\u007f"];

/** Asks on the terminal; what is typed isn't shown. */
async function ask(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  try {
    let typed = "";
    for await (const chunk of stdin) {
      for (const mark of chunk as string) {
        if (ENTER.test(mark)) return typed;
        if (mark === INTERRUPT) process.kill(process.pid, "SIGINT");
        else if (RUBOUT.includes(mark)) typed = typed.slice(0, -1);
        else typed += mark;
      }
    }
    return typed;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}

/** The password of a key that is to be read, or (`twice`) made. Throws `key-password-missing`, `key-passwords-differ`. */
export async function passwordFor(
  file: string,
  io: Pick<Io, "env">,
  twice = false,
): Promise<string> {
  const name = names.find((one) => io.env[one] !== undefined);
  if (name !== undefined) return io.env[name]!;
  if (!process.stdin.isTTY) fail("key-password-missing", { file });
  const password = await ask(`Password of ${file}: `);
  if (twice && password !== (await ask("Again: "))) fail("key-passwords-differ");
  return password;
}

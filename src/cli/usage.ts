// Usage errors that only a command itself can see, in the same words as the parser's.
import { fail } from "../errors/failure.ts";
import type { CommandName } from "./commands.ts";

/** Ends the command with exit code 2 and one line. */
export function usage(command: CommandName, what: string): never {
  fail("cli-usage", { what, help: `glovebox ${command} --help` });
}

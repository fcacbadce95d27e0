// Texts of the command line; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const cliTexts = {
  "cli-usage": {
    text: "{what}",
    hint: "Run `glovebox {command} --help` for the arguments and examples",
    blame: "usage",
    exit: 2,
  },
  "internal-bug": {
    text: "unexpected {what}",
    hint: "This is a bug in Glovebox: please report it with the command and the file",
    blame: "glovebox",
    exit: 70,
  },
  "file-unreadable": {
    text: "cannot read {file}: {reason}",
    hint: "Check the path and its permissions",
    blame: "input",
    exit: 3,
  },
  "file-unwritable": {
    text: "cannot write {file}: {reason}",
    hint: "Check the folder and its permissions; nothing was written",
    blame: "environment",
    exit: 5,
  },
} as const satisfies Readonly<Record<string, Text>>;

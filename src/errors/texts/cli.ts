// Texts of the command line; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const cliTexts = {
  "cli-usage": {
    text: "{what}",
    hint: "Run `{help}` for the arguments and examples",
    blame: "usage",
    exit: 2,
  },
  "internal-bug": {
    text: "unexpected {what}",
    hint: "This is a bug in Glovebox: please report it with the command and the file; GLOVEBOX_DEBUG=1 adds the stack",
    blame: "glovebox",
    exit: 70,
  },
  "file-unreadable": {
    text: "cannot read {file}: {reason}",
    hint: "Check the path and its permissions",
    blame: "input",
    exit: 3,
  },
  "file-too-large": {
    text: "{file} is larger than {limit} bytes",
    hint: "Nothing that a proxy loads is this large: check that it is the right file",
    blame: "input",
    exit: 3,
  },
  "file-unwritable": {
    text: "cannot write {file}: {reason}",
    hint: "Check the folder and its permissions; nothing was written",
    blame: "environment",
    exit: 5,
  },
  "output-is-input": {
    text: "{file} is an input of this command: the original would be lost",
    hint: "Name another output file",
    blame: "usage",
    exit: 2,
  },
  "demo-needs-checkout": {
    text: "the demo's plugins are not here",
    hint: "They are built from source in a checkout of Glovebox: run `npm start` there",
    blame: "environment",
    exit: 5,
  },
  "code-unknown": {
    text: "there is no error or finding with the code {code}",
    hint: "{suggestion}",
    blame: "usage",
    exit: 2,
  },
} as const satisfies Readonly<Record<string, Text>>;

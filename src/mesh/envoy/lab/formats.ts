// Texts with Envoy's %COMMANDS% in them, of access logs and header edits: what Envoy refuses is an error, what the
// lab answers with nothing is a warning.
import { commandProblems, labCommands, splitCommand } from "../../../spec/log-commands.ts";
import { shortName } from "../read/check.ts";
import type { Picker } from "./picker.ts";

/** Reports what is wrong with a text that stands in a field of a message. */
export function checkFormat(picker: Picker, field: string, text: string): void {
  const { report } = picker;
  const at = picker.offset(field);
  const name = `${shortName(picker.type)}.${field}`;
  for (const { kind, text: command } of commandProblems(text)) {
    const args = { field: name, command };
    switch (kind) {
      case "stray":
        report.add("envoy-stray-percent", "error", at, args);
        break;
      case "argument":
        report.add("envoy-command-argument", "error", at, args);
        break;
      case "unanswered":
        report.add("lab-empty-command", "warning", at, args);
        break;
      case "unknown": {
        const word = splitCommand(command.slice(1, -1))?.name ?? command;
        const suggestion = report.suggest(
          word,
          () => labCommands,
          "Envoy's documentation of access logs has a list of them",
        );
        report.add("envoy-unknown-command", "error", at, { ...args, suggestion });
      }
    }
  }
}

// docs/reference/cli.md and errors.md as text, from the command table and the error catalogue. A test
// compares the committed pages with these; BLESS=1 writes them.
import { catalogue, textOf } from "../errors/catalogue.ts";
import { exitCodes, type FlagRow } from "./command-row.ts";
import { commandNames, commandRow, commonFlags } from "./commands.ts";
import { exitsOf } from "./parse.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function spelled(flag: FlagRow): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const choices = flag.choices === undefined ? flag.value : flag.choices.join("|");
  return `\`${short}--${flag.name}${flag.value === undefined ? "" : ` ${choices}`}\``;
}

/** docs/reference/cli.md */
export function cliPage(): string {
  const parts = [
    "# The command line",
    "Generated from the command table (`src/cli/commands.ts`); don't edit. Every command has `--help` and `--json`, which prints one document: `{ command, exit, result }`, or `{ command, exit, error }`.",
    table(
      ["Command", "What it does"],
      commandNames.map((name) => [`\`${name}\``, commandRow(name).summary]),
    ),
    "## Exit codes",
    table(
      ["Code", "Meaning"],
      Object.entries(exitCodes).map(([code, meaning]) => [code, meaning]),
    ),
  ];
  for (const name of commandNames) {
    const row = commandRow(name);
    const args = row.args
      .map(({ name: one, many, required }) => [one + (many ? "..." : ""), required] as const)
      .map(([shown, required]) => (required ? ` <${shown}>` : ` [${shown}]`))
      .join("");
    parts.push(
      `## ${name}`,
      `\`glovebox ${name}${args} [options]\`: ${row.summary}${row.summary.endsWith("?") ? "" : "."}`,
    );
    if (row.detail !== undefined) parts.push(row.detail);
    const flags = [...row.flags, ...commonFlags] as readonly FlagRow[];
    parts.push(
      table(
        ["Argument or option", "Meaning"],
        [
          ...row.args.map((arg) => [`\`${arg.name}\``, arg.summary]),
          ...flags.map((flag) => [
            spelled(flag),
            flag.summary + (flag.required ? " (required)" : ""),
          ]),
        ],
      ),
      `Exit codes: ${exitsOf(name).join(", ")}.`,
      `\`\`\`sh\n${row.examples.map((example) => `# ${example.does}\n${example.line}`).join("\n\n")}\n\`\`\``,
    );
  }
  return `${parts.join("\n\n")}\n`;
}

/** docs/reference/errors.md */
export function errorsPage(): string {
  const parts = [
    "# Errors and findings",
    "Generated from the error catalogue (`src/errors/texts`); don't edit. A code, once released, keeps its meaning. `glovebox explain CODE` prints one of these.",
  ];
  for (const code of Object.keys(catalogue).sort()) {
    const row = textOf(code as keyof typeof catalogue);
    parts.push(
      `## ${code}`,
      `${row.text}.`,
      `${row.hint}.`.replace(/\?\.$/, "?"),
      `Exit code ${row.exit}.`,
    );
  }
  return `${parts.join("\n\n")}\n`;
}

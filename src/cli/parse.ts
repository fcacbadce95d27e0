// The command table → a parser. Knows commander and the table, loads no engine; `act` is called with the
// command's name and what was given to it. Wrong usage comes out as one line and a command to ask for help.
import { Argument, Command, CommanderError, Option } from "commander";
import { type ExampleRow, type Exit, exitCodes, type FlagRow } from "./command-row.ts";
import { type CommandName, commandNames, commandRow, commonFlags, groups } from "./commands.ts";

export interface Given {
  readonly args: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

export type Act = (name: CommandName, given: Given) => Promise<void>;

export type Parsed =
  | { readonly kind: "ran" }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "usage"; readonly what: string; readonly command: readonly string[] };

function optionOf(flag: FlagRow): Option {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const value = flag.value === undefined ? "" : ` <${flag.value}>`;
  const option = new Option(`${short}--${flag.name}${value}`, flag.summary);
  if (flag.choices !== undefined) option.choices([...flag.choices]);
  if (flag.many) {
    option.argParser((given: string, before: readonly string[] = []) => [...before, given]);
  }
  if (flag.required) option.makeOptionMandatory();
  return option;
}

function examplesText(examples: readonly ExampleRow[]): string {
  const lines = examples.map((example) => `  ${example.line}\n      ${example.does}`);
  return `\nExamples:\n${lines.join("\n")}`;
}

/** The codes of one command, for its help and its reference page. */
export function exitsOf(name: CommandName): readonly Exit[] {
  const own = commandRow(name).exits;
  return ([0, 1, 2, 3, 4, 5, 70] as const).filter(
    (code) => code === 0 || code === 2 || code === 70 || own.includes(code),
  );
}

function build(name: CommandName, parent: Command, act: Act): void {
  const row = commandRow(name);
  const command = parent
    .command(name.split(" ").at(-1)!)
    .description(row.detail === undefined ? row.summary : `${row.summary}\n\n${row.detail}`)
    .summary(row.summary);
  for (const arg of row.args) {
    const shown = arg.many ? `${arg.name}...` : arg.name;
    command.addArgument(new Argument(arg.required ? `<${shown}>` : `[${shown}]`, arg.summary));
  }
  for (const flag of [...row.flags, ...commonFlags]) command.addOption(optionOf(flag));
  command.addHelpText("after", examplesText(row.examples));
  const exits = exitsOf(name).map((code) => `  ${String(code).padEnd(4)}${exitCodes[code]}`);
  command.addHelpText("after", `\nExit codes:\n${exits.join("\n")}`);
  command.action(async (...given: unknown[]) => {
    const values = given.slice(0, row.args.length) as (string | string[] | undefined)[];
    const args = Object.fromEntries(row.args.map((arg, at) => [arg.name, values[at]]));
    const all = [...row.flags, ...commonFlags] as readonly FlagRow[];
    const flags = Object.fromEntries(
      all.map((flag) => [flag.name, command.opts()[optionOf(flag).attributeName()]]),
    );
    await act(name, { args, flags });
  });
}

function buildProgram(version: () => string, act: Act): Command {
  const program = new Command("glovebox")
    .description(
      "Run third-party proxy-wasm plugins in Envoy and Istio with limits that really hold.",
    )
    .helpCommand(false)
    // Options after a command are the command's own: one has a --version of another thing.
    .enablePositionalOptions()
    .option("-V, --version", "print the version");
  program.on("option:version", () => {
    throw new CommanderError(0, "glovebox.version", version());
  });
  const parents = new Map<string, Command>();
  for (const [group, summary] of Object.entries(groups)) {
    parents.set(group, new Command(group).description(summary).helpCommand(false));
  }
  for (const name of commandNames) {
    const words = name.split(" ");
    const group = words.length === 2 ? parents.get(words[0]!) : undefined;
    if (group !== undefined && group.parent === null) program.addCommand(group);
    build(name, group ?? program, act);
  }
  program.addHelpText(
    "after",
    "\n`glovebox COMMAND --help` shows arguments, examples and exit codes.",
  );
  return program;
}

/** Commander's own sentence, as one line without its prefix and full stop. */
function oneLine(message: string): string {
  return message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/\(Did you mean (.*)\?\)$/, "(did you mean $1?)")
    .trim()
    .replace(/\.$/, "");
}

function* withChildren(command: Command): Generator<Command> {
  yield command;
  for (const child of command.commands) yield* withChildren(child);
}

/** A flag that takes a value or none: alone it means its preset, so that it never takes an argument for its value. */
function withPresets(argv: readonly string[]): string[] {
  const presets = new Map<string, string>();
  for (const name of commandNames) {
    for (const flag of commandRow(name).flags) {
      if (flag.preset !== undefined) presets.set(`--${flag.name}`, `--${flag.name}=${flag.preset}`);
    }
  }
  return argv.map((word) => presets.get(word) ?? word);
}

/** Parses `argv` (without node and the script) and calls `act`, or says what to print instead. */
export async function parse(
  argv: readonly string[],
  version: () => string,
  act: Act,
): Promise<Parsed> {
  const program = buildProgram(version, act);
  let help = "";
  let asked = program;
  for (const command of withChildren(program)) {
    command.exitOverride();
    command.configureOutput({ writeOut: (text) => (help += text), writeErr: () => {} });
    command.hook("preSubcommand", (_parent, child) => void (asked = child));
  }
  try {
    if (argv.length === 0) return { kind: "help", text: program.helpInformation() };
    await program.parseAsync(withPresets(argv), { from: "user" });
    return { kind: "ran" };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return { kind: "help", text: help };
    if (error.code === "glovebox.version") return { kind: "help", text: `${error.message}\n` };
    const path: string[] = [];
    for (let at: Command | null = asked; at?.parent; at = at.parent) path.unshift(at.name());
    if (error.code === "commander.help") {
      return { kind: "usage", what: "a command is missing", command: path };
    }
    return { kind: "usage", what: oneLine(error.message), command: path };
  }
}

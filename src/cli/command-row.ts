// The shape of a row in the command table, and the types that follow from one: what a command's function
// is given is read off its row, so a flag that isn't declared doesn't compile.

/** Every exit code that a command can end with; signals give 128 + their number. */
export const exitCodes = {
  0: "fine",
  1: "findings: not contained, or a promise not held",
  2: "usage: the command line is wrong",
  3: "the input was refused or can't be read",
  4: "a remote party failed",
  5: "the environment is at fault: a missing program, a port in use, a permission",
  70: "a bug in Glovebox",
  130: "interrupted (SIGINT)",
  143: "terminated (SIGTERM)",
} as const;

export type Exit = keyof typeof exitCodes;

export interface ArgRow {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  /** As many as are given; of the last argument only. */
  readonly many?: true;
}

export interface FlagRow {
  /** Long name without dashes, kebab-case. */
  readonly name: string;
  readonly short?: string;
  /** Placeholder of the value; a flag without one is a switch. */
  readonly value?: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  readonly required?: true;
  /** May be given several times. */
  readonly many?: true;
  /** The value of the flag alone; another one has to follow a `=`. */
  readonly preset?: string;
}

export interface ExampleRow {
  readonly line: string;
  readonly does: string;
}

export interface CommandRow {
  readonly summary: string;
  /** More than the summary, for the command's own help. */
  readonly detail?: string;
  readonly args: readonly ArgRow[];
  readonly flags: readonly FlagRow[];
  readonly examples: readonly ExampleRow[];
  /** Codes besides 0, 2 and 70, which every command has. */
  readonly exits: readonly Exit[];
}

type ArgsOf<Row extends CommandRow> = {
  readonly [A in Row["args"][number] as A["name"]]: A extends { readonly many: true }
    ? readonly string[]
    : A["required"] extends true
      ? string
      : string | undefined;
};

type ValueOf<F extends FlagRow> = F extends { readonly many: true }
  ? readonly string[]
  : F extends { readonly value: string }
    ? F extends { readonly choices: readonly (infer Choice extends string)[] }
      ? Choice
      : string
    : boolean;

type FlagsOf<Row extends CommandRow> = {
  readonly [F in Row["flags"][number] as F["name"]]: F extends { readonly required: true }
    ? ValueOf<F>
    : ValueOf<F> | undefined;
};

export interface Input<Row extends CommandRow> {
  readonly args: ArgsOf<Row>;
  readonly flags: FlagsOf<Row>;
}

/** What a command ends with. The frame prints `text()` or, with --json, `result` in an envelope. */
export interface Outcome {
  readonly exit: Exit;
  /** JSON-able; its shape is covered by the SemVer rule. */
  readonly result: object;
  /** What a person reads; ends with a line feed. */
  readonly text: () => string;
}

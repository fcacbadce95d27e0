// `glovebox explain CODE`: what one row of the error catalogue means, and where to read on.
import { type Code, catalogue, textOf } from "../errors/catalogue.ts";
import { fail } from "../errors/failure.ts";
import { closest } from "../util/closest.ts";
import { exitCodes, type Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";

const blames = {
  input: "the input (the file that was given)",
  usage: "the command line or the policy",
  environment: "the machine it runs on",
  remote: "a remote party",
  glovebox: "Glovebox itself",
} as const;

const repairs = {
  safe: "`glovebox lint --fix`",
  unsafe: "`glovebox lint --fix=unsafe`: the meaning changes",
  none: "by hand",
} as const;

/** What the linter says of a code that is one of its rules. */
async function ruleOf(code: string) {
  const { rules } = await import("../mesh/lint/rules.ts");
  const rule = rules.find((one) => one.id === code);
  if (rule === undefined) return undefined;
  const { summary, looksAt, level, fix } = rule;
  return { summary, looksAt, level, fix };
}

export async function run({ args }: InputOf<"explain">, { styles }: Io): Promise<Outcome> {
  const { code } = args;
  if (!Object.hasOwn(catalogue, code)) {
    const near = closest(code, Object.keys(catalogue));
    const suggestion =
      near === undefined ? "docs/reference/errors.md lists them all" : `Did you mean ${near}?`;
    fail("code-unknown", { code, suggestion });
  }
  const row = textOf(code as Code);
  const rule = await ruleOf(code);
  const docs = rule === undefined ? `docs/reference/errors.md#${code}` : `docs/rules/${code}.md`;
  return {
    exit: 0,
    result: { code, ...row, docs, ...(rule === undefined ? {} : { rule }) },
    text: () =>
      [
        styles.bold(code),
        `  ${row.text}`,
        "",
        `What to do     ${row.hint}`,
        `Who is to act  ${blames[row.blame]}`,
        `Exit code      ${row.exit} (${exitCodes[row.exit]})`,
        ...(rule === undefined
          ? []
          : [
              `Rule           ${rule.summary}`,
              `Looks at       ${rule.looksAt}`,
              `Level          ${rule.level}`,
              `Repair         ${repairs[rule.fix ?? "none"]}`,
              `Suppress it    # glovebox-ignore ${code}: REASON`,
            ]),
        `Documentation  ${docs}`,
        "",
      ].join("\n"),
  };
}

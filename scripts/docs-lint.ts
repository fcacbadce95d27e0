// docs/rules/README.md: the linter's rules in one table, from the rules themselves.
import { rules } from "../src/mesh/lint/rules.ts";

const repairs = { safe: "`--fix`", unsafe: "`--fix=unsafe`", none: "" } as const;

export function rulesPage(): string {
  const rows = rules.map(
    ({ id, level, looksAt, fix, summary }) =>
      `| [${id}](${id}.md) | ${level} | ${looksAt} | ${summary} | ${repairs[fix ?? "none"]} |`,
  );
  return `# Rules of \`glovebox lint\`

Generated from the rules (\`src/mesh/lint/rules\`); don't edit. Each page says why, and shows what is reported and what
isn't: its blocks are the rule's tests. [The guide](../guide/lint.md) says how to run them.

| Rule | Level | Looks at | What it reports | Repair |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

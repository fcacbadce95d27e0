// Workflow commands of GitHub's: each finding becomes an annotation of its line.
import type { LintFinding } from "../findings.ts";
import { visible } from "./visible.ts";

const words = { error: "error", warning: "warning", info: "notice" } as const;

/** What ends a command's text has to be written otherwise, and nothing of a stranger's moves a terminal. */
const data = (text: string): string => visible(text).replaceAll("%", "%25");

const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

export function github(findings: readonly LintFinding[]): string {
  return findings
    .map(({ level, file, line, column, length, code, message, hint }) => {
      const place = `file=${property(file.name)},line=${line},col=${column},endColumn=${column + length}`;
      return `::${words[level]} ${place},title=${property(code)}::${data(`${message}. ${hint}`)}\n`;
    })
    .join("");
}

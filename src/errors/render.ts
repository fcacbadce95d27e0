// Renders failures and findings for people (one line each, hint after it) and for `--json`.
import type { Failure, Finding } from "./failure.ts";
import { showWhere } from "./where.ts";

/** One line of visible text: names out of a module or a document may hold escapes that a terminal obeys. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");
}

/** `error[code]: message (where). hint` on one line, no stack. */
export function renderFailure(failure: Failure): string {
  const place = failure.where === undefined ? "" : ` (${showWhere(failure.where)})`;
  return oneLine(`error[${failure.code}]: ${failure.message}${place}. ${failure.hint}`);
}

/** `level[code]: message (where). hint` on one line. */
export function renderFinding(finding: Finding): string {
  const place = finding.where === undefined ? "" : ` (${showWhere(finding.where)})`;
  return oneLine(`${finding.level}[${finding.code}]: ${finding.message}${place}. ${finding.hint}`);
}

/** The JSON form of a failure; the shape is covered by the SemVer rule. */
export function failureJson(failure: Failure): object {
  return {
    code: failure.code,
    message: failure.message,
    where: failure.where ?? null,
    hint: failure.hint,
  };
}

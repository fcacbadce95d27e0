// A baseline: what a project's manifests earned when the linter came, so that only what is new is said. A finding is
// known again by its rule, its file, its words and the text of its line, so that lines may move.
import { createHash } from "node:crypto";
import { fail } from "../../errors/failure.ts";
import type { LintFinding } from "./findings.ts";

const FORMAT = "glovebox-lint-baseline/1";

interface BaselineFile {
  readonly format: string;
  readonly findings: Readonly<Record<string, number>>;
}

function lineOf({ file, line }: LintFinding): string {
  const from = file.source.lineStarts[line - 1] ?? 0;
  return file.text.slice(from, file.source.lineStarts[line] ?? file.text.length).trim();
}

/** What a finding is known by, whatever line it stands in. */
export function fingerprint(found: LintFinding): string {
  const parts = [found.code, found.file.name.replaceAll("\\", "/"), found.message, lineOf(found)];
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 32);
}

/** The baseline of these findings, as JSON text; the same findings give the same text. */
export function writeBaseline(findings: readonly LintFinding[]): string {
  const counts = new Map<string, number>();
  for (const found of findings) {
    const key = `${found.code}:${fingerprint(found)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ format: FORMAT, findings: Object.fromEntries(sorted) }, null, 2)}\n`;
}

/** Reads one; throws `baseline-unreadable`. */
export function readBaseline(text: string, file: string): ReadonlyMap<string, number> {
  const refuse = (reason: string): never =>
    fail("baseline-unreadable", { reason }, { at: "file", file });
  let json: BaselineFile;
  try {
    json = JSON.parse(text) as BaselineFile;
  } catch {
    return refuse("it is no JSON");
  }
  if (json?.format !== FORMAT) return refuse(`its format isn't ${FORMAT}`);
  const entries = Object.entries(json.findings ?? {});
  if (!entries.every(([, count]) => Number.isSafeInteger(count)))
    return refuse("a count is no number");
  return new Map(entries);
}

/** What isn't in the baseline: of each kind, as many as came on top. */
export function beyond(
  findings: readonly LintFinding[],
  baseline: ReadonlyMap<string, number>,
): readonly LintFinding[] {
  const left = new Map(baseline);
  return findings.filter((found) => {
    const key = `${found.code}:${fingerprint(found)}`;
    const count = left.get(key) ?? 0;
    if (count === 0) return true;
    left.set(key, count - 1);
    return false;
  });
}

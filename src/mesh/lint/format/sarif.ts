// SARIF 2.1.0, the form that code hosts take findings in. Every rule that found something is described; a finding that
// has a repair carries it.
import { textOf } from "../../../errors/catalogue.ts";
import { position } from "../../envoy/read/tree.ts";
import { fingerprint } from "../baseline.ts";
import type { LintFinding } from "../findings.ts";
import type { Rule } from "../rule.ts";

const levels = { error: "error", warning: "warning", info: "note" } as const;

/** A path as a URI of SARIF's. */
const uri = (name: string): string =>
  name === "-" ? "stdin" : name.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");

function region(found: LintFinding): object {
  const { line, column, length } = found;
  return { startLine: line, startColumn: column, endColumn: column + length };
}

function fixes({ fix, file, hint }: LintFinding): object {
  if (fix === null) return {};
  const replacements = fix.edits.map(({ from, to, text }) => {
    const start = position(file.source, from);
    const end = position(file.source, to);
    return {
      deletedRegion: {
        startLine: start.line,
        startColumn: start.column,
        endLine: end.line,
        endColumn: end.column,
      },
      insertedContent: { text },
    };
  });
  const artifactLocation = { uri: uri(file.name) };
  return {
    fixes: [{ description: { text: hint }, artifactChanges: [{ artifactLocation, replacements }] }],
  };
}

/** The document, as JSON text. */
export function sarif(
  findings: readonly LintFinding[],
  rules: readonly Rule[],
  version: string,
): string {
  const used = [...new Set(findings.map((one) => one.code))];
  const described = used.map((id) => {
    const rule = rules.find((one) => one.id === id);
    return {
      id,
      shortDescription: { text: rule?.summary ?? textOf(id).text },
      help: { text: textOf(id).hint },
      ...(rule === undefined ? {} : { defaultConfiguration: { level: levels[rule.level] } }),
    };
  });
  const results = findings.map((found) => ({
    ruleId: found.code,
    ruleIndex: used.indexOf(found.code),
    level: levels[found.level],
    message: { text: `${found.message}. ${found.hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uri(found.file.name) },
          region: region(found),
        },
      },
    ],
    partialFingerprints: { "gloveboxLint/v1": fingerprint(found) },
    ...fixes(found),
  }));
  const document = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "glovebox", version, rules: described } },
        columnKind: "utf16CodeUnits",
        results,
      },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

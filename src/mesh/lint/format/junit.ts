// JUnit's XML, as build servers read it: a suite a file, a case a finding; a file with none is one case that passes.
import type { LintFinding } from "../findings.ts";
import { visible } from "./visible.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

const xml = (text: string): string => visible(text).replace(/[&<>"']/g, (one) => entities[one]!);

function caseOf(found: LintFinding): string {
  const { code, line, column, message, hint, level } = found;
  const head = `    <testcase name="${xml(`${code} ${line}:${column}`)}" classname="${xml(found.file.name)}"`;
  // Notes are said and don't fail a build.
  if (level === "info")
    return `${head}><system-out>${xml(`${message}. ${hint}`)}</system-out></testcase>`;
  return `${head}><failure type="${xml(code)}" message="${xml(message)}">${xml(hint)}</failure></testcase>`;
}

/** The document; `files` names every file that was looked at. */
export function junit(findings: readonly LintFinding[], files: readonly string[]): string {
  const suites = files.map((name) => {
    const own = findings.filter((one) => one.file.name === name);
    const failures = own.filter((one) => one.level !== "info").length;
    const cases =
      own.length === 0 ? [`    <testcase name="lint" classname="${xml(name)}"/>`] : own.map(caseOf);
    const head = `  <testsuite name="${xml(name)}" tests="${cases.length}" failures="${failures}">`;
    return [head, ...cases, "  </testsuite>"].join("\n");
  });
  const failed = findings.filter((one) => one.level !== "info").length;
  const head = `<testsuites name="glovebox lint" failures="${failed}">`;
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...suites, "</testsuites>", ""].join(
    "\n",
  );
}

// `glovebox lint FILES`: what is wrong with the configuration of plugins, in every dialect, and with --fix its repair.
// A file is written only where all of its repairs hold together.
import { readFileSync } from "node:fs";
import { beyond, readBaseline, writeBaseline } from "../mesh/lint/baseline.ts";
import { unifiedDiff } from "../mesh/lint/diff.ts";
import { type LintFinding, lintFinding } from "../mesh/lint/findings.ts";
import { summaryOf, textOf } from "../mesh/lint/format/frame.ts";
import { type LintResult, lint } from "../mesh/lint/lint.ts";
import type { Context, Safety } from "../mesh/lint/rule.ts";
import { rules } from "../mesh/lint/rules.ts";
import type { Summary } from "../mesh/lint/summary.ts";
import { parseTargets } from "../mesh/lint/targets.ts";
import type { FileRead } from "../mesh/read/read-file.ts";
import { version } from "../util/version.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { type Manifests, readManifests } from "./manifests.ts";
import { writeOutput } from "./output.ts";
import { readText } from "./ref.ts";
import { usage } from "./usage.ts";

type Flags = InputOf<"lint">["flags"];

interface Repairs {
  readonly reads: readonly FileRead[];
  readonly problems: readonly LintFinding[];
  readonly diff: string;
  readonly count: number;
}

async function contextOf(manifests: Manifests, flags: Flags, io: Io): Promise<Context> {
  const targets = parseTargets(flags.target);
  let policy: Context["policy"] = null;
  if (flags.policy !== undefined) {
    const { policyFrom } = await import("./policy-source.ts");
    policy = await policyFrom("lint", { policy: flags.policy, role: undefined }, io);
  }
  const uses = manifests.reads.flatMap((read) => read.documents).flatMap((one) => one.uses);
  const local = uses.some((use) => use.code?.kind === "file");
  if (flags.modules === undefined && !local) return { targets, policy, module: () => null };
  const { modulesFor } = await import("./lint-modules.ts");
  return { targets, policy, module: await modulesFor(uses, flags.modules, policy) };
}

async function repairAll(
  manifests: Manifests,
  context: Context,
  safety: Safety,
  known: ReadonlyMap<string, number>,
  dryRun: boolean,
): Promise<Repairs> {
  const { repair } = await import("../mesh/lint/repair.ts");
  const { readFileText } = await import("../mesh/read/read-file.ts");
  const reads: FileRead[] = [];
  const problems: LintFinding[] = [];
  let diff = "";
  let count = 0;
  for (const read of manifests.reads) {
    const { name, text } = read.file;
    if (name === "-" && !dryRun) usage("lint", "--fix can't write standard input: add --dry-run");
    const options = { partial: manifests.isPatch(name) };
    const wanted = (findings: readonly LintFinding[]) => beyond(findings, known);
    const repaired = repair(read, context, { safety, read: options, wanted });
    if (repaired.problem !== null) {
      const args = { count: "the", reason: repaired.problem };
      problems.push(lintFinding(read.file, "fix-not-applied", "error", 0, args, undefined));
    }
    if (repaired.text === text) {
      reads.push(read);
      continue;
    }
    count += repaired.count;
    diff += unifiedDiff(name, text, repaired.text);
    const bom =
      readFileSync(name === "-" ? "/dev/null" : name)
        .subarray(0, 3)
        .toString() === "\uFEFF";
    if (!dryRun) await writeOutput(name, bom ? `\uFEFF${repaired.text}` : repaired.text);
    reads.push(dryRun ? read : readFileText(name, repaired.text, options));
  }
  return { reads, problems, diff, count };
}

function summarise(
  manifests: Manifests,
  result: LintResult,
  shown: readonly LintFinding[],
): Summary {
  const documents = manifests.reads.flatMap((read) => read.documents);
  const of = (level: string) => shown.filter((one) => one.level === level).length;
  return {
    files: manifests.files.length,
    documents: documents.length,
    skipped: manifests.skipped,
    plugins: documents.reduce((sum, one) => sum + one.uses.length, 0),
    errors: of("error"),
    warnings: of("warning"),
    infos: of("info"),
    suppressed: result.suppressed,
    baseline: result.findings.length - shown.length,
  };
}

function plain(found: LintFinding): object {
  const { code, level, message, hint, file, line, column, length, fix } = found;
  const endColumn = column + length;
  const repair = fix === null ? null : fix.safety;
  return {
    rule: code,
    level,
    message,
    hint,
    file: file.name,
    line,
    column,
    endColumn,
    fix: repair,
  };
}

async function rendered(
  format: Exclude<Flags["format"], undefined>,
  findings: readonly LintFinding[],
  result: object,
  manifests: Manifests,
): Promise<string> {
  switch (format) {
    case "sarif": {
      const { sarif } = await import("../mesh/lint/format/sarif.ts");
      return sarif(findings, rules, version());
    }
    case "junit": {
      const { junit } = await import("../mesh/lint/format/junit.ts");
      return junit(findings, manifests.files);
    }
    case "github": {
      const { github } = await import("../mesh/lint/format/github.ts");
      return github(findings);
    }
    default:
      return `${JSON.stringify(result, null, 2)}\n`;
  }
}

export async function run({ args, flags }: InputOf<"lint">, io: Io): Promise<Outcome> {
  const manifests = readManifests(args.files, () => readFileSync(0));
  const context = await contextOf(manifests, flags, io);
  const known =
    flags.baseline === undefined
      ? new Map<string, number>()
      : readBaseline(await readText(flags.baseline, 1 << 26), flags.baseline);
  const dryRun = flags["dry-run"] === true;
  if (dryRun && flags.fix === undefined)
    usage("lint", "--dry-run shows what --fix would do: add --fix");
  const repairs =
    flags.fix === undefined
      ? { reads: manifests.reads, problems: [], diff: "", count: 0 }
      : await repairAll(manifests, context, flags.fix, known, dryRun);
  const result = lint(repairs.reads, context);
  const findings = [...repairs.problems, ...beyond(result.findings, known)];
  const baseline = flags["write-baseline"];
  if (baseline !== undefined) await writeOutput(baseline, writeBaseline(result.findings));
  const summary = summarise(manifests, result, findings);
  const json = {
    summary,
    findings: findings.map(plain),
    repaired: repairs.count,
    diff: repairs.diff,
  };
  const format = flags.format ?? "text";
  const text = format === "text" ? "" : await rendered(format, findings, json, manifests);
  return {
    exit: summary.errors + summary.warnings > 0 && baseline === undefined ? 1 : 0,
    result: json,
    text: () => (format === "text" ? forPeople(findings, summary, repairs, dryRun, io) : text),
  };
}

function forPeople(
  findings: readonly LintFinding[],
  summary: Summary,
  { diff, count }: Pick<Repairs, "diff" | "count">,
  dryRun: boolean,
  { styles }: Io,
): string {
  if (dryRun) return `${diff}${count === 0 ? "nothing to repair\n" : ""}`;
  const repaired = count === 0 ? "" : `${count} repaired\n`;
  return `${findings.map((one) => `${textOf(one, styles)}\n`).join("")}${repaired}${summaryOf(summary, styles)}`;
}

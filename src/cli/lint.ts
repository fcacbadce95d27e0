// `glovebox lint FILES`: what is wrong with the configuration of plugins, in every dialect, and with --fix its repair.
// A file is written only where all of its repairs hold together.
import { readFileSync } from "node:fs";
import { beyond, readBaseline, writeBaseline } from "../mesh/lint/baseline.ts";
import { unifiedDiff } from "../mesh/lint/diff.ts";
import { type LintFinding, lintFinding } from "../mesh/lint/findings.ts";
import { summaryOf, textOf } from "../mesh/lint/format/frame.ts";
import { type Linter, type LintResult, newLinter } from "../mesh/lint/lint.ts";
import type { Context } from "../mesh/lint/rule.ts";
import { rules } from "../mesh/lint/rules.ts";
import type { Summary } from "../mesh/lint/summary.ts";
import { parseTargets } from "../mesh/lint/targets.ts";
import { type FileRead, readFileText } from "../mesh/read/read-file.ts";
import { version } from "../util/version.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { eachManifest, isPatch, readStandardInput } from "./manifests.ts";
import { writeOutput } from "./output.ts";
import { lazyModules } from "./plugin-modules.ts";
import { readText } from "./ref.ts";
import { usage } from "./usage.ts";

type Flags = InputOf<"lint">["flags"];

/** What a run adds up to. */
interface Run {
  readonly context: Context;
  readonly linter: Linter;
  /** Findings that are known. */
  readonly known: ReadonlyMap<string, number>;
  readonly problems: LintFinding[];
  readonly files: string[];
  skipped: number;
  documents: number;
  plugins: number;
  diff: string;
  repaired: number;
}

async function policyOf(flags: Flags, io: Io): Promise<Context["policy"]> {
  if (flags.policy === undefined) return null;
  const { policyFrom } = await import("./policy-source.ts");
  return policyFrom("lint", { policy: flags.policy, role: undefined }, io);
}

/** Repairs a file and answers what stands in it then; with --dry-run what stood in it before. */
async function repairOne(read: FileRead, run: Run, flags: Flags): Promise<FileRead> {
  const { repair } = await import("../mesh/lint/repair.ts");
  const { name, text } = read.file;
  const dryRun = flags["dry-run"] === true;
  if (name === "-" && !dryRun) usage("lint", "--fix can't write standard input: add --dry-run");
  const options = { partial: isPatch(name) };
  const wanted = (findings: readonly LintFinding[]) => beyond(findings, run.known);
  const done = repair(read, run.context, { safety: flags.fix!, read: options, wanted });
  if (done.problem !== null) {
    const args = { reason: done.problem };
    run.problems.push(lintFinding(read.file, "fix-not-applied", "error", 0, args, undefined));
  }
  if (done.text === text) return read;
  run.repaired += done.count;
  run.diff += unifiedDiff(name, text, done.text);
  if (dryRun) return read;
  const mark = readFileSync(name).subarray(0, 3).toString() === "\uFEFF" ? "\uFEFF" : "";
  await writeOutput(name, mark + done.text);
  return readFileText(name, done.text, options);
}

async function lintAll(names: readonly string[], flags: Flags, io: Io): Promise<Run> {
  const policy = await policyOf(flags, io);
  const modules = lazyModules(flags, policy, io);
  const context = { targets: parseTargets(flags.target), policy, module: modules.of };
  const known =
    flags.baseline === undefined
      ? new Map<string, number>()
      : readBaseline(await readText(flags.baseline, 1 << 26), flags.baseline);
  const sums = { skipped: 0, documents: 0, plugins: 0, diff: "", repaired: 0 };
  const run: Run = {
    ...{ context, known, linter: newLinter(context), problems: [], files: [] },
    ...sums,
  };
  try {
    for (const { name, read } of eachManifest(names, readStandardInput)) {
      run.files.push(name);
      run.skipped += read?.skipped ?? 1;
      if (read === undefined || read.documents.length + read.problems.length === 0) continue;
      await modules.prepare(read.documents.flatMap((one) => one.uses));
      for (const { use, reason } of modules.takeUnread()) {
        const { at } = use.code?.url ?? use;
        run.problems.push(
          lintFinding(use.document.file, "fetch-failed", "warning", at, { reason }, undefined),
        );
      }
      const current = flags.fix === undefined ? read : await repairOne(read, run, flags);
      run.documents += current.documents.length;
      for (const { uses } of current.documents) run.plugins += uses.length;
      run.linter.add(current);
    }
  } finally {
    modules.close();
  }
  return run;
}

function summarise(run: Run, result: LintResult, shown: readonly LintFinding[]): Summary {
  const of = (level: string) => shown.filter((one) => one.level === level).length;
  return {
    files: run.files.length,
    documents: run.documents,
    skipped: run.skipped,
    plugins: run.plugins,
    errors: of("error"),
    warnings: of("warning"),
    infos: of("info"),
    suppressed: result.suppressed,
    baseline: result.findings.length - (shown.length - run.problems.length),
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
  files: readonly string[],
): Promise<string> {
  switch (format) {
    case "sarif": {
      const { sarif } = await import("../mesh/lint/format/sarif.ts");
      return sarif(findings, rules, version());
    }
    case "junit": {
      const { junit } = await import("../mesh/lint/format/junit.ts");
      return junit(findings, files);
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
  const dryRun = flags["dry-run"] === true;
  if (dryRun && flags.fix === undefined) {
    usage("lint", "--dry-run shows what --fix would do: add --fix");
  }
  const done = await lintAll(args.files, flags, io);
  const result = done.linter.finish();
  const findings = [...done.problems, ...beyond(result.findings, done.known)];
  const baseline = flags["write-baseline"];
  if (baseline !== undefined) await writeOutput(baseline, writeBaseline(result.findings));
  const summary = summarise(done, result, findings);
  const { repaired, diff } = done;
  const json = { summary, findings: findings.map(plain), repaired, diff };
  const format = flags.format ?? "text";
  const text = format === "text" ? "" : await rendered(format, findings, json, done.files);
  return {
    exit: summary.errors + summary.warnings > 0 && baseline === undefined ? 1 : 0,
    result: json,
    text: () => (format === "text" ? forPeople(findings, summary, done, dryRun, io) : text),
  };
}

function forPeople(
  findings: readonly LintFinding[],
  summary: Summary,
  { diff, repaired: count }: Run,
  dryRun: boolean,
  { styles }: Io,
): string {
  if (dryRun) return `${diff}${count === 0 ? "nothing to repair\n" : ""}`;
  const repaired = count === 0 ? "" : `${count} repaired\n`;
  return `${findings.map((one) => `${textOf(one, styles)}\n`).join("")}${repaired}${summaryOf(summary, styles)}`;
}

// Writes the files that are generated from tables: `node dist/scripts/docs.js`. With --check it writes
// nothing, names what is stale and exits 1.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { withFuzz } from "../bench/fuzz.ts";
import { cliPage, errorsPage } from "../src/cli/reference.ts";
import { policyJsonSchema } from "../src/policy/json-schema.ts";
import { abiSupportPage } from "./docs-abi.ts";
import { envoyReleasesPage } from "./docs-envoy.ts";
import { adminPage, statisticsPage } from "./docs-gateway.ts";
import { rulesPage } from "./docs-lint.ts";
import { attributesPage, callbacksPage, hostFunctionsPage, policyPage } from "./docs-pages.ts";
import { telemetryPage } from "./docs-telemetry.ts";
import { withWorstCase } from "./worst-case.ts";

export interface GeneratedFile {
  /** Path from the repository's root. */
  readonly path: string;
  readonly text: () => string;
}

/** Files generated from src/spec and src/policy. */
export const tableFiles: readonly GeneratedFile[] = [
  { path: "docs/reference/host-functions.md", text: hostFunctionsPage },
  { path: "docs/reference/callbacks.md", text: callbacksPage },
  { path: "docs/reference/abi-support.md", text: abiSupportPage },
  { path: "docs/reference/attributes.md", text: attributesPage },
  { path: "docs/reference/policy.md", text: policyPage },
  { path: "docs/reference/statistics.md", text: statisticsPage },
  { path: "docs/reference/telemetry.md", text: telemetryPage },
  { path: "docs/reference/admin.md", text: adminPage },
  { path: "docs/reference/envoy-releases.md", text: envoyReleasesPage },
  {
    path: "schema/policy.schema.json",
    text: () => `${JSON.stringify(policyJsonSchema(), null, 2)}\n`,
  },
];

/** Files generated from the command table and the error catalogue. */
export const commandFiles: readonly GeneratedFile[] = [
  { path: "docs/reference/cli.md", text: cliPage },
  { path: "docs/reference/errors.md", text: errorsPage },
  { path: "docs/rules/README.md", text: rulesPage },
];

const page = (path: string): string => readFileSync(inRepository(path), "utf8");

/** Files with a passage that states what a bench, or a long run of the fuzz targets, has measured. */
export const measuredFiles: readonly GeneratedFile[] = [
  {
    path: "docs/security-model.md",
    text: () => withWorstCase(page("docs/security-model.md"), page("docs/worst-case.json")),
  },
  {
    path: "docs/benchmarks.md",
    text: () => withFuzz(page("docs/benchmarks.md"), page("docs/fuzz-report.json")),
  },
];

/** A file of the repository, from where this script is compiled to. */
export function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The files that differ from their tables, or are not there. */
export function stale(files: readonly GeneratedFile[]): readonly GeneratedFile[] {
  return files.filter(({ path, text }) => {
    const file = inRepository(path);
    return !existsSync(file) || readFileSync(file, "utf8") !== text();
  });
}

function main(args: readonly string[]): number {
  const [flag, ...more] = args;
  if (more.length > 0 || (flag !== undefined && flag !== "--check")) {
    process.stderr.write("usage: node dist/scripts/docs.js [--check]\n");
    return 2;
  }
  const old = stale([...tableFiles, ...commandFiles, ...measuredFiles]);
  for (const { path, text } of old) {
    process.stdout.write(flag === "--check" ? `stale: ${path}\n` : `written: ${path}\n`);
    if (flag === "--check") continue;
    const file = inRepository(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text());
  }
  return flag === "--check" && old.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = main(process.argv.slice(2));

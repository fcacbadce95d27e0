// The layer table: which folder of src may import which. A folder imports only from lower ranks and from
// itself; two of one rank don't know each other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, importsOf, isTest, type Source, sourcesUnder } from "./source.ts";

const ranks: Readonly<Record<string, number>> = {
  util: 0,
  spec: 1,
  errors: 2,
  wasm: 3,
  policy: 3,
  net: 3,
  harden: 4,
  verify: 4,
  host: 4,
  inspect: 4,
  oci: 4,
  signing: 4,
  contain: 5,
  supply: 5,
  record: 5,
  mesh: 6,
  gateway: 7,
  trial: 8,
  learn: 8,
  serve: 8,
  admission: 8,
  audit: 8,
  cli: 9,
  // src/index.ts, the public facade.
  index: 9,
};

/** The trusted core: whoever reads it must not need to trust these. */
const forbidden: Readonly<Record<string, readonly string[]>> = { verify: ["harden", "wasm"] };

const folderOf = (path: string): string => /^src\/([^/.]+)/.exec(path)?.[1] ?? path;

/** The sentences that one file earns; empty where it keeps the table. */
function breaches(source: Source): readonly string[] {
  const from = folderOf(source.path);
  const own = ranks[from];
  if (own === undefined) return [`${source.path}: folder ${from} has no rank`];
  return importsOf(source).flatMap(({ target, specifier, line }) => {
    const at = `${source.path}:${line}`;
    if (!specifier.startsWith(".")) return [];
    if (!specifier.endsWith(".ts")) return [`${at}: ${specifier} is imported without its .ts`];
    if (!target.startsWith("src/")) return [`${at}: imports ${target} from outside src`];
    const to = folderOf(target);
    const rank = ranks[to];
    if (rank === undefined) return [`${at}: imports ${to}, which has no rank`];
    if (forbidden[from]?.includes(to)) return [`${at}: ${from} never imports ${to}`];
    if (to !== from && rank >= own)
      return [`${at}: ${from} (rank ${own}) imports ${to} (rank ${rank})`];
    return [];
  });
}

const sources = sourcesUnder("src");

test("every folder of src imports from lower ranks only", () => {
  assert.ok(sources.length > 0);
  assert.ok(sources.some((source) => importsOf(source).length > 0));
  // A unit test stands beside its source and may use fixtures and neighbours.
  const found = sources.filter((source) => !isTest(source)).flatMap(breaches);
  assert.deepEqual(found, []);
});

test("even the tests of verify never import harden or wasm", () => {
  const found = sources
    .filter((source) => isTest(source) && folderOf(source.path) === "verify")
    .flatMap((source) =>
      importsOf(source)
        .filter(({ target }) => forbidden.verify!.includes(folderOf(target)))
        .map(({ target, line }) => `${source.path}:${line}: ${target}`),
    );
  assert.deepEqual(found, []);
});

test("outside src/cli nothing reads argv, sets an exit code or writes to the console", () => {
  const words = /\bprocess\.(argv|exitCode|exit|stdout|stderr)\b|\bconsole\./;
  const found = sources
    .filter((source) => !isTest(source) && folderOf(source.path) !== "cli")
    .filter((source) => words.test(codeOf(source)))
    .map((source) => `${source.path}: ${words.exec(codeOf(source))![0]}`);
  assert.deepEqual(found, []);
});

test("exports are named: no default exports, no export *", () => {
  const found = ["src", "test", "bench"]
    .flatMap(sourcesUnder)
    // Guests in AssemblyScript: their SDK exports the callbacks this way.
    .filter((source) => !source.path.startsWith("bench/lab/plugins/"))
    .filter((source) => /^export (default\b|\*)/m.test(codeOf(source)))
    .map((source) => source.path);
  assert.deepEqual(found, []);
});

test("every breach that the table forbids is seen", () => {
  const file = (path: string, text: string): Source => ({ path, text, lines: 1 });
  const bad: readonly Source[] = [
    file("src/verify/a.ts", 'import { x } from "../wasm/decode.ts";'),
    file("src/verify/a.ts", 'import type { X } from "../harden/plan.ts";'),
    file("src/wasm/a.ts", 'import {\n  x,\n  y,\n} from "../policy/policy.ts";'),
    file("src/util/a.ts", 'export { x } from "../spec/limits.ts";'),
    file("src/host/a.ts", 'const x = await import("../trial/run.ts");'),
    file("src/net/a.ts", 'import "../cli/main.ts";'),
    file("src/elsewhere/a.ts", ""),
    file("src/cli/a.ts", 'import { x } from "../wasm/emit.js";'),
    file("src/cli/a.ts", 'import { x } from "../../test/arch/source.ts";'),
  ];
  for (const source of bad) assert.equal(breaches(source).length, 1, source.path + source.text);
  const good: readonly Source[] = [
    file("src/verify/expect/a.ts", 'import { x } from "../scan.ts";'),
    file("src/cli/a.ts", 'import { x } from "../verify/verify.ts";\nimport { y } from "node:fs";'),
  ];
  for (const source of good) assert.deepEqual(breaches(source), []);
});

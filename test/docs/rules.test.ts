// The table of docs/containment-rules.md that says which test shows which regression number: every number has a
// row, every test that a row names exists and says the number, and a row without a test says what it waits for.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const page = read("docs/containment-rules.md");
const regressions = page.slice(
  page.indexOf("## Regression tests"),
  page.indexOf("### Where they stand"),
);
const numbers = [...regressions.matchAll(/^(\d+)\. /gm)].map((match) => Number(match[1]));

interface Row {
  readonly number: number;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
  readonly waits: string;
}

const rows: readonly Row[] = [...page.matchAll(/^\| (\d+) \| (.*) \| (.*) \|$/gm)].map(
  ([, number, shown, waits]) => ({
    number: Number(number),
    waits: waits!,
    tests: shown!.split("; `").flatMap((part) => {
      const file = /^`?([^`]+)`/.exec(part)?.[1] ?? "";
      return [...part.matchAll(/“([^”]+)”/g)].map((match) => ({ file, name: match[1]! }));
    }),
  }),
);

test("every regression number has one row, in order", () => {
  assert.equal(numbers.length, 15);
  assert.deepEqual(
    rows.map((row) => row.number),
    numbers,
  );
});

test("every test that the table names exists", () => {
  const missing = rows.flatMap((row) =>
    row.tests.filter(({ file, name }) => !existsSync(join(root, file)) || !names(file, name)),
  );
  assert.deepEqual(missing, []);
});

/** A name may go on behind what the table says, with the mode or the engine. */
function names(file: string, name: string): boolean {
  const source = read(file);
  return source.includes(`test("${name}`) || source.includes(`test(\`${name}`);
}

test("a number is shown by a test of that number, or says what it waits for", () => {
  for (const { number, tests, waits } of rows) {
    const own = tests.some(({ name }) => name.startsWith(`${number} (A`));
    assert.ok(own || waits.length > 20, `${number}`);
  }
});

test("every test that is named by a regression number stands in a row of that number's file list", () => {
  const files = new Set(rows.flatMap((row) => row.tests.map(({ file }) => file)));
  for (const file of files) {
    for (const [, number] of read(file).matchAll(/test\(["`](\d+) \(A\d/g)) {
      const row = rows.find((one) => one.number === Number(number));
      assert.ok(
        row?.tests.some((one) => one.file === file),
        `${file}: ${number}`,
      );
    }
  }
});

// docs/credit-judgement.md and src/verify name the same rules: each rule of the page stands in a comment inside
// the function that the page gives, and the test that it gives exists.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const page = read("docs/credit-judgement.md");

interface Rule {
  readonly rule: string;
  readonly func: string;
  readonly file: string;
  readonly testFile: string;
  readonly test: string;
}

const SECTION =
  /^### (C-[A-Z-]+)\n[\s\S]*?\nChecked by `(#?\w+)` in `([\w.-]+)`\. Red without it: `([\w./-]+)`, “([^”]+)”\.$/gm;
const rules: readonly Rule[] = [...page.matchAll(SECTION)].map(
  ([, rule, func, file, testFile, name]) => ({
    rule: rule!,
    func: func!,
    file: file!,
    testFile: testFile!,
    test: name!,
  }),
);

/** `file function rule` for every rule that a comment of src/verify names. */
function named(): string[] {
  const declares = /^(?:export )?function (\w+)|^ {2}(?:function )?(#?\w+)\(.*\{$/;
  return readdirSync(join(root, "src/verify"))
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      let inside = "";
      return read(`src/verify/${file}`)
        .split("\n")
        .flatMap((line) => {
          const [, outer, inner] = declares.exec(line) ?? [];
          inside = outer ?? inner ?? inside;
          const comment = / \/\/ rules? (C-.*)$/.exec(line)?.[1] ?? "";
          return comment
            .split(", ")
            .flatMap((rule) => (rule === "" ? [] : `${file} ${inside} ${rule}`));
        });
    });
}

test("every section of the page is a rule with its check and its test", () => {
  const sections = [...page.matchAll(/^### (.*)$/gm)].map((match) => match[1]);
  assert.deepEqual(
    rules.map(({ rule }) => rule),
    sections,
  );
  assert.equal(new Set(sections).size, sections.length);
  assert.ok(rules.length > 30);
});

test("the page and the comments of src/verify name the same rules in the same functions", () => {
  const told = rules.map(({ rule, func, file }) => `${file} ${func} ${rule}`);
  assert.deepEqual(named().sort(), told.sort());
});

test("every test that the page names exists", () => {
  const missing = rules.filter(
    ({ testFile, test: name }) =>
      !existsSync(join(root, testFile)) || !includesTest(read(testFile), name),
  );
  assert.deepEqual(missing, []);
});

/** A name stands as it is, or is put together from a case's reason and code. */
function includesTest(source: string, name: string): boolean {
  const [, why, code] = /^(.*) is refused with (verify-[a-z-]+)$/.exec(name) ?? [];
  if (why === undefined) return source.includes(`test("${name}"`);
  const at = source.indexOf(`why: "${why}"`);
  return at >= 0 && source.slice(at, at + 200).includes(`code: "${code}"`);
}

test("every rule that the text of the page mentions has its section", () => {
  const sections = new Set(rules.map(({ rule }) => rule));
  const mentioned = [...page.matchAll(/\bC-[A-Z]+(?:-[A-Z]+)*\b/g)].map((match) => match[0]);
  assert.deepEqual(
    mentioned.filter((rule) => !sections.has(rule)),
    [],
  );
});

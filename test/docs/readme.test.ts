// The README is short, its links lead somewhere, and its table lists the commands that there are.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { commandNames } from "../../src/cli/commands.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"), { recursive: true })
    .map((name) => join("docs", String(name)))
    .filter((name) => name.endsWith(".md")),
];

test("README.md has at most 200 lines", () => {
  assert.ok(readme.split("\n").length <= 200);
});

test("the README's table names every command, and no other", () => {
  const rows = [...readme.matchAll(/^\| `([^`]+)` \|/gm)].map((match) =>
    match[1]!.replace(/ [[A-Z-].*$/, ""),
  );
  assert.deepEqual(rows.sort(), [...commandNames].sort());
});

test("every relative link in the Markdown pages leads to a file", () => {
  const broken = pages.flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)]
      .map((match) => match[1]!)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !existsSync(join(root, dirname(page), link)))
      .map((link) => `${page}: ${link}`),
  );
  assert.deepEqual(broken, []);
});

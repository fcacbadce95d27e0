// The reference pages that are generated: what is committed must be what the tables say. BLESS=1 writes.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { cliPage, errorsPage } from "../../src/cli/reference.ts";

const pages: readonly (readonly [string, () => string])[] = [
  ["cli.md", cliPage],
  ["errors.md", errorsPage],
];

for (const [name, page] of pages) {
  test(`docs/reference/${name} is what its table generates`, () => {
    const file = fileURLToPath(new URL(`../../../docs/reference/${name}`, import.meta.url));
    if (process.env.BLESS === "1") {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, page());
    }
    assert.ok(existsSync(file), "generate it: BLESS=1 npm test -- docs/reference");
    assert.equal(readFileSync(file, "utf8"), page(), "stale: BLESS=1 npm test -- docs/reference");
  });
}

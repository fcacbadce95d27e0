// The pages about commands and errors: what is committed must be what the tables say.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { commandFiles, inRepository } from "../../scripts/docs.ts";

for (const { path, text } of commandFiles) {
  test(`${path} is what its table says`, () => {
    const file = inRepository(path);
    assert.equal(existsSync(file) ? readFileSync(file, "utf8") : "", text(), "run npm run docs");
  });
}

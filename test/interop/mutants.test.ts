// The default run of `npm run test:mutants`, as people run it: every plugin of the catalogue that can be built here.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { slotKinds } from "../mutants/kinds.ts";
import type { Totals } from "../mutants/run.ts";
import { templateKinds } from "../mutants/sites.ts";

const main = fileURLToPath(new URL("../mutants/main.js", import.meta.url));
const helpers = ["guard's stub", "deny", "bulkBytes", "grow", "enter", ...slotKinds];
const guards = ["inside", "overlap", "pay", "spender", "matcher", "pairs", "segments", "check"];
const wrappers = ["start", "context", "allocator", "callback"].map((kind) => `wrapper ${kind}`);

test("no mutant of any hardened plugin gets past verify and breaks the promise", (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "--json"], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, stderr);
  const totals = JSON.parse(stdout.trim().split("\n").at(-1)!) as Totals;
  const { modules, mutants, rejected, invalid, harmless, random } = totals;
  t.diagnostic(JSON.stringify({ modules, mutants, rejected, invalid, harmless, random }));
  assert.deepEqual(totals.failures, []);
  assert.equal(rejected + invalid + harmless, mutants);
  assert.ok(modules >= 100, `${modules} modules`);
  assert.ok(mutants > 50_000, `${mutants} mutants`);
  assert.ok(100 * harmless <= mutants, `${harmless} harmless`);
  assert.ok(100 * invalid <= mutants, `${invalid} invalid`);
  assert.ok(random.accepted >= 100, `${random.accepted} random ones accepted`);
  const generated = ["thunk", "stub", ...helpers, ...guards, ...wrappers];
  for (const kind of [...templateKinds, ...generated]) assert.ok(totals.kinds[kind]! > 0, kind);
});

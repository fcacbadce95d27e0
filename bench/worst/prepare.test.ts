// A figure of the worst-case bench means something only where the case is about what it names.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Failure } from "../../src/errors/failure.ts";
import { wat } from "../../test/wat.ts";
import { type Case, cases, refusedLocals } from "./cases.ts";
import { hardened, prepare } from "./prepare.ts";
import { sweep } from "./sweep.ts";
import { moduleText, repeat } from "./text.ts";

const folder = mkdtempSync(join(tmpdir(), "glovebox-worst-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const division: Case = {
  name: "division",
  family: "division",
  ops: ["i64.div_u"],
  text: moduleText({
    body: `(local.get $xI) ${repeat(8, () => "(local.get $bI) (i64.div_u)")} (local.set $xI)`,
  }),
};

test("the share of a case is the fuel of its instructions over all that its loop executes", () => {
  const { share } = prepare(division, "exact", folder, "division");
  assert.ok(share > 0.7 && share < 0.95, `${share}`);
});

test("a case that is about something else than its name says is refused", () => {
  const wrong = { ...division, ops: ["i64.rem_u"] };
  assert.throws(() => prepare(wrong, "bound", folder, "wrong"), /only 0\.00 of its fuel/);
});

test("names are unique: samples are matched by name and mode", () => {
  const names = [...cases, ...sweep()].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test("a function with thirty thousand locals is over the limits of shape", () => {
  assert.throws(
    () => hardened(wat(refusedLocals), "bound", []),
    (error: unknown) => error instanceof Failure && error.code === "wasm-limit",
  );
});

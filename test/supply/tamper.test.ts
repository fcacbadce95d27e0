// The tamper matrix: what an attacker who can write to the store, or who answers in its place, may do to a signed,
// attested and contained artifact. Each case has the code that it must end in; none may be accepted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { byteCases } from "./tamper-bytes.ts";
import { certificateCases } from "./tamper-certificate.ts";
import { claimCases } from "./tamper-claims.ts";
import { storeCases } from "./tamper-store.ts";
import { buildWorld, copyOf, refusals, type Way, type World } from "./world.ts";

const ways: readonly Way[] = ["bundle", "legacy", "keyless"];
const worlds = new Map<Way, World>();
for (const way of ways) worlds.set(way, await buildWorld(way));

const cases = [...byteCases, ...storeCases, ...claimCases, ...certificateCases];

test("untouched, each world is accepted: what is refused below is refused for its tampering", async () => {
  for (const way of ways) assert.deepEqual(await refusals(copyOf(worlds.get(way)!)), [], way);
});

test("the matrix has at least 60 cases, each with a name of its own", () => {
  assert.ok(cases.length >= 60, `${cases.length} cases`);
  const names = cases.map(({ way, name }) => `${way}: ${name}`);
  assert.equal(new Set(names).size, names.length);
});

let accepted = 0;
for (const { name, way, tamper, code } of cases) {
  test(`${way}: ${name} ends in ${code}`, async () => {
    const world = copyOf(worlds.get(way)!);
    const codes = await refusals(world, (await tamper(world)) ?? {});
    if (codes.length === 0) accepted++;
    assert.ok(codes.includes(code), `expected ${code}, found ${codes.join(", ") || "acceptance"}`);
  });
}

test("of the whole matrix, nothing was accepted", (t) => {
  t.diagnostic(`${cases.length} cases, ${accepted} accepted`);
  assert.equal(accepted, 0);
});

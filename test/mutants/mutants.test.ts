// A smoke of `npm run test:mutants`: some small modules with every mutant of theirs, and the check's own ability to fail.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { random } from "../fuzz/random.ts";
import { wat } from "../wat.ts";
import { ALONE, emptyVerdicts, judgeAll } from "./batch.ts";
import { type Corpus, corpusOf, subjectsOf } from "./corpus.ts";
import type { Mutant } from "./edits.ts";
import { slotKinds, telemetryKinds } from "./kinds.ts";
import { reachedIn, show } from "./oracle.ts";
import { guestOf, levelsOf, plan } from "./plan.ts";
import { runMutants, summary } from "./run.ts";
import { templateKinds } from "./sites.ts";
import { uncountedCallsEnd } from "./stack-graph.ts";
import type { Subject } from "./subject.ts";
import { withEdits } from "./subject.ts";

const small = ["header-tag", "recursion-mutual", "fill-4g", "exfiltrate-foreign"];
const few = { functions: 3, perTemplate: 1, perKind: 5 };
/** Those that the guards of the small ones lead to; the others are of guards.test.ts in test/verify. */
const guardKinds = [
  ...["inside", "spender", "matcher", "check", "spentOut", "adopt"],
  ...[...slotKinds, ...telemetryKinds],
];
/** An answer to a call of its own, for a stream that it names. */
const asking = wat(`(module
  (import "env" "proxy_http_call"
    (func $ask (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $act_for (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $ask (i32.const 64) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 128)))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (drop (call $act_for (i32.const 2)))))`);
let corpus: Corpus;
before(async () => {
  const { members, missing } = await corpusOf(false, 3);
  const own = { name: "asking", bytes: asking, role: "external-auth", allow: [] } as const;
  corpus = { members: [...members.filter(({ name }) => small.includes(name)), own], missing };
});

const subjectNamed = (name: string, mode: "bound" | "exact"): Subject =>
  subjectsOf(corpus.members.find((one) => one.name === name)!).find((one) => one.mode === mode)!;

/** The first mutant of a kind in a function that the module's life gets to. */
function someMutant(subject: Subject, kind: string, mutation: string, what: RegExp): Mutant {
  const every = Number.POSITIVE_INFINITY;
  const reached = reachedIn(subject);
  const { mutants } = plan(
    subject,
    { functions: every, perTemplate: every, perKind: every },
    random(1),
  );
  return mutants.find(
    ({ mutant }) =>
      reached.has(mutant.func) &&
      mutant.kind === kind &&
      mutant.mutation === mutation &&
      what.test(mutant.what),
  )!.mutant;
}

test("mutants of every template of small modules are rejected or shown harmless; accepted random ones keep the promise", (t) => {
  const every = Number.POSITIVE_INFINITY;
  const sampling = { functions: every, perTemplate: 1, perKind: every };
  const totals = runMutants(corpus, { seed: 1, random: 120, all: false, sampling });
  t.diagnostic(summary(totals));
  assert.deepEqual(totals.failures, []);
  assert.equal(totals.modules, 3 * corpus.members.length);
  assert.equal(totals.covered, totals.templates);
  assert.ok(totals.mutants > 1500, `${totals.mutants}`);
  assert.ok(totals.invalid < totals.mutants / 25, `${totals.invalid} invalid`);
  assert.ok(totals.random.accepted >= 10, `${totals.random.accepted} accepted`);
  for (const mutation of ["delete", "weaken", "move", "retarget", "alias", "loop", "recursion"])
    assert.ok(totals.mutations[mutation]! > 30, mutation);
  for (const mutation of ["cap", "import", "form", "unpaid"])
    assert.ok(totals.mutations[mutation]! > 20, mutation);
  for (const kind of ["thunk", "stub", "guard's stub", "deny", "bulkBytes", "enter", ...guardKinds])
    assert.ok(totals.kinds[kind]! > 0, kind);
});

test("the same seed makes the same mutants", () => {
  const one = { ...corpus, members: corpus.members.slice(0, 1) };
  const order = { seed: 7, random: 20, all: false, sampling: few };
  assert.deepEqual(runMutants(one, order), runMutants(one, order));
});

test("a mutant that a lax verifier would accept is seen to break the promise", () => {
  const subject = subjectNamed("recursion-mutual", "bound");
  const loop = someMutant(subject, "guest code", "loop", /endless, at the entry/);
  const bytes = withEdits(subject, new Map([[loop.func, loop.edits]]));
  assert.match(show(subject, bytes, loop.func).broken!, /own limit: steps|executed \d+ units of/);
  const charge = someMutant(subject, "CHARGE_G", "weaken", /drop for if/);
  const untested = withEdits(subject, new Map([[charge.func, charge.edits]]));
  const { broken } = show(subject, untested, charge.func);
  assert.match(broken!, /negative fuel|executed|steps/);
});

test("judged in company or alone, the same mutants are rejected", () => {
  for (const name of ["fill-4g"]) {
    for (const mode of ["bound", "exact"] as const) {
      const subject = subjectNamed(name, mode);
      const sampling = {
        functions: Number.POSITIVE_INFINITY,
        perTemplate: 1,
        perKind: Number.POSITIVE_INFINITY,
      };
      const { mutants } = plan(subject, sampling, random(3));
      const [together, apart] = [emptyVerdicts(), emptyVerdicts()];
      judgeAll(subject, mutants, together);
      judgeAll(
        subject,
        mutants.map(({ mutant }) => ({ mutant, group: ALONE })),
        apart,
      );
      assert.ok(together.runs < apart.runs);
      const said = ({ rejected, invalid, accepted }: typeof together) => ({
        rejected,
        invalid,
        accepted: accepted.map(({ mutant }) => mutant.what).sort(),
      });
      assert.deepEqual(said(together), said(apart));
    }
  }
});

test("calls that need to be counted are told from others", () => {
  const subject = subjectNamed("recursion-mutual", "bound");
  assert.ok(uncountedCallsEnd(subject, subject.bytes));
  const { func, edits } = someMutant(subject, "STACK_IN", "delete", /STACK_OUT/);
  const uncounted = withEdits(subject, new Map([[func, edits]]));
  assert.ok(!uncountedCallsEnd(subject, uncounted));
});

test("functions of one level never reach each other", () => {
  const subject = subjectNamed("recursion-mutual", "bound");
  const levels = levelsOf(subject);
  for (let func = subject.firstGuest; func < subject.functions; func++) {
    for (const { name, a } of guestOf(subject, func).body.code)
      if (name === "call" && a >= subject.firstGuest && a !== func)
        assert.notEqual(levels[a], levels[func]);
  }
  assert.equal(templateKinds.length, 11);
});

// Judges many mutants of one module with few runs of verify, each on whole modules: mutants of different functions
// go into one module together, and each must have a finding of its own inside its own function. What can influence
// another function's judgement is kept apart (`Grouped`); a mutant without a finding of its own is judged alone, and
// of some batches one is judged alone all the same, to hold the method to what it claims.

import { engineRefusal } from "../../src/util/engine.ts";
import { verify } from "../../src/verify/verify.ts";
import type { Mutant } from "./edits.ts";
import { type Subject, withEdits } from "./subject.ts";

/** Mutants of one function never share a batch; those of one group may, whatever their functions. */
export interface Grouped {
  readonly mutant: Mutant;
  readonly group: string;
}

/** Judged by themselves: their findings come up elsewhere, or they change what else there is. */
export const ALONE = "alone";

export interface Verdicts {
  rejected: number;
  invalid: number;
  /** Runs of verify, and mutants that had one to themselves. */
  runs: number;
  alone: number;
  batches: number;
  readonly accepted: { readonly mutant: Mutant; readonly bytes: Uint8Array }[];
  readonly byMutation: Map<string, number>;
}

/** Verify lists 100 findings at most, and a function may have two. */
const BATCH = 45;

/** Of so many batches, one mutant of one is judged alone too. */
const AUDITED = 8;

/** Found while a function's own bytes are judged, by its own bytes and what its callees are. */
const OWN_FINDING =
  /^verify-(malformed|opcode|template|charge-range|exact-only|mode|credit|shortfall|headroom|depth|label|exit|dead-code|import-named|private-function|bulk|grow|type|limits|generated|generated-type|wrapper|target|private-data|canonical)$/;

export function emptyVerdicts(): Verdicts {
  return {
    rejected: 0,
    invalid: 0,
    runs: 0,
    alone: 0,
    batches: 0,
    accepted: [],
    byMutation: new Map(),
  };
}

function build(subject: Subject, mutants: readonly Mutant[]): Uint8Array {
  return withEdits(subject, new Map(mutants.map(({ func, edits }) => [func, edits])));
}

function reject(verdicts: Verdicts, { mutation }: Mutant): void {
  verdicts.rejected++;
  verdicts.byMutation.set(mutation, (verdicts.byMutation.get(mutation) ?? 0) + 1);
}

/** What verify itself says of a module, without the engine's opinion; null where that is not valid. */
export function isRejected(bytes: Uint8Array, subject: Subject): boolean | null {
  if (engineRefusal(bytes) !== null) return null;
  return verify(bytes, subject.policy).length > 0;
}

function judgeAlone(subject: Subject, mutant: Mutant, verdicts: Verdicts): void {
  const bytes = build(subject, [mutant]);
  const rejected = isRejected(bytes, subject);
  verdicts.runs++;
  verdicts.alone++;
  if (rejected === null) verdicts.invalid++;
  else if (rejected) reject(verdicts, mutant);
  else verdicts.accepted.push({ mutant, bytes });
}

function judgeBatch(subject: Subject, batch: readonly Mutant[], verdicts: Verdicts): void {
  const bytes = build(subject, batch);
  // One invalid mutant spoils the batch: find out which.
  if (engineRefusal(bytes) !== null) {
    const half = batch.length >> 1;
    if (half === 0) judgeAlone(subject, batch[0]!, verdicts);
    else
      for (const part of [batch.slice(0, half), batch.slice(half)])
        judgeBatch(subject, part, verdicts);
    return;
  }
  verdicts.runs++;
  const own = new Set<number>();
  for (const { code, where } of verify(bytes, subject.policy)) {
    if (where?.at === "bytes" && where.func !== undefined && OWN_FINDING.test(code))
      own.add(where.func);
  }
  const found = batch.filter(({ func }) => own.has(func));
  for (const mutant of batch) if (!own.has(mutant.func)) judgeAlone(subject, mutant, verdicts);
  // The audit: what had a finding among others has one alone.
  const audited = verdicts.batches++ % AUDITED === 0 ? found[verdicts.runs % found.length] : null;
  for (const mutant of found) {
    if (mutant === audited) judgeAlone(subject, mutant, verdicts);
    else reject(verdicts, mutant);
  }
}

/** Judges all mutants of a module. */
export function judgeAll(subject: Subject, mutants: Iterable<Grouped>, verdicts: Verdicts): void {
  const groups = new Map<string, Map<number, Mutant[]>>();
  for (const { mutant, group } of mutants) {
    if (group === ALONE) {
      judgeAlone(subject, mutant, verdicts);
      continue;
    }
    const functions = groups.get(group) ?? new Map<number, Mutant[]>();
    groups.set(group, functions);
    const own = functions.get(mutant.func) ?? [];
    functions.set(mutant.func, own);
    own.push(mutant);
  }
  for (const functions of groups.values()) {
    let left = [...functions.values()];
    for (let round = 0; left.length > 0; round++) {
      for (let from = 0; from < left.length; from += BATCH)
        judgeBatch(
          subject,
          left.slice(from, from + BATCH).map((own) => own[round]!),
          verdicts,
        );
      left = left.filter((own) => own.length > round + 1);
    }
  }
}

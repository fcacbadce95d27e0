// The whole check: systematic mutants of every module of the corpus, then random ones. A systematic mutant that verify
// accepts is a failure unless the counting interpreter shows that it keeps the promise, and those are few; a random one
// that verify accepts must keep it.
import type { Call } from "../fuzz/generate.ts";
import { random } from "../fuzz/random.ts";
import { atRandom } from "./at-random.ts";
import { emptyVerdicts, isRejected, judgeAll } from "./batch.ts";
import { type Corpus, type Member, subjectsOf } from "./corpus.ts";
import { ofModule } from "./of-module.ts";
import { reachedIn, type Shown, show, showAlone } from "./oracle.ts";
import { plan, type Sampling } from "./plan.ts";
import { uncountedCallsEnd } from "./stack-graph.ts";
import type { Subject } from "./subject.ts";

export interface Totals {
  modules: number;
  templates: number;
  covered: number;
  /** Modules of which every mutant was made, one of each template and mutation, a sample of each kind. */
  whole: number;
  each: number;
  sampled: number;
  mutants: number;
  rejected: number;
  invalid: number;
  harmless: number;
  random: { made: number; rejected: number; invalid: number; accepted: number; entries: number };
  readonly kinds: Record<string, number>;
  readonly mutations: Record<string, number>;
  readonly failures: string[];
  /** What harmless mutants are, by kind and mutation. */
  readonly harmlessBy: Record<string, number>;
}

export const emptyTotals = (): Totals => ({
  modules: 0,
  templates: 0,
  covered: 0,
  whole: 0,
  each: 0,
  sampled: 0,
  mutants: 0,
  rejected: 0,
  invalid: 0,
  harmless: 0,
  random: { made: 0, rejected: 0, invalid: 0, accepted: 0, entries: 0 },
  kinds: {},
  mutations: {},
  failures: [],
  harmlessBy: {},
});

const count = (counts: Record<string, number>, key: string, by = 1): void => {
  counts[key] = (counts[key] ?? 0) + by;
};

const EVERY: Sampling = {
  functions: Number.POSITIVE_INFINITY,
  perTemplate: Number.POSITIVE_INFINITY,
  perKind: Number.POSITIVE_INFINITY,
};
/** By a hardened module's size in bytes; without `all`. */
const samplings: readonly {
  below: number;
  as: "whole" | "each" | "sampled";
  sampling: Sampling;
}[] = [
  { below: 4_000, as: "whole", sampling: EVERY },
  { below: 60_000, as: "each", sampling: { ...EVERY, perTemplate: 1 } },
  { below: 1_000_000, as: "sampled", sampling: { ...EVERY, perTemplate: 1, perKind: 30 } },
  {
    below: Number.POSITIVE_INFINITY,
    as: "sampled",
    sampling: { functions: 60, perTemplate: 1, perKind: 2 },
  },
];

interface What {
  readonly kind: string;
  readonly mutation: string;
  readonly what: string;
  readonly func: number;
}

/** Shows what accepted mutants of one module do. */
class Court {
  readonly #subject: Subject;
  readonly #calls: readonly Call[] | undefined;
  readonly #totals: Totals;
  #reached: ReadonlySet<number> | undefined;

  constructor(subject: Subject, calls: readonly Call[] | undefined, totals: Totals) {
    this.#subject = subject;
    this.#calls = calls;
    this.#totals = totals;
  }

  /** Where no life of the module gets to the function, it is called by itself. */
  #show(bytes: Uint8Array, func: number): Shown {
    const subject = this.#subject;
    if (func < subject.firstGuest) return show(subject, bytes, func, this.#calls);
    this.#reached ??= reachedIn(subject, this.#calls);
    if (this.#reached.has(func)) return show(subject, bytes, func, this.#calls);
    return showAlone(subject, bytes, func);
  }

  /** An accepted mutant: harmless where the interpreter shows it, else a failure. */
  accept(what: What, bytes: Uint8Array): void {
    const totals = this.#totals;
    const { broken, reached } = this.#show(bytes, what.func);
    const { name, mode } = this.#subject;
    const text = `${name} ${mode}: ${what.kind}, ${what.mutation}, ${what.what}`;
    // The interpreter counts units, not bytes of stack: a call that need not have been counted is shown otherwise.
    const ofStack = what.mutation === "recursion" || what.kind.startsWith("STACK");
    const gone = what.mutation === "delete" || what.mutation === "move";
    const shown = reached && (!ofStack || (gone && uncountedCallsEnd(this.#subject, bytes)));
    if (broken !== null) totals.failures.push(`accepted and harmful: ${text}: ${broken}`);
    else if (!shown) totals.failures.push(`accepted, not shown harmless: ${text}`);
    else {
      totals.harmless++;
      count(totals.harmlessBy, `${what.kind} ${what.mutation}`);
    }
  }
}

function systematic(
  subject: Subject,
  calls: readonly Call[] | undefined,
  { seed, all, sampling: wanted }: Order,
  totals: Totals,
): void {
  const bySize = samplings.find(({ below }) => subject.bytes.length < below)!;
  const whole = { as: "whole" as const, sampling: EVERY };
  // With every guard a module has a hundred generated functions more, the same in each plugin.
  const guarded = subject.policy.limits.fuel.request !== null;
  const few = {
    as: "sampled" as const,
    sampling: { ...bySize.sampling, perTemplate: 1, perKind: 8 },
  };
  const bySubject = guarded ? few : bySize;
  const given = wanted === undefined ? bySubject : { as: "each" as const, sampling: wanted };
  const { as, sampling } = all ? whole : given;
  totals[as]++;
  totals.modules++;
  const planned = plan(subject, sampling, random(seed));
  totals.templates += planned.templates;
  totals.covered += planned.covered;
  for (const [kind, number] of planned.kinds) count(totals.kinds, kind, number);
  const verdicts = emptyVerdicts();
  judgeAll(subject, planned.mutants, verdicts);
  totals.mutants += planned.mutants.length;
  totals.rejected += verdicts.rejected;
  totals.invalid += verdicts.invalid;
  for (const [mutation, number] of verdicts.byMutation) count(totals.mutations, mutation, number);
  const court = new Court(subject, calls, totals);
  for (const { mutant, bytes } of verdicts.accepted) court.accept(mutant, bytes);
  const large = (subject.bytes.length >= 1_000_000 || guarded) && !all && wanted === undefined;
  let number = 0;
  for (const { make, ...what } of ofModule(subject)) {
    if (large && number++ % 4 !== seed % 4) continue;
    const bytes = make();
    totals.mutants++;
    const rejected = isRejected(bytes, subject);
    if (rejected === null) totals.invalid++;
    else if (rejected) {
      totals.rejected++;
      count(totals.mutations, what.mutation);
    } else court.accept(what, bytes);
  }
}

/** Modules above this take the interpreter too long. */
const RANDOM_BELOW = 60_000;

function randomly(
  subjects: readonly { subject: Subject; calls: readonly Call[] | undefined }[],
  seed: number,
  runs: number,
  totals: Totals,
): void {
  for (let i = 0; i < runs && subjects.length > 0; i++) {
    const r = random(seed * 1_000_003 + i);
    // Small modules more often: the interpreter gets through more of them.
    const one = subjects[Math.min(r.int(subjects.length), r.int(subjects.length))]!;
    const bytes = atRandom(one.subject, r);
    if (bytes === undefined) continue;
    totals.random.made++;
    const rejected = isRejected(bytes, one.subject);
    if (rejected === null) totals.random.invalid++;
    else if (rejected) totals.random.rejected++;
    else {
      totals.random.accepted++;
      const shown = show(one.subject, bytes, -1, one.calls);
      totals.random.entries += shown.entries;
      if (shown.broken !== null) {
        const { name, mode } = one.subject;
        totals.failures.push(`random ${i} of seed ${seed}, ${name} ${mode}: ${shown.broken}`);
      }
    }
  }
}

export interface Order {
  readonly seed: number;
  readonly random: number;
  readonly all: boolean;
  /** Instead of what the size of a module asks for. */
  readonly sampling?: Sampling;
  /** Hears of each module when it has been judged. */
  readonly done?: (member: Member, totals: Totals) => void;
}

/** Runs it. */
export function runMutants({ members }: Corpus, order: Order): Totals {
  const totals = emptyTotals();
  const small: { subject: Subject; calls: readonly Call[] | undefined }[] = [];
  for (const member of members) {
    for (const subject of subjectsOf(member)) {
      systematic(subject, member.calls, order, totals);
      if (subject.bytes.length < RANDOM_BELOW) small.push({ subject, calls: member.calls });
    }
    order.done?.(member, totals);
  }
  small.sort((one, other) => one.subject.bytes.length - other.subject.bytes.length);
  randomly(small, order.seed, order.random, totals);
  judgeTotals(totals, order);
  return totals;
}

/** Most harmless mutants in a hundred. */
const HARMLESS = 1;

function judgeTotals(totals: Totals, order: Order): void {
  const { mutants, harmless, failures, random: made } = totals;
  // A share of what was chosen by somebody else's measure says nothing.
  if (order.sampling === undefined && 100 * harmless > HARMLESS * mutants)
    failures.push(`${harmless} of ${mutants} are harmless, more than ${HARMLESS} in a hundred`);
  if (order.random > 0 && made.accepted === 0)
    failures.push("no random mutant was accepted, so none was run");
}

/** One line. */
export function summary({ random: made, failures, ...t }: Totals): string {
  const parts = [
    `${t.modules} modules (${t.whole} in full, ${t.each} with one mutant per template and mutation, ${t.sampled} by sample)`,
    `${t.covered} of ${t.templates} templates`,
    `${t.mutants} mutants: ${t.rejected} rejected, ${t.invalid} invalid, ${t.harmless} shown harmless`,
    `${made.made} random: ${made.rejected} rejected, ${made.invalid} invalid, ${made.accepted} accepted and run (${made.entries} entries)`,
    `${failures.length} failures`,
  ];
  return parts.join("; ");
}

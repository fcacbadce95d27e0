// Mutations of the templates inside one guest function: each deleted, weakened, moved, pointed at something
// else. All keep the function valid: what is put in takes and gives what stood there.
import { I64 } from "../../src/spec/binary.ts";
import type { Body, Instruction } from "./body.ts";
import type { Edit, Mutant, Mutation } from "./edits.ts";
import { alternatives, encode } from "./encode.ts";
import type { Site } from "./sites.ts";
import type { Subject } from "./subject.ts";

/** One byte less than what a counted call charges at least under the policy. */
const littleStack = ({ policy }: Subject): number =>
  Math.ceil(policy.limits.stackBytes / policy.limits.callDepth) - 1;

export interface Guest {
  readonly subject: Subject;
  readonly func: number;
  readonly params: readonly number[];
  readonly body: Body;
  readonly sites: readonly Site[];
  /** The fuel local, or -1. */
  readonly own: number;
}

type Made = readonly [what: string, edits: readonly Edit[]];

/** Takes an instruction out, puts others in its place, or puts bytes somewhere. */
export const cut = ({ at, end }: Instruction): Edit => ({ at, remove: end - at, put: [] });
export const swap = ({ at, end }: Instruction, ...by: string[]): Edit => ({
  at,
  remove: end - at,
  put: encode(...by),
});
export const insert = (at: number, put: Uint8Array): Edit => ({ at, remove: 0, put });

/** The bytes of a site, and the edit that takes them out. */
function whole({ body }: Guest, { from, to }: Site): { bytes: Uint8Array; out: Edit } {
  const at = body.code[from]!.at;
  const end = body.code[to - 1]!.end;
  return { bytes: body.bytes.slice(at, end), out: { at, remove: end - at, put: [] } };
}

/** Globals and locals that could be taken for the right one: same type, and written where that is needed. */
function others({ subject, body, params, own }: Guest, one: Instruction): number[] {
  if (one.name.startsWith("local")) {
    const types = [...params, ...body.locals];
    return types.flatMap((type, i) => (type === I64 && i !== own ? [i] : [])).slice(0, 3);
  }
  const { globals } = subject.module;
  const writes = one.name === "global.set";
  const same = globals.flatMap(({ type, mutable }, i) =>
    type === globals[one.a]!.type && i !== one.a && (mutable || !writes) ? [i] : [],
  );
  const guest = same.filter((i) => i < subject.injected).slice(0, 1);
  return [...guest, ...same.filter((i) => i >= subject.injected)];
}

function* weakerConstants({ constant, constantAt, kind }: Site, code: readonly Instruction[]) {
  if (constantAt < 0) return;
  const one = code[constantAt]!;
  const stack = kind.startsWith("STACK");
  const values = [1n, 0n, -1n, -constant, constant / 2n, ...(stack ? [] : [constant - 1n])];
  for (const value of new Set(values)) {
    if (value >= constant) continue;
    yield [`${constant} becomes ${value}`, [swap(one, `${one.name} ${value}`)]] as const;
  }
  // Wrapping round, or past what a constant may be.
  const high = stack ? -(2n ** 31n) : 2n ** 31n;
  yield [`${constant} becomes ${high}`, [swap(one, `${one.name} ${high}`)]] as const;
}

function* weakened(guest: Guest, site: Site): Generator<Made> {
  const { code } = guest.body;
  yield* weakerConstants(site, code);
  for (let i = site.from; i < site.to; i++) {
    const one = code[i]!;
    const { name } = one;
    const say = (text: string): string => `${text} for ${name} in its place ${i - site.from}`;
    if (name === "global.set" || name === "local.set") yield [say("drop"), [swap(one, "drop")]];
    else if (name === "local.tee") yield [say("nothing"), [cut(one)]];
    else if (name === "call") yield [say("nothing"), [cut(one)]];
    else if (name === "unreachable") yield [say("nop"), [swap(one, "nop")]];
    else if (name === "if") {
      const to = code[site.to - 1]!.end;
      yield [say("drop"), [{ at: one.at, remove: to - one.at, put: encode("drop") }]];
      const arm = { at: one.end, remove: code[site.to - 1]!.at - one.end, put: [] };
      if (site.to - i > 3) yield [say("an empty arm"), [arm]];
      if (site.to - i > 3) yield [say("a trap alone"), [{ ...arm, put: encode("unreachable") }]];
    } else if (/const$/.test(name) && i !== site.constantAt)
      for (const by of [one.value - 1n, one.value + 1n, -(2n ** 31n)])
        yield [say(`${by}`), [swap(one, `${name} ${by}`)]];
    for (const by of alternatives(name)) yield [say(by), [swap(one, by)]];
  }
}

function* retargeted(guest: Guest, site: Site): Generator<Made> {
  const uses = guest.body.code
    .slice(site.from, site.to)
    .filter(({ name }) => /^(global|local)\./.test(name));
  for (const one of uses) {
    for (const to of others(guest, one))
      yield [`${one.name} of ${to}`, [swap(one, `${one.name} ${to}`)]];
  }
  const first = uses[0]!;
  if (uses.length < 2) return;
  for (const to of others(guest, first)) {
    const all = uses.filter(
      ({ name, a }) => name.slice(0, 6) === first.name.slice(0, 6) && a === first.a,
    );
    const writable = all.every(
      (one) => one.name !== "global.set" || guest.subject.module.globals[to]!.mutable,
    );
    if (all.length > 1 && writable)
      yield [`all of it on ${to}`, all.map((one) => swap(one, `${one.name} ${to}`))];
  }
}

const CALL = /^call(_indirect)?$/;
const BRANCH = /^(br|br_if|br_table|return)$/;

/** Where a template does no longer do what it is there for. */
function* moved(guest: Guest, site: Site, inside: Uint8Array): Generator<Made> {
  const { code } = guest.body;
  const { bytes, out } = whole(guest, site);
  const { kind } = site;
  const last = code.length - 1;
  const to = (what: string, at: number): Made => [what, [out, insert(at, bytes)]];
  const after = (wanted: (one: Instruction, i: number) => boolean): number =>
    code.findIndex((one, i) => i >= site.to && inside[i] === 0 && wanted(one, i));
  const before = (wanted: (one: Instruction) => boolean): number =>
    code.findLastIndex((one, i) => i < site.from && inside[i] === 0 && wanted(one));
  const isCall = ({ name }: Instruction): boolean => CALL.test(name);
  const next = guest.sites.find(({ from }) => from >= site.to);
  if (site.to < last) yield to("to the end of the function", code[last]!.at);
  if (kind === "STACK_IN" || kind === "FLUSH") {
    const call = after(isCall);
    if (call >= 0 && call < (next?.from ?? last)) yield to("behind the call", code[call]!.end);
  } else if (kind === "STACK_OUT" || kind === "LOAD") {
    const call = before(isCall);
    const previous = guest.sites.findLast(({ to }) => to <= site.from);
    if (call >= 0 && call >= (previous?.to ?? 0)) yield to("before the call", code[call]!.at);
    if (kind === "LOAD" && next !== undefined)
      yield to("behind the next template", code[next.to - 1]!.end);
  } else {
    // Past a point at which control may leave, and what ran so far is not paid.
    const branch = after(({ name }) => BRANCH.test(name));
    if (branch >= 0) yield to("behind the next branch", code[branch]!.end);
    const previous = code[before(() => true)];
    if (previous?.name === "loop") yield to("out of its loop", previous.at);
  }
}

/** Both ends of a counted region, so that they still agree. */
function* regions(guest: Guest, site: Site): Generator<readonly [Mutation, ...Made]> {
  if (site.kind !== "STACK_IN") return;
  const { code } = guest.body;
  const ends = guest.sites.filter(
    ({ kind, from, constant }) =>
      kind === "STACK_OUT" && constant === site.constant && from > site.from,
  );
  const next = guest.sites.find(({ kind, from }) => kind === "STACK_IN" && from > site.from);
  const own = ends.filter(({ from }) => next === undefined || from < next.from);
  if (own.length === 0) return;
  const pair = [site, ...own];
  yield ["delete", "with the STACK_OUT behind it", pair.map((one) => whole(guest, one).out)];
  const little = littleStack(guest.subject);
  if (site.constant <= little) return;
  const less = pair.map(({ constantAt }) => swap(code[constantAt]!, `i32.const ${little}`));
  yield ["weaken", `${little} in both ends`, less];
}

/** All mutations of all templates of a function; `numbers` names each template within the module. */
export function* ofTemplates(guest: Guest, firstSite: number): Generator<Mutant> {
  const { func, sites, body } = guest;
  const inside = new Uint8Array(body.code.length + 1);
  for (const { from, to } of sites) inside.fill(1, from, to);
  for (const [k, site] of sites.entries()) {
    const made = (mutation: Mutation, [what, edits]: Made): Mutant => ({
      func,
      kind: site.kind,
      mutation,
      what: `instruction ${site.from} of function ${func}: ${what}`,
      edits,
      site: firstSite + k,
    });
    yield made("delete", ["all of it", [whole(guest, site).out]]);
    for (const one of weakened(guest, site)) yield made("weaken", one);
    for (const one of moved(guest, site, inside)) yield made("move", one);
    for (const one of retargeted(guest, site)) yield made("retarget", one);
    for (const [mutation, what, edits] of regions(guest, site)) yield made(mutation, [what, edits]);
  }
}

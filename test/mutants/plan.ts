// Which mutants of a module's functions are judged, and in which company: all of them, or so many of each kind of
// template and mutation, chosen by a seed.
import type { Random } from "../fuzz/random.ts";
import { ALONE, type Grouped } from "./batch.ts";
import { readBody } from "./body.ts";
import type { Mutant } from "./edits.ts";
import { ofGenerated } from "./of-generated.ts";
import { headEnd, ofGuest } from "./of-guests.ts";
import { type Guest, ofTemplates } from "./of-templates.ts";
import { sitesOf } from "./sites.ts";
import { bodyBytes, type Subject, typeOf } from "./subject.ts";

/** Whether a guest function charges at its entry: nothing behind that influences who calls it. */
function chargesAtEntry({ sites }: Guest): boolean {
  const [first, second] = sites;
  if (first?.from !== 0) return false;
  if (first.kind !== "LOAD") return /^(CHARGE_G|ENTER_L|TEST_G)$/.test(first.kind);
  return second?.kind === "TEST_L" && second.from === first.to;
}

export function guestOf(subject: Subject, func: number): Guest {
  const { params } = typeOf(subject, func);
  const body = readBody(bodyBytes(subject, func));
  const { own, sites } = sitesOf(body, params.length, subject);
  return { subject, func, params, body, own, sites };
}

/**
 * By function, the name of a group in which no member can reach another by direct calls: how long the longest chain of
 * calls below it is, and its number within a cycle.
 */
export function levelsOf(subject: Subject): readonly string[] {
  const { functions, firstGuest } = subject;
  const calls = (func: number): number[] =>
    readBody(bodyBytes(subject, func)).code.flatMap(({ name, a }) =>
      name === "call" && a >= firstGuest ? [a] : [],
    );
  const names = new Array<string>(functions).fill("");
  const level = new Int32Array(functions).fill(-1);
  const order = new Int32Array(functions).fill(-1);
  const low = new Int32Array(functions);
  const open: number[] = [];
  const path: { func: number; callees: number[]; at: number }[] = [];
  let next = 0;
  const enter = (func: number): void => {
    order[func] = low[func] = next++;
    open.push(func);
    path.push({ func, callees: calls(func), at: 0 });
  };
  /** Components come out callees first, so levels can be told at once. */
  const leave = ({ func }: { func: number }): void => {
    const members = open.splice(open.indexOf(func));
    const below = members.flatMap(calls).map((callee) => level[callee]!);
    const own = Math.max(-1, ...below) + 1;
    members.forEach((member, i) => {
      level[member] = own;
      names[member] = `${own}.${i}`;
    });
  };
  for (let root = firstGuest; root < functions; root++) {
    if (order[root]! >= 0) continue;
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const callee = top.callees[top.at++];
      if (callee !== undefined) {
        if (order[callee]! < 0) enter(callee);
        else if (level[callee]! < 0) low[top.func] = Math.min(low[top.func]!, order[callee]!);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) low[above.func] = Math.min(low[above.func]!, low[top.func]!);
      if (low[top.func] === order[top.func]) leave(top);
    }
  }
  return names;
}

/** Whose changes are found in themselves: others decide what the functions around them are. */
const BATCHABLE =
  /^(thunk|wrapper .*|deny|inside|overlap|pay|spender|segments|matcher|pairs|vectors|\w+Token|check|slot\w+|find|take|begin|finish|release)$/;

function groupOf(
  guest: Guest,
  mutant: Mutant,
  charged: boolean,
  levels: readonly string[],
): string {
  if (mutant.mutation === "recursion" || mutant.kind.startsWith("STACK")) return ALONE;
  const behind = headEnd(guest);
  if (charged && mutant.edits.every(({ at }) => at >= behind)) return "behind entry charges";
  return `level ${levels[guest.func]}`;
}

interface Own {
  readonly kinds: readonly string[];
  readonly mutants: Iterable<Grouped>;
}

/** A generated function, or the templates and the code of a guest's; `site` numbers its first template. */
function ofFunction(subject: Subject, func: number, site: number, levels: readonly string[]): Own {
  if (func < subject.firstGuest) {
    const kind = subject.generated[func - subject.imports]!;
    const group = BATCHABLE.test(kind) ? "generated" : ALONE;
    const mutants = [...ofGenerated(subject, func, site)];
    return { kinds: [kind], mutants: mutants.map((mutant) => ({ mutant, group })) };
  }
  const guest = guestOf(subject, func);
  const charged = chargesAtEntry(guest);
  const grouped = (mutant: Mutant): Grouped => ({
    mutant,
    group: groupOf(guest, mutant, charged, levels),
  });
  const mutants = [...ofTemplates(guest, site), ...ofGuest(guest)];
  return { kinds: guest.sites.map(({ kind }) => kind), mutants: mutants.map(grouped) };
}

export interface Planned {
  readonly mutants: readonly Grouped[];
  /** Templates and generated functions by kind. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly templates: number;
  /** How many of them have a mutant in the plan. */
  readonly covered: number;
}

export interface Sampling {
  /** Guest functions that are looked at; Infinity: all. */
  readonly functions: number;
  /** Mutants of each template and mutation, or of each function's code; Infinity: all. */
  readonly perTemplate: number;
  /** Mutants of each kind of template and mutation in the whole module; Infinity: no bound. */
  readonly perKind: number;
}

/** A seeded choice of at most `most` of some, in their order. */
function choose<T>(items: readonly T[], most: number, random: Random): readonly T[] {
  if (items.length <= most) return items;
  const chosen = new Set<number>();
  while (chosen.size < most) chosen.add(random.int(items.length));
  return [...chosen].sort((a, b) => a - b).map((i) => items[i]!);
}

function grouping<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [item]);
    else known.push(item);
  }
  return groups;
}

/** Mutants of the functions of a module. */
export function plan(subject: Subject, sampling: Sampling, random: Random): Planned {
  const { imports, firstGuest, functions } = subject;
  const levels = levelsOf(subject);
  const kinds = new Map<string, number>();
  const cells: Grouped[] = [];
  let templates = 0;
  const guests = Array.from({ length: functions - firstGuest }, (_, i) => firstGuest + i);
  const looked = new Set(choose(guests, sampling.functions, random));
  for (let func = imports; func < functions; func++) {
    if (func >= firstGuest && !looked.has(func)) {
      templates += guestOf(subject, func).sites.length;
      continue;
    }
    const own = ofFunction(subject, func, templates, levels);
    for (const kind of own.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    templates += own.kinds.length;
    const byTemplate = grouping(own.mutants, ({ mutant }) => `${mutant.site} ${mutant.mutation}`);
    for (const cell of byTemplate.values())
      cells.push(...choose(cell, sampling.perTemplate, random));
  }
  const byKind = grouping(cells, ({ mutant }) => `${mutant.kind} ${mutant.mutation}`);
  const mutants = [...byKind.values()].flatMap((all) => choose(all, sampling.perKind, random));
  const covered = new Set(mutants.map(({ mutant }) => mutant.site));
  covered.delete(-1);
  return { mutants, kinds, templates, covered: covered.size };
}

// What a change of a policy grants: two documents → the list of differences, each with its direction. Calls and
// callbacks are compared as resolved, so a change of role shows what it brings; fields are compared by the table.
// Knows nothing of reasons (reasons.ts) and of commands.
import { callback } from "../spec/callbacks.ts";
import { hostFunctionNamed } from "../spec/host-functions.ts";
import type { Policy } from "./policy.ts";
import { resolvePolicy } from "./resolve.ts";
import { ALL_HEADERS } from "./rule-items.ts";
import { type Field, fields, type Path } from "./schema.ts";
import type { PolicyDocument, Setting } from "./settings.ts";
import { show } from "./values.ts";

/** `grants`: the plugin may do or use more, or is checked less; `narrows`: the opposite; `changes`: neither. */
export type Direction = "grants" | "narrows" | "changes";

export interface Change {
  /** A host function, a callback, or the path of a field; a list's item is `path: item`. */
  readonly what: string;
  readonly direction: Direction;
  /** As a document would say it; "not set" where it says nothing. */
  readonly from: string;
  readonly to: string;
  /** What it means: the risk of a call, the sentence of a field. */
  readonly why: string;
  /** The field that says so in the new document. */
  readonly path: Path;
}

/** Fields that are compared otherwise: as calls and callbacks, or as a title. */
const elsewhere: readonly string[] = [
  "apiVersion",
  "kind",
  "spec.capabilities.allow",
  "spec.capabilities.allow+",
] satisfies readonly Path[];

/** Verbs that take the list of `write` where they have none of their own. */
const WRITE: Path = "spec.headers.write";
const verbs: readonly Path[] = ["spec.headers.add", "spec.headers.replace", "spec.headers.remove"];

const NOT_SET = "not set";

/** Every difference, grants first, in the order of the tables. Never throws. */
export function diffPolicies(before: PolicyDocument, after: PolicyDocument): readonly Change[] {
  const [a, b] = [resolvePolicy(before), resolvePolicy(after)];
  const list = after.settings.has("spec.capabilities.allow")
    ? "spec.capabilities.allow"
    : "spec.capabilities.allow+";
  const at: Path = a.role !== b.role && !after.settings.has(list) ? "spec.role" : list;
  const changes = [
    ...callChanges(a, b, at),
    ...callbackChanges(a, b, at),
    ...roleChange(a, b),
    ...(fields as readonly Field[]).flatMap((row) => fieldChanges(row, before, after)),
  ];
  const rank = { grants: 0, narrows: 1, changes: 2 } as const;
  return changes.toSorted((x, y) => rank[x.direction] - rank[y.direction]);
}

function callChanges(a: Policy, b: Policy, path: Path): readonly Change[] {
  const change = (name: string, direction: "grants" | "narrows"): Change => {
    const row = hostFunctionNamed(name);
    const why = row === undefined ? "" : `${row.risk} risk: ${row.why}`;
    const [from, to] = direction === "grants" ? ["denied", "allowed"] : ["allowed", "denied"];
    return { what: name, direction, from: from!, to: to!, why, path };
  };
  return [
    ...[...b.allow].filter((name) => !a.allow.has(name)).map((name) => change(name, "grants")),
    ...[...a.allow].filter((name) => !b.allow.has(name)).map((name) => change(name, "narrows")),
  ];
}

/** A callback less is a request seen less: that narrows the plugin, and opens the gate where it guards one. */
function callbackChanges(a: Policy, b: Policy, path: Path): readonly Change[] {
  if (a.callbacks === "all" && b.callbacks === "all") return [];
  const change = (what: string, direction: Direction, from: string, to: string): Change => {
    const guards = b.security && direction !== "grants" && callback(what)?.requestPath === true;
    const why = guards
      ? "the plugin decides about requests and isn't called here any more"
      : "when the plugin is called";
    return { what, direction: guards ? "grants" : direction, from, to, why, path };
  };
  if (a.callbacks === "all" || b.callbacks === "all") {
    const [from, to] = [text(a.callbacks), text(b.callbacks)];
    return [change("callbacks", a.callbacks === "all" ? "narrows" : "grants", from, to)];
  }
  const [old, now] = [a.callbacks, b.callbacks];
  return [
    ...[...now]
      .filter((name) => !old.has(name))
      .map((name) => change(name, "grants", "not called", "called")),
    ...[...old]
      .filter((name) => !now.has(name))
      .map((name) => change(name, "narrows", "called", "not called")),
  ];
}

const text = (kept: Policy["callbacks"]): string =>
  kept === "all"
    ? "all that it exports"
    : [...kept].filter((name) => callback(name)?.gated).join(", ");

/** What a role brings is among the calls; whether it guards requests is not. */
function roleChange(a: Policy, b: Policy): readonly Change[] {
  if (a.security === b.security) return [];
  const why = "a security role may not leave out a request callback that the plugin exports";
  const word = (policy: Policy) => (policy.security ? "a security role" : "no security role");
  const direction = a.security ? "grants" : "narrows";
  return [{ what: "spec.role", direction, from: word(a), to: word(b), why, path: "spec.role" }];
}

function fieldChanges(
  row: Field,
  before: PolicyDocument,
  after: PolicyDocument,
): readonly Change[] {
  if (elsewhere.includes(row.path)) return [];
  const path = row.path as Path;
  // Where a verb has its own list on either side, the verbs say all that `write` says.
  const byVerb = [before, after].some(({ settings }) => verbs.some((verb) => settings.has(verb)));
  if (path === WRITE && byVerb) return [];
  const [old, now] = [before, after].map(({ settings }) => {
    const own = settings.get(path)?.value;
    const value = byVerb && verbs.includes(path) ? (own ?? settings.get(WRITE)?.value) : own;
    return grantsAll(row, value) ? null : (value ?? row.default);
  }) as [Setting["value"] | null, Setting["value"] | null];
  if (JSON.stringify(old) === JSON.stringify(now)) return [];
  if (Array.isArray(old) && Array.isArray(now)) return itemChanges(row, old, now, path);
  const direction = directionOf(row, old, now);
  const [from, to] = [old, now].map((value) => shown(row, value));
  return [{ what: row.path, direction, from: from!, to: to!, why: row.doc, path }];
}

/** A list of headers that names all of them is no rule. */
function grantsAll(row: Field, value: Setting["value"] | undefined): boolean {
  return row.kind === "headers" && Array.isArray(value) && value.includes(ALL_HEADERS);
}

/** Items are permissions, except keys: each of those must have signed. */
function itemChanges(
  row: Field,
  old: readonly string[],
  now: readonly string[],
  path: Path,
): readonly Change[] {
  const more = row.kind === "keys" ? "narrows" : "grants";
  const less = row.kind === "keys" ? "grants" : "narrows";
  const change = (item: string, added: boolean): Change => ({
    what: `${row.path}: ${item}`,
    direction: added ? more : less,
    from: added ? "not listed" : "listed",
    to: added ? "listed" : "not listed",
    why: row.doc,
    path,
  });
  return [
    ...now.filter((item) => !old.includes(item)).map((item) => change(item, true)),
    ...old.filter((item) => !now.includes(item)).map((item) => change(item, false)),
  ];
}

/** By the row's `looser`: without a bound or a pin is loosest of all. */
function directionOf(
  row: Field,
  old: Setting["value"] | null,
  now: Setting["value"] | null,
): Direction {
  const { looser } = row;
  if (looser === undefined) return "changes";
  if (now === null) return "grants";
  if (old === null) return "narrows";
  if (looser === "unset") return "changes";
  const order = (value: Setting["value"]): number => {
    if (Array.isArray(looser)) return looser.indexOf(String(value));
    return looser === "less" ? -Number(value) : Number(value);
  };
  return order(now) > order(old) ? "grants" : "narrows";
}

function shown(row: Field, value: Setting["value"] | null): string {
  if (value === null) return NOT_SET;
  if (typeof value === "number") return show(row, value);
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}

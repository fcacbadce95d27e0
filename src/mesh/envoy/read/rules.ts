// Envoy's validation rules (protoc-gen-validate) on checked values, read from the table: at most one sentence a
// value. A rule that the table does not have yet is an error of this file, which a test looks for.
import type { Value } from "./value.ts";

type Rules = ReadonlyMap<string, string>;

const decode = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));
const listOf = (text: string): readonly string[] => text.split("|").map(decode);

const patterns = new Map<string, RegExp>();

/** The table's patterns are RE2 of the plain kind. */
function matches(pattern: string, text: string): boolean {
  let known = patterns.get(pattern);
  if (known === undefined) {
    known = new RegExp(decode(pattern), "u");
    patterns.set(pattern, known);
  }
  return known.test(text);
}

const HEADER_NAME = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const HEADER_VALUE = /^[^\u0000-\u0008\u000A-\u001F\u007F]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const LOOSE = /^[^\u0000\u000A\u000D]*$/;

function wellKnown(name: string, text: string, strict: boolean): boolean {
  if (!strict) return LOOSE.test(text);
  if (text === "") return true;
  return (name === "HTTP_HEADER_NAME" ? HEADER_NAME : HEADER_VALUE).test(text);
}

/** A text's length as PGV counts it: code points, or bytes. */
const length = (value: string | Uint8Array): number =>
  typeof value === "string" ? [...value].length : value.length;

const size = (value: string | Uint8Array): number =>
  typeof value === "string" ? Buffer.byteLength(value) : value.length;

type Check<T> = (value: T, wanted: string, rules: Rules) => string | undefined;

const say = (wrong: boolean, sentence: string): string | undefined =>
  wrong ? sentence : undefined;

const texts: Readonly<Record<string, Check<string | Uint8Array>>> = {
  min_len: (value, n) => say(length(value) < Number(n), `at least ${n} characters`),
  max_len: (value, n) => say(length(value) > Number(n), `at most ${n} characters`),
  min_bytes: (value, n) => say(size(value) < Number(n), `at least ${n} bytes`),
  max_bytes: (value, n) => say(size(value) > Number(n), `at most ${n} bytes`),
  prefix: (value, text) => say(!String(value).startsWith(decode(text)), `begins with ${text}`),
  suffix: (value, text) => say(!String(value).endsWith(decode(text)), `ends with ${text}`),
  pattern: (value, text) => say(!matches(text, String(value)), `matches ${decode(text)}`),
  well_known_regex: (value, name, rules) =>
    say(
      !wellKnown(name, String(value), !rules.has("loose")),
      name === "HTTP_HEADER_NAME" ? "a header's name" : "a header's value",
    ),
  const: (value, text) => say(String(value) !== decode(text), `is ${decode(text)}`),
  in: (value, list) => say(!listOf(list).includes(String(value)), `one of ${listOf(list)}`),
  not_in: (value, list) => say(listOf(list).includes(String(value)), `none of ${listOf(list)}`),
};

const numbers: Readonly<Record<string, Check<number>>> = {
  gt: (value, n, rules) => say(!within(value, n, rules, false), `more than ${n}`),
  gte: (value, n, rules) => say(!within(value, n, rules, true), `at least ${n}`),
  lt: (value, n) => say(!(value < Number(n)), `less than ${n}`),
  lte: (value, n) => say(!(value <= Number(n)), `at most ${n}`),
  const: (value, n) => say(String(value) !== decode(n), `is ${decode(n)}`),
  in: (value, list) => say(!listOf(list).map(Number).includes(value), `one of ${listOf(list)}`),
  not_in: (value, list) => say(listOf(list).map(Number).includes(value), `none of ${listOf(list)}`),
};

/** Where the upper bound is the smaller one, PGV means what lies outside of the two. */
function within(value: number, n: string, rules: Rules, equal: boolean): boolean {
  const low = equal ? value >= Number(n) : value > Number(n);
  const upper = rules.get("lt") ?? rules.get("lte");
  if (upper === undefined || Number(upper) > Number(n)) return low;
  return low || value < Number(upper);
}

const counts: Readonly<Record<string, Check<number>>> = {
  min_items: (count, n) => say(count < Number(n), `at least ${n} of them`),
  max_items: (count, n) => say(count > Number(n), `at most ${n} of them`),
  min_pairs: (count, n) => say(count < Number(n), `at least ${n} of them`),
};

/** Rules that are looked at elsewhere: what must be set, and what is inside of lists and maps. */
const elsewhere = new Set(["required", "ignore_empty", "skip", "unique", "loose"]);

/** Every rule that this file or the checker holds values against. */
export const knownRules: ReadonlySet<string> = new Set([
  ...Object.keys(texts),
  ...Object.keys(numbers),
  ...Object.keys(counts),
  ...elsewhere,
  "defined_only",
]);

function apply<T>(
  table: Readonly<Record<string, Check<T>>>,
  rules: Rules,
  value: T,
): string | undefined {
  for (const [name, wanted] of rules) {
    if (elsewhere.has(name) || name.includes(".")) continue;
    const check = Object.hasOwn(table, name) ? table[name] : undefined;
    const broken = check?.(value, wanted, rules);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

/** Rules of what is inside: `items.min_len` → `min_len`. */
export function rulesInside(rules: Rules, what: "items" | "keys"): Rules {
  const inside = new Map<string, string>();
  for (const [name, value] of rules) {
    if (name.startsWith(`${what}.`)) inside.set(name.slice(what.length + 1), value);
  }
  return inside;
}

/** The rule that a value breaks, in words; undefined where it keeps all. */
export function brokenRule(rules: Rules, value: Value): string | undefined {
  if (rules.size === 0) return undefined;
  switch (value.kind) {
    case "list":
      return apply(counts, rules, value.items.length) ?? repeated(rules, value.items);
    case "map":
      return apply(counts, rules, value.entries.size);
    case "duration":
      return apply(numbers, rules, value.ms);
    case "enum":
      if (rules.has("defined_only") && value.name === "") return "one of its names";
      return apply(numbers, rules, value.number);
    case "scalar": {
      const inner = value.value;
      if (typeof inner === "number" || typeof inner === "bigint") {
        return apply(numbers, rules, Number(inner));
      }
      if (typeof inner === "boolean") return apply(texts, rules, String(inner));
      return rules.has("ignore_empty") && inner.length === 0
        ? undefined
        : apply(texts, rules, inner);
    }
    default:
      return undefined;
  }
}

function repeated(rules: Rules, items: readonly Value[]): string | undefined {
  if (!rules.has("unique")) return undefined;
  const keys = items.map((item) => ("value" in item ? String(item.value) : ""));
  return say(new Set(keys).size < keys.length, "none twice");
}

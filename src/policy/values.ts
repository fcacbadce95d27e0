// One value of a document: checked against its field, turned into the field's kind. Sizes come out in bytes,
// durations in milliseconds; digits may be grouped by `_`, which YAML 1.2 itself does not read as a number.
import { fail } from "../errors/failure.ts";
import { closest } from "../util/closest.ts";
import { isHeader, isPrefix, isProperty, isStatus, rulePatterns } from "./rule-items.ts";
import type { Field } from "./schema.ts";
import { found, type Tree } from "./tree.ts";

const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KiB: 2 ** 10,
  Ki: 2 ** 10,
  MiB: 2 ** 20,
  Mi: 2 ** 20,
  GiB: 2 ** 30,
  Gi: 2 ** 30,
};

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Patterns of the text forms; the JSON Schema publishes the same. */
export const patterns = {
  name: /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/,
  sha256: /^[0-9a-f]{64}$/,
  digest: /^sha256:[0-9a-f]{64}$/,
  count: /^[0-9][0-9_]{0,30}$/,
  size: /^[0-9][0-9_]{0,30} ?(?:B|KiB|Ki|MiB|Mi|GiB|Gi)?$/,
  duration: /^[0-9][0-9_]{0,30}(?:ms|s|m|h)$/,
  ...rulePatterns,
} as const;

const expected = {
  text: "text",
  name: "a name of letters, digits, `.`, `_` and `-`",
  sha256: "64 lower-case hex digits",
  digest: "`sha256:` and 64 lower-case hex digits",
  choice: "a word",
  flag: "true or false",
  count: "a whole number",
  size: "a size such as 64MiB or 256KiB",
  duration: "a duration such as 100ms or 5s",
  texts: "a list of texts",
  prefixes: "a list of texts that names begin with, without `*`",
  headers:
    "a list of header names, with `request:`, `request-trailers:`, `response:` or `response-trailers:` before one or nothing; all is `*` alone",
  properties: "a list of dotted paths of at most 256 bytes without empty segments",
  statuses: "a list of statuses such as 401, 4xx or 500-503",
  buffers: "a list of request, response, downstream, upstream",
  capabilities: "a list of names",
  keys: "a list of `publicKey: FILE`",
} as const satisfies Readonly<Record<Field["kind"], string>>;

const MAX_TEXT = 2_000;
const MAX_ITEMS = 1_000;

/** Throws policy-wrong-type at the tree's place. */
export function wrongType(row: Field, tree: Tree): never {
  return fail(
    "policy-wrong-type",
    { path: row.path, expected: expected[row.kind], found: found(tree) },
    tree.where,
  );
}

function text(row: Field, tree: Tree): string {
  if (tree.kind !== "scalar") return wrongType(row, tree);
  // YAML reads hex digits without quotes as a number where it can.
  const digits = row.kind === "sha256" && typeof tree.value === "number";
  const value = digits ? tree.source : tree.value;
  if (typeof value !== "string") return wrongType(row, tree);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (value === "" || value.length > MAX_TEXT || /[\u0000-\u001f\u007f]/.test(value))
    return wrongType(row, tree);
  return value;
}

/** A number in one of the units; the bounds of the field hold. */
function amount(
  row: Field,
  tree: Tree,
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
): number {
  if (tree.kind !== "scalar") return wrongType(row, tree);
  let value: number;
  if (typeof tree.value === "number") {
    if (!("" in units) || !Number.isInteger(tree.value)) return wrongType(row, tree);
    value = tree.value;
  } else {
    if (typeof tree.value !== "string" || !pattern.test(tree.value)) return wrongType(row, tree);
    const unit = /[A-Za-z]*$/.exec(tree.value)![0];
    const digits = tree.value
      .slice(0, tree.value.length - unit.length)
      .trim()
      .replaceAll("_", "");
    value = Number(digits) * units[unit]!;
  }
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = row;
  if (value < min || value > max) {
    fail(
      "policy-out-of-range",
      { path: row.path, min: show(row, min), max: show(row, max), found: found(tree) },
      tree.where,
    );
  }
  return value;
}

/** A number as a document would write it: 64MiB, 100ms, 20_000_000. */
export function show(row: Pick<Field, "kind">, value: number): string {
  if (row.kind === "duration") return `${value}ms`;
  if (row.kind === "size") {
    for (const unit of ["GiB", "MiB", "KiB"]) {
      const factor = sizeUnits[unit]!;
      if (value >= factor && value % factor === 0) return `${value / factor}${unit}`;
    }
    return String(value);
  }
  return value < 10_000 ? String(value) : String(value).replace(/(?<=\d)(?=(\d{3})+$)/g, "_");
}

function choice(row: Field, tree: Tree): string {
  const choices = row.choices ?? [];
  if (tree.kind !== "scalar" || typeof tree.value !== "string") return wrongType(row, tree);
  if (choices.includes(tree.value)) return tree.value;
  const nearest = closest(tree.value.toLowerCase(), choices) ?? choices.join(" or ");
  return fail(
    "policy-bad-choice",
    { path: row.path, choices: choices.join(", "), found: found(tree), closest: nearest },
    tree.where,
  );
}

/** The items of a list; an item of a list that is no list is refused, as is a list too long to be meant. */
export function items(row: Field, tree: Tree): readonly Tree[] {
  if (tree.kind !== "list" || tree.items.length > MAX_ITEMS) return wrongType(row, tree);
  return tree.items;
}

function keys(row: Field, tree: Tree): readonly string[] {
  return items(row, tree).map((item) => {
    if (item.kind !== "map") return wrongType(row, item);
    for (const [key, entry] of item.entries) {
      const path = `${row.path}.${key}`;
      if (key !== "publicKey")
        fail("policy-unknown-key", { path, closest: `${row.path}.publicKey` }, entry.where);
    }
    const key = item.entries.get("publicKey");
    return key === undefined ? wrongType(row, item) : text(row, key.tree);
  });
}

/** The items of a list of texts that all fit; each once. */
function fitting(row: Field, tree: Tree, fits: (item: string) => boolean): readonly string[] {
  const all = items(row, tree).map((item) => {
    const value = row.kind === "statuses" ? digits(row, item) : text(row, item);
    return fits(value) ? value : wrongType(row, item);
  });
  return [...new Set(all)];
}

/** YAML reads a status without quotes as a number. */
function digits(row: Field, tree: Tree): string {
  return tree.kind === "scalar" && typeof tree.value === "number" ? tree.source : text(row, tree);
}

/** The value of a field, `capabilities` excepted (capabilities.ts). Throws a Failure at the tree's place. */
export function parseValue(row: Field, tree: Tree): string | number | boolean | readonly string[] {
  switch (row.kind) {
    case "text":
      return text(row, tree);
    case "name":
    case "sha256":
    case "digest": {
      const value = text(row, tree);
      return patterns[row.kind].test(value) ? value : wrongType(row, tree);
    }
    case "choice":
      return choice(row, tree);
    case "flag":
      return tree.kind === "scalar" && typeof tree.value === "boolean"
        ? tree.value
        : wrongType(row, tree);
    case "count":
      return amount(row, tree, patterns.count, { "": 1 });
    case "size":
      return amount(row, tree, patterns.size, sizeUnits);
    case "duration":
      return amount(row, tree, patterns.duration, durationUnits);
    case "texts":
    case "capabilities":
      return fitting(row, tree, () => true);
    case "prefixes":
      return fitting(row, tree, isPrefix);
    case "headers":
      return [...new Set(fitting(row, tree, isHeader).map((item) => item.toLowerCase()))];
    case "properties":
      return fitting(row, tree, isProperty);
    case "statuses":
      return fitting(row, tree, isStatus);
    case "buffers":
      return fitting(row, tree, (item) => (row.choices ?? []).includes(item));
    case "keys":
      return keys(row, tree);
  }
}

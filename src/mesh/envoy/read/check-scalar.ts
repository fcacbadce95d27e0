// Scalars by proto3's JSON mapping: numbers also in quotes, 64-bit integers as text, bytes in base64, enums by name
// or number, durations as `1.5s`. Answers undefined after reporting what is wrong.
import { enumOf } from "../schema/schema.ts";
import type { Report } from "./report.ts";
import { found, quoted, type ScalarTree, type Tree } from "./tree.ts";
import type { DurationValue, EnumValue, ScalarValue } from "./value.ts";

export function wrongType(report: Report, path: string, expected: string, tree: Tree): undefined {
  report.add("envoy-wrong-type", "error", tree.at, { field: path, expected, found: found(tree) });
  return undefined;
}

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

const words: Readonly<Record<string, string>> = {
  bool: "true or false",
  string: "text",
  bytes: "base64",
  double: "a number",
  float: "a number",
};

/** Whether a type of the table is a scalar and not a message or enum. */
export function isScalarType(type: string): boolean {
  return Object.hasOwn(words, type) || Object.hasOwn(ranges, type);
}

function whole(tree: ScalarTree): bigint | undefined {
  const text = typeof tree.value === "number" ? tree.source : tree.value;
  if (typeof tree.value === "number" && Number.isSafeInteger(tree.value)) return BigInt(tree.value);
  if (typeof text !== "string" || text.length > 40) return undefined;
  if (/^-?[0-9]+$/.test(text)) return BigInt(text);
  // 1.0 and 1e3 are whole numbers to protobuf.
  const value = /^-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/.test(text)
    ? Number(text)
    : Number.NaN;
  return Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function integer(type: string, tree: ScalarTree): number | bigint | undefined {
  const value = whole(tree);
  const [min, max] = ranges[type]!;
  if (value === undefined || value < min || value > max) return undefined;
  return type.endsWith("64") ? value : Number(value);
}

function real(tree: ScalarTree): number | undefined {
  if (typeof tree.value === "number") return tree.value;
  if (typeof tree.value !== "string") return undefined;
  if (["NaN", "Infinity", "-Infinity"].includes(tree.value)) return Number(tree.value);
  return /^-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][-+]?[0-9]{1,4})?$/.test(tree.value)
    ? Number(tree.value)
    : undefined;
}

/** In quotes Envoy takes these words, in any case; without, the YAML reader has decided already. */
const flags: ReadonlyMap<string, boolean> = new Map([
  ...["true", "t", "yes", "y", "1"].map((word) => [word, true] as const),
  ...["false", "f", "no", "n", "0"].map((word) => [word, false] as const),
]);

function flag(tree: ScalarTree): boolean | undefined {
  if (typeof tree.value === "string") return flags.get(tree.value.toLowerCase());
  return typeof tree.value === "boolean" ? tree.value : undefined;
}

function bytes(tree: ScalarTree): Uint8Array | undefined {
  if (typeof tree.value !== "string") return undefined;
  // Both alphabets and missing padding are fine, as in protobuf.
  const digits = tree.value.replace(/={0,2}$/, "");
  if (!/^[A-Za-z0-9+/_-]*$/.test(digits) || digits.length % 4 === 1) return undefined;
  return new Uint8Array(Buffer.from(digits, "base64"));
}

/** A scalar of the table's type `type`. */
export function checkScalar(
  report: Report,
  path: string,
  type: string,
  tree: Tree,
): ScalarValue | undefined {
  const range = ranges[type];
  const expected =
    range === undefined ? words[type]! : `a whole number from ${range[0]} to ${range[1]}`;
  if (tree.kind !== "scalar") return wrongType(report, path, expected, tree);
  let value: ScalarValue["value"] | undefined;
  if (range !== undefined) value = integer(type, tree);
  else if (type === "bool") value = flag(tree);
  else if (type === "string") value = typeof tree.value === "string" ? tree.value : undefined;
  else if (type === "bytes") value = bytes(tree);
  else value = real(tree);
  if (value !== undefined) return { kind: "scalar", at: tree.at, value };
  const bare = type === "string" && tree.value !== null;
  return wrongType(report, path, bare ? "text (in quotes)" : expected, tree);
}

export function checkEnum(
  report: Report,
  path: string,
  type: string,
  tree: Tree,
): EnumValue | undefined {
  const row = enumOf(type)!;
  if (tree.kind !== "scalar") return wrongType(report, path, "a name", tree);
  const { value, at } = tree;
  const number = typeof value === "number" || /^-?[0-9]{1,10}$/.test(String(value));
  // Envoy's reader takes names in any case.
  const word = String(value);
  const known = number
    ? row.byNumber.get(Number(value))
    : (row.byName.get(word) ?? row.byName.get(word.toUpperCase()));
  if (known !== undefined) {
    if (known.disallowed) report.add("envoy-disallowed", "error", at, { field: known.name });
    else if (known.deprecated) {
      report.add("envoy-deprecated", "warning", at, { field: `${path}: ${known.name}` });
    }
    return { kind: "enum", at, name: known.name, number: known.number };
  }
  // proto3 enums are open; the rule `defined_only` closes most of Envoy's.
  if (number && Number.isInteger(Number(value)) && Math.abs(Number(value)) < 2 ** 31) {
    return { kind: "enum", at, name: "", number: Number(value) };
  }
  const names = [...row.byName.keys()];
  const all = `It has ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`;
  const suggestion = report.suggest(String(value), () => names, all);
  report.add("envoy-bad-enum", "error", at, {
    field: path,
    found: quoted(String(value)),
    suggestion,
  });
  return undefined;
}

/** About 10,000 years, protobuf's own bound. */
const MAX_SECONDS = 315_576_000_000;

export function checkDuration(report: Report, path: string, tree: Tree): DurationValue | undefined {
  const expected = "seconds with an s, such as 10s or 0.25s";
  if (tree.kind !== "scalar" || typeof tree.value !== "string") {
    return wrongType(report, path, expected, tree);
  }
  const match = /^(-?[0-9]{1,12}(?:\.[0-9]{1,9})?)s$/.exec(tree.value);
  const seconds = Number(match?.[1] ?? Number.NaN);
  if (!(Math.abs(seconds) <= MAX_SECONDS)) return wrongType(report, path, expected, tree);
  if (seconds < 0) {
    // Protobuf has them; Envoy refuses them wherever it reads one.
    const rule = `0s or more, found ${found(tree)}`;
    report.add("envoy-invalid-value", "error", tree.at, { field: path, rule });
    return undefined;
  }
  return { kind: "duration", at: tree.at, ms: Math.round(seconds * 1e9) / 1e6 };
}

/** RFC 3339, kept as text. */
export function checkTimestamp(report: Report, path: string, tree: Tree): ScalarValue | undefined {
  const expected = "a time such as 2026-01-31T12:00:00Z";
  if (tree.kind !== "scalar" || typeof tree.value !== "string") {
    return wrongType(report, path, expected, tree);
  }
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[-+]\d\d:\d\d)$/;
  if (!form.test(tree.value) || Number.isNaN(Date.parse(tree.value))) {
    return wrongType(report, path, expected, tree);
  }
  return { kind: "scalar", at: tree.at, value: tree.value };
}

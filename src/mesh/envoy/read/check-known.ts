// Protobuf's well-known types, which have a JSON form of their own: durations, timestamps, wrappers, and the
// three that hold free JSON. Any is in check-any.ts.
import { checkDuration, checkScalar, checkTimestamp, wrongType } from "./check-scalar.ts";
import type { Report } from "./report.ts";
import type { Tree } from "./tree.ts";
import type { Json, MessageValue, Value } from "./value.ts";

const wrappers: Readonly<Record<string, string>> = {
  DoubleValue: "double",
  FloatValue: "float",
  Int64Value: "int64",
  UInt64Value: "uint64",
  Int32Value: "int32",
  UInt32Value: "uint32",
  BoolValue: "bool",
  StringValue: "string",
  BytesValue: "bytes",
};

const PACKAGE = "google.protobuf.";
const others = new Set([
  "Duration",
  "NullValue",
  "Timestamp",
  "FieldMask",
  "Struct",
  "Value",
  "ListValue",
  "Empty",
]);

/** Whether a type is one of this file's. */
export function isKnownType(type: string): boolean {
  if (!type.startsWith(PACKAGE)) return false;
  const name = type.slice(PACKAGE.length);
  return Object.hasOwn(wrappers, name) || others.has(name);
}

export function checkKnown(
  report: Report,
  path: string,
  type: string,
  tree: Tree,
): Value | undefined {
  const name = type.slice(PACKAGE.length);
  switch (name) {
    case "Duration":
      return checkDuration(report, path, tree);
    case "Timestamp":
      return checkTimestamp(report, path, tree);
    case "NullValue":
      if (tree.kind === "scalar" && (tree.value === "NULL_VALUE" || tree.value === 0)) {
        return { kind: "scalar", at: tree.at, value: 0 };
      }
      return wrongType(report, path, "null", tree);
    case "FieldMask":
      return checkScalar(report, path, "string", tree);
    case "Empty":
      return checkEmpty(report, path, type, tree);
    case "Struct":
      return tree.kind === "map"
        ? json(report, path, tree)
        : wrongType(report, path, "a map", tree);
    case "ListValue":
      return tree.kind === "list"
        ? json(report, path, tree)
        : wrongType(report, path, "a list", tree);
    case "Value":
      return json(report, path, tree);
    default:
      return checkScalar(report, path, wrappers[name]!, tree);
  }
}

function checkEmpty(
  report: Report,
  path: string,
  type: string,
  tree: Tree,
): MessageValue | undefined {
  if (tree.kind === "map" && tree.entries.length === 0) {
    return { kind: "message", type, at: tree.at, fields: new Map() };
  }
  return wrongType(report, path, "an empty map", tree);
}

function json(report: Report, path: string, tree: Tree): Value {
  return { kind: "json", at: tree.at, value: plain(report, path, tree), tree };
}

/** Free JSON as plain data; a key that stands twice is reported, as protobuf refuses it. */
export function plain(report: Report, path: string, tree: Tree): Json {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.map((item) => plain(report, path, item));
  const entries = new Map<string, Json>();
  for (const { key, at, value } of tree.entries) {
    if (entries.has(key)) {
      report.add("envoy-duplicate-key", "error", at, { field: `${path}[${key.slice(0, 60)}]` });
    }
    entries.set(key, plain(report, path, value));
  }
  return Object.fromEntries(entries);
}

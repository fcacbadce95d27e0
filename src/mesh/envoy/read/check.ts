// A tree → a checked message: every field is looked up, every value typed, every rule of Envoy's held against it.
// Nothing is silently ignored: what is unknown, of the wrong type or against a rule is reported at its place
// and left out. It knows the schema and proto3's JSON mapping, and no field by name.

import { articleField, articleMessage, listedMap } from "../schema/article.ts";
import type { FieldRow, MessageRow } from "../schema/row.ts";
import { enumOf, messageOf } from "../schema/schema.ts";
import { checkAny } from "./check-any.ts";
import { checkKnown, isKnownType } from "./check-known.ts";
import { checkEnum, checkScalar, isScalarType, wrongType } from "./check-scalar.ts";
import type { Report } from "./report.ts";
import { brokenRule, rulesInside } from "./rules.ts";
import { found, type MapTree, type Tree } from "./tree.ts";
import type { FieldValue, ListValue, MapValue, MessageValue, Value } from "./value.ts";

/** A message's name without its package, as findings say it. */
export const shortName = (type: string): string => type.slice(type.lastIndexOf(".") + 1);

const rowOf = (type: string): MessageRow => (messageOf(type) ?? articleMessage(type))!;

/** Reads a map as a message of the table; `path` names it in findings. */
export function checkMessage(report: Report, type: string, tree: Tree): MessageValue | undefined {
  if (tree.kind !== "map") return wrongType(report, shortName(type), "a map", tree);
  const row = rowOf(type);
  const fields = new Map<string, FieldValue>();
  const oneofs = new Map<string, string>();
  const tried = new Set<string>();
  for (const { key, at, value } of tree.entries) {
    const field = row.byName.get(key) ?? extra(report, row, key, at, value);
    if (field === undefined) continue;
    const path = `${shortName(type)}.${field.name}`;
    if (tried.has(field.name)) {
      report.add("envoy-duplicate-key", "error", at, { field: path });
      continue;
    }
    // null is the same as not set, but for fields that may hold it.
    if (isNull(value) && field.type !== "google.protobuf.Value") continue;
    tried.add(field.name);
    if (field.oneof !== undefined) {
      const other = oneofs.get(field.oneof);
      if (other !== undefined) {
        report.add("envoy-oneof", "error", at, { field: path, other });
        continue;
      }
      oneofs.set(field.oneof, field.name);
    }
    note(report, field, path, at);
    const checked = checkField(report, path, type, field, value);
    if (checked !== undefined) fields.set(field.name, { row: field, at, value: checked });
  }
  checkAbsent(report, row, tree, tried, oneofs);
  return { kind: "message", type, at: tree.at, fields };
}

const isNull = (tree: Tree): boolean => tree.kind === "scalar" && tree.value === null;

function note(report: Report, field: FieldRow, path: string, at: number): void {
  if (field.disallowed) report.add("envoy-disallowed", "error", at, { field: path });
  else if (field.deprecated) report.add("envoy-deprecated", "warning", at, { field: path });
}

/** A field of the article's, or the finding that there is none. */
function extra(
  report: Report,
  row: MessageRow,
  key: string,
  at: number,
  value: Tree,
): FieldRow | undefined {
  const ours = articleField(row.name, key);
  if (ours !== undefined) {
    report.add(ours.code, report.articleLevel, at, { value: found(value) });
    return ours.row;
  }
  const names = row.fields.map((field) => field.name);
  const all =
    names.length === 0
      ? "It has no fields"
      : `It has ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`;
  report.add("envoy-unknown-field", "error", at, {
    message: shortName(row.name),
    field: key.length > 60 ? `${key.slice(0, 57)}...` : key,
    suggestion: report.suggest(key, () => row.byName.keys(), all),
  });
  return undefined;
}

/** What is required, and the rules that an unset scalar breaks by its default. */
function checkAbsent(
  report: Report,
  row: MessageRow,
  tree: MapTree,
  tried: ReadonlySet<string>,
  oneofs: ReadonlyMap<string, string>,
): void {
  const message = shortName(row.name);
  for (const oneof of row.needed) {
    if (oneofs.has(oneof)) continue;
    const names = row.fields.filter((field) => field.oneof === oneof).map((field) => field.name);
    report.add("envoy-missing-field", "error", tree.at, { message, field: names.join(" or ") });
  }
  for (const field of row.fields) {
    if (field.rules.size === 0 || field.oneof !== undefined || tried.has(field.name)) continue;
    const unset = unsetValue(field, tree.at);
    const missing =
      field.rules.has("required") || (unset !== undefined && brokenRule(field.rules, unset));
    if (missing)
      report.add("envoy-missing-field", "error", tree.at, { message, field: field.name });
  }
}

/** The default that rules see; messages and wrappers have none. */
function unsetValue(field: FieldRow, at: number): Value | undefined {
  if (field.shape === "list") return { kind: "list", at, items: [] };
  if (field.shape === "map") return { kind: "map", at, entries: new Map() };
  if (field.rules.has("ignore_empty")) return undefined;
  if (isScalarType(field.type)) {
    const value = field.type === "string" ? "" : field.type === "bool" ? false : 0;
    return { kind: "scalar", at, value: field.type === "bytes" ? new Uint8Array(0) : value };
  }
  const zero = enumOf(field.type)?.byNumber.get(0);
  return zero === undefined ? undefined : { kind: "enum", at, name: zero.name, number: 0 };
}

function checkField(
  report: Report,
  path: string,
  message: string,
  field: FieldRow,
  tree: Tree,
): Value | undefined {
  const checked =
    field.shape === "list"
      ? checkList(report, path, field, tree)
      : field.shape === "map"
        ? checkMap(report, path, field, listed(report, message, field, tree))
        : checkOne(report, path, field.type, tree);
  if (checked === undefined) return undefined;
  const rule = brokenRule(field.rules, checked);
  if (rule === undefined) return checked;
  report.add("envoy-invalid-value", "error", tree.at, {
    field: path,
    rule: `${rule}, found ${found(tree)}`,
  });
  return undefined;
}

function checkList(
  report: Report,
  path: string,
  field: FieldRow,
  tree: Tree,
): ListValue | undefined {
  if (tree.kind !== "list") return wrongType(report, path, "a list", tree);
  const rules = rulesInside(field.rules, "items");
  const items = tree.items.flatMap((item): Value[] => {
    const checked = checkOne(report, path, field.type, item);
    if (checked === undefined) return [];
    const rule = brokenRule(rules, checked);
    if (rule === undefined) return [checked];
    report.add("envoy-invalid-value", "error", item.at, {
      field: path,
      rule: `${rule}, found ${found(item)}`,
    });
    return [];
  });
  return { kind: "list", at: tree.at, items };
}

/** The article's list of names, as the map that it means. */
function listed(report: Report, message: string, field: FieldRow, tree: Tree): Tree {
  if (tree.kind !== "list" || message !== listedMap.message || field.name !== listedMap.field) {
    return tree;
  }
  report.add("article-capability-list", report.articleLevel, tree.at);
  const entries = tree.items.flatMap((item) => {
    const empty = { kind: "map", at: item.at, entries: [] } as const;
    if (item.kind === "scalar" && typeof item.value === "string") {
      return [{ key: item.value, at: item.at, value: empty }];
    }
    // `- proxy_log: {}`
    if (item.kind === "map") return item.entries;
    wrongType(report, field.name, "a name", item);
    return [];
  });
  return { kind: "map", at: tree.at, entries };
}

const keyForms: Readonly<Record<string, RegExp>> = {
  string: /^/,
  bool: /^(?:true|false)$/,
};

function checkMap(report: Report, path: string, field: FieldRow, tree: Tree): MapValue | undefined {
  if (tree.kind !== "map") return wrongType(report, path, "a map", tree);
  const entries = new Map<string, { readonly at: number; readonly value: Value }>();
  const keyRules = rulesInside(field.rules, "keys");
  const form = keyForms[field.key!] ?? /^-?[0-9]{1,20}$/;
  for (const { key, at, value } of tree.entries) {
    const inside = `${path}[${key.length > 60 ? `${key.slice(0, 57)}...` : key}]`;
    if (entries.has(key)) report.add("envoy-duplicate-key", "error", at, { field: inside });
    if (!form.test(key)) {
      report.add("envoy-wrong-type", "error", at, {
        field: inside,
        expected: `a key of type ${field.key}`,
        found: key,
      });
    }
    const rule = brokenRule(keyRules, { kind: "scalar", at, value: key });
    if (rule !== undefined) report.add("envoy-invalid-value", "error", at, { field: inside, rule });
    const checked = checkOne(report, inside, field.type, value);
    if (checked !== undefined && !entries.has(key)) entries.set(key, { at, value: checked });
  }
  return { kind: "map", at: tree.at, entries };
}

/** One value of a type: a scalar, an enum, a well-known type, an Any, or a message. */
export function checkOne(
  report: Report,
  path: string,
  type: string,
  tree: Tree,
): Value | undefined {
  if (isScalarType(type)) return checkScalar(report, path, type, tree);
  if (type === "google.protobuf.Any") return checkAny(report, path, tree, checkOne);
  if (isKnownType(type)) return checkKnown(report, path, type, tree);
  if (enumOf(type) !== undefined) return checkEnum(report, path, type, tree);
  if (tree.kind !== "map") return wrongType(report, path, "a map", tree);
  return checkMessage(report, type, tree);
}

// google.protobuf.Any: a map whose `@type` names a message, the rest of it being that message. A TypedStruct is
// looked through: Envoy turns it into the message that it names.
import { envoyApiVersion } from "../../../spec/envoy-api.ts";
import { articleType } from "../schema/article.ts";
import { messageNames, messageOf } from "../schema/schema.ts";
import { isKnownType } from "./check-known.ts";
import { wrongType } from "./check-scalar.ts";
import type { Report } from "./report.ts";
import type { Entry, MapTree, Tree } from "./tree.ts";
import type { AnyValue, Value } from "./value.ts";

/** Reads a value of a type; given by check.ts, which this file must not import. */
type Check = (report: Report, path: string, type: string, tree: Tree) => Value | undefined;

const typedStructs = new Set(["xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"]);

/** The full name in a type URL: what stands behind the last slash. */
const nameOf = (url: string): string => url.slice(url.lastIndexOf("/") + 1);

function textOf(entry: Entry | undefined): string | undefined {
  return entry?.value.kind === "scalar" && typeof entry.value.value === "string"
    ? entry.value.value
    : undefined;
}

const only = (tree: MapTree, key: string): Entry | undefined =>
  tree.entries.find((entry) => entry.key === key);

export function checkAny(
  report: Report,
  path: string,
  tree: Tree,
  check: Check,
): AnyValue | undefined {
  if (tree.kind !== "map") return wrongType(report, path, "a map with an `@type`", tree);
  // Nothing at all is an Any too: FilterConfig means "on" by it.
  if (tree.entries.length === 0) return emptyAny(tree.at);
  const entry = only(tree, "@type");
  const url = textOf(entry);
  if (entry === undefined || url === undefined || nameOf(url) === "") {
    report.add("envoy-missing-type", "error", entry?.at ?? tree.at, { field: path });
    return undefined;
  }
  const name = nameOf(url);
  const rest = tree.entries.filter((one) => one !== entry);
  const body: MapTree = { kind: "map", at: tree.at, entries: rest };
  if (!url.includes("/")) {
    const expected = `type.googleapis.com/${name.slice(0, 100)}`;
    return wrongType(report, `${path}.@type`, expected, entry.value);
  }
  if (typedStructs.has(name)) {
    // Checked as what it is, then as what it stands for.
    check(report, path, name, body);
    const inner = textOf(only(body, "type_url") ?? only(body, "typeUrl"));
    const value = only(body, "value")?.value ?? { kind: "map", at: tree.at, entries: [] };
    const at = only(body, "type_url")?.at ?? entry.at;
    return inner === undefined ? undefined : typed(report, path, nameOf(inner), at, value, check);
  }
  if (isKnownType(name) || name === "google.protobuf.Any") {
    return known(report, path, name, tree, rest, check);
  }
  return typed(report, path, name, entry.at, body, check);
}

function emptyAny(at: number): AnyValue {
  const value = { kind: "message", type: "google.protobuf.Empty", at, fields: new Map() } as const;
  return { kind: "any", at, type: "", real: "", value };
}

/** Types with a JSON form of their own stand under `value`. */
function known(
  report: Report,
  path: string,
  type: string,
  tree: MapTree,
  rest: readonly Entry[],
  check: Check,
): AnyValue | undefined {
  if (type === "google.protobuf.Empty")
    return { kind: "any", at: tree.at, type, real: type, value: null };
  for (const { key, at } of rest) {
    if (key === "value") continue;
    const suggestion = "It has value";
    report.add("envoy-unknown-field", "error", at, { message: type, field: key, suggestion });
  }
  const entry = rest.find((one) => one.key === "value");
  if (entry === undefined) {
    report.add("envoy-missing-field", "error", tree.at, { message: type, field: "value" });
    return undefined;
  }
  const value = check(report, `${path}.value`, type, entry.value);
  return value === undefined ? undefined : { kind: "any", at: tree.at, type, real: type, value };
}

function typed(
  report: Report,
  path: string,
  type: string,
  at: number,
  body: Tree,
  check: Check,
): AnyValue | undefined {
  const ours = articleType(type);
  const real = ours ?? type;
  if (ours !== undefined) {
    report.add("article-type-url", report.articleLevel, at, { type, real });
  } else if (messageOf(type) === undefined) {
    const otherwise = "It is of another release, of a build of its own, or misspelt";
    report.add("envoy-unknown-type", "error", at, {
      version: envoyApiVersion,
      type: type.length > 120 ? `${type.slice(0, 117)}...` : type,
      suggestion: report.suggest(type, messageNames, otherwise),
    });
    return { kind: "any", at: body.at, type, real, value: null };
  }
  const value = check(report, path, real, body);
  return value === undefined ? undefined : { kind: "any", at: body.at, type, real, value };
}

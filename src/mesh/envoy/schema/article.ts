// What the article writes and Envoy's API does not have: fields and a type, each with the finding that says so.
// Their values are read like any other.
import type { Code } from "../../../errors/catalogue.ts";
import { type FieldRow, type MessageRow, messageRow, readField } from "./row.ts";

export interface ArticleField {
  readonly row: FieldRow;
  /** Reported where the field stands. */
  readonly code: Code;
}

const RUNTIME = "glovebox.article.Runtime";
const WASM = "envoy.extensions.wasm.v3";

/** Message, field, and code. */
const fields: readonly (readonly [string, string, Code])[] = [
  ["envoy.config.bootstrap.v3.Bootstrap", `runtime:0:${RUNTIME}`, "article-runtime"],
  [
    `${WASM}.CapabilityRestrictionConfig`,
    "max_capabilities_concurrent:0:uint32",
    "article-concurrent",
  ],
  [`${WASM}.PluginConfig`, "max_capabilities_concurrent:0:uint32", "article-concurrent"],
];

const byMessage = new Map<string, Map<string, ArticleField>>();
for (const [message, text, code] of fields) {
  const rows = byMessage.get(message) ?? new Map<string, ArticleField>();
  const row = readField(text, "");
  byMessage.set(message, rows.set(row.name, { row, code }).set(row.json, { row, code }));
}

const runtime = messageRow(
  RUNTIME,
  [readField("layered_runtime:1:envoy.config.bootstrap.v3.LayeredRuntime", "")],
  [],
);

/** A field that the article adds to a message. */
export function articleField(message: string, field: string): ArticleField | undefined {
  return byMessage.get(message)?.get(field);
}

/** A message that only the article has. */
export function articleMessage(name: string): MessageRow | undefined {
  return name === RUNTIME ? runtime : undefined;
}

const types: Readonly<Record<string, string>> = {
  "envoy.extensions.filters.http.wasm.v3.PluginConfig": `${WASM}.PluginConfig`,
};

/** The real message that a type of the article's stands for. */
export function articleType(name: string): string | undefined {
  return Object.hasOwn(types, name) ? types[name] : undefined;
}

/** The map that the article also writes as a list of its keys. */
export const listedMap = {
  message: `${WASM}.CapabilityRestrictionConfig`,
  field: "allowed_capabilities",
};

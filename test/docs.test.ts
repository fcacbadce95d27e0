// What is generated from tables and committed: pages and the JSON Schema equal their tables, and the schema
// agrees with the parser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inRepository, tableFiles } from "../scripts/docs.ts";
import { parsePolicy } from "../src/policy/document.ts";
import { policyJsonSchema } from "../src/policy/json-schema.ts";
import { fields } from "../src/policy/schema.ts";

for (const { path, text } of tableFiles) {
  test(`${path} is what its table says`, () => {
    assert.equal(
      readFileSync(inRepository(path), "utf8"),
      text(),
      "stale: run node dist/scripts/docs.js",
    );
  });
}

type Schema = { [key: string]: unknown };

/** The few words of JSON Schema that the policy's schema uses. */
function accepts(schema: Schema, value: unknown): boolean {
  const known = [
    "$schema",
    "$id",
    "title",
    "description",
    "default",
    "deprecated",
    "type",
    "additionalProperties",
    "properties",
    "required",
    "anyOf",
    "const",
    "enum",
    "pattern",
    "minLength",
    "minimum",
    "maximum",
    "items",
    "propertyNames",
    "maxProperties",
  ];
  for (const word of Object.keys(schema)) assert.ok(known.includes(word), word);
  const is = (type: unknown) => {
    if (type === "null") return value === null;
    if (type === "array") return Array.isArray(value);
    if (type === "integer") return Number.isInteger(value);
    if (type === "object")
      return typeof value === "object" && value !== null && !Array.isArray(value);
    return typeof value === type;
  };
  if (schema.type !== undefined && !is(schema.type)) return false;
  if ("const" in schema && value !== schema.const) return false;
  if (schema.enum !== undefined && !(schema.enum as unknown[]).includes(value)) return false;
  if (schema.anyOf !== undefined && !(schema.anyOf as Schema[]).some((one) => accepts(one, value)))
    return false;
  if (typeof value === "string") {
    if (schema.pattern !== undefined && !new RegExp(schema.pattern as string, "u").test(value))
      return false;
    if (value.length < ((schema.minLength as number | undefined) ?? 0)) return false;
  }
  if (typeof value === "number") {
    if (value < ((schema.minimum as number | undefined) ?? value)) return false;
    if (value > ((schema.maximum as number | undefined) ?? value)) return false;
  }
  if (Array.isArray(value) && schema.items !== undefined)
    return value.every((one) => accepts(schema.items as Schema, one));
  if (!is("object")) return true;
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const entries = Object.entries(value as object);
  if (entries.length > ((schema.maxProperties as number | undefined) ?? entries.length))
    return false;
  if (((schema.required ?? []) as string[]).some((name) => !entries.some(([key]) => key === name)))
    return false;
  return entries.every(([key, one]) => {
    if (schema.propertyNames !== undefined && !accepts(schema.propertyNames as Schema, key))
      return false;
    if (Object.hasOwn(properties, key)) return accepts(properties[key]!, one);
    if (schema.additionalProperties === false) return false;
    return (
      schema.additionalProperties === undefined ||
      accepts(schema.additionalProperties as Schema, one)
    );
  });
}

function policy(path: string, value: unknown): object {
  const document: Record<string, unknown> = {
    apiVersion: "glovebox.dev/v1alpha1",
    kind: "PluginPolicy",
    metadata: { name: "p" },
  };
  const parts = path.split(".");
  let at = document;
  for (const part of parts.slice(0, -1)) at = (at[part] ??= {}) as Record<string, unknown>;
  at[parts.at(-1)!] = value;
  return document;
}

function parses(document: object): boolean {
  try {
    parsePolicy(JSON.stringify(document), "p.json");
    return true;
  } catch {
    return false;
  }
}

test("the schema and the parser agree on every field for good and bad values", () => {
  const schema = policyJsonSchema();
  const values: unknown[] = [
    null,
    true,
    false,
    0,
    1,
    -1,
    1.5,
    5000,
    65_536,
    2 ** 53 - 1,
    "",
    "a",
    "a b",
    "64MiB",
    "1_000_000",
    "100ms",
    "5s",
    "64MB",
    "closed",
    "trap",
    "info",
    "auth",
    "glovebox.dev/v1alpha1",
    "PluginPolicy",
    "v1",
    "exact",
    "a".repeat(64),
    `sha256:${"a".repeat(64)}`,
    [],
    ["a"],
    ["proxy_log", "proxy_on_tick"],
    ["get_buffer"],
    [1],
    [["a"]],
    {},
    { proxy_log: {} },
    { proxy_log: null },
    { proxy_log: 1 },
    [{ publicKey: "k" }],
    [{ publickey: "k" }],
  ];
  let good = 0;
  for (const { path } of fields) {
    for (const value of values) {
      const document = policy(path, value);
      const parsed = parses(document);
      if (parsed) good++;
      // The schema has no bounds for values with a unit, the parser has.
      const unit = typeof value === "string" && /^\d/.test(value);
      if (unit && !parsed) continue;
      assert.equal(accepts(schema, document), parsed, `${path}: ${JSON.stringify(value)}`);
    }
  }
  assert.ok(good > 2 * fields.length, String(good));
});

test("the schema refuses what the parser refuses: unknown and missing fields", () => {
  const schema = policyJsonSchema();
  for (const document of [
    policy("spec.memory", 1),
    policy("extra", 1),
    { kind: "PluginPolicy" },
    { ...policy("spec", {}), metadata: {} },
  ]) {
    assert.equal(accepts(schema, document), false);
    assert.equal(parses(document), false);
  }
  assert.equal(accepts(schema, policy("spec", {})), true);
});

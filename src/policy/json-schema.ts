// The JSON Schema of a policy, built from the schema table so that editors complete and check what the parser
// accepts. It is looser than the parser only where JSON Schema has no words for a rule (`allow` beside
// `allow+`, bounds of values written with a unit).
import { aliases } from "../spec/aliases.ts";
import { capabilityNames } from "./capabilities.ts";
import { API_VERSION, type Field, fields, groups, KIND, members } from "./schema.ts";
import { patterns } from "./values.ts";

type Json = Readonly<Record<string, unknown>>;

/** The whole schema, as a value for JSON.stringify. */
export function policyJsonSchema(): Json {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `https://${API_VERSION}/policy.schema.json`,
    title: KIND,
    ...group(""),
  };
}

function group(path: string): Json {
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  for (const name of members(path)) {
    const inner = path === "" ? name : `${path}.${name}`;
    const row = (fields as readonly Field[]).find((one) => one.path === inner);
    properties[name] = row === undefined ? group(inner) : leaf(row);
    const needed = (fields as readonly Field[]).some(
      (one) => one.required === true && (one.path === inner || one.path.startsWith(`${inner}.`)),
    );
    if (needed) required.push(name);
  }
  const base = {
    description: groups[path],
    type: "object",
    additionalProperties: false,
    properties,
  };
  return required.length === 0 ? base : { ...base, required };
}

function leaf(row: Field): Json {
  const byDefault = row.default === null ? {} : { default: row.default };
  return { description: row.doc, ...byDefault, ...form(row) };
}

function form(row: Field): Json {
  switch (row.kind) {
    case "text":
      return { type: "string", minLength: 1 };
    case "name":
    case "sha256":
    case "digest":
      return { type: "string", pattern: patterns[row.kind].source };
    case "choice":
      return row.choices?.length === 1 ? { const: row.choices[0] } : { enum: row.choices };
    case "flag":
      return { type: "boolean" };
    case "count":
    case "size": {
      const text = { type: "string", pattern: patterns[row.kind].source };
      return { anyOf: [{ type: "integer", minimum: row.min, maximum: row.max }, text] };
    }
    case "duration":
      return { type: "string", pattern: patterns.duration.source };
    case "texts":
      return { type: "array", items: { type: "string", minLength: 1 } };
    case "prefixes":
    case "headers":
    case "properties":
      return { type: "array", items: { type: "string", pattern: patterns[row.kind].source } };
    case "statuses": {
      const text = { type: "string", pattern: patterns.statuses.source };
      return {
        type: "array",
        items: { anyOf: [{ type: "integer", minimum: 100, maximum: 999 }, text] },
      };
    }
    case "buffers":
      return { type: "array", items: { enum: row.choices } };
    case "keys": {
      const key = {
        type: "string",
        minLength: 1,
        description: "Path of a public key, relative to this file.",
      };
      const item = {
        type: "object",
        additionalProperties: false,
        properties: { publicKey: key },
        required: ["publicKey"],
      };
      return { type: "array", items: item };
    }
    case "capabilities": {
      const translated = { enum: aliases.map((one) => one.alias), deprecated: true };
      const name = { anyOf: [{ enum: capabilityNames }, translated] };
      const value = { anyOf: [{ type: "null" }, { type: "object", maxProperties: 0 }] };
      return {
        anyOf: [
          { type: "array", items: name },
          { type: "object", propertyNames: name, additionalProperties: value },
        ],
      };
    }
  }
}

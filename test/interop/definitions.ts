// Definitions of objects as their projects publish them → JSON Schemas that refuse unknown fields, for kubeconform.
// scripts/lib/mesh-parties.mjs fetches the definitions and names their folder.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

export interface Definition {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly versions: readonly {
    readonly name: string;
    readonly schema: { readonly openAPIV3Schema: object };
  }[];
  /** The whole object, as a cluster takes it. */
  readonly object: object;
}

interface Crd {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: Definition["versions"];
  };
}

/** Conditions that Helm wraps around what a chart brings. */
const withoutTemplates = (text: string): string =>
  text
    .split("\n")
    .filter((line) => !/^\s*\{\{.*\}\}\s*$/.test(line))
    .join("\n");

/** Every definition in the folder; empty where there is none. */
export function definitions(
  folder = process.env.GLOVEBOX_DEFINITIONS ?? "",
): readonly Definition[] {
  if (folder === "") return [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return files.sort().flatMap((name) => {
    const text = withoutTemplates(readFileSync(join(folder, name), "utf8"));
    return parseAllDocuments(text, { logLevel: "silent" })
      .map((document) => document.toJS() as Crd | null)
      .filter((crd) => crd?.kind === "CustomResourceDefinition")
      .map((crd) => {
        const { group, names, versions } = crd!.spec;
        return { group, kind: names.kind, plural: names.plural, versions, object: crd! };
      });
  });
}

type Schema = { [key: string]: unknown };

/** The same schema, in which an object has no fields but its own. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const made: Schema = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  const open = made["x-kubernetes-preserve-unknown-fields"] === true;
  if (made.properties !== undefined && made.additionalProperties === undefined && !open) {
    made.additionalProperties = false;
  }
  if (made["x-kubernetes-int-or-string"] === true) {
    delete made.type;
    made.oneOf = [{ type: "string" }, { type: "integer" }];
  }
  return made;
}

/** Writes a schema for each version of each kind; answers the template that names them. */
export function writeSchemas(all: readonly Definition[], folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const { group, kind, versions } of all) {
    for (const { name, schema } of versions) {
      const made = closed(schema.openAPIV3Schema) as Schema & { properties: Schema };
      // What every object has, and definitions leave to the server.
      Object.assign(made.properties, {
        apiVersion: { type: "string" },
        kind: { type: "string" },
        metadata: { type: "object" },
      });
      const file = `${group}_${kind.toLowerCase()}_${name}.json`;
      writeFileSync(join(folder, file), JSON.stringify(made));
    }
  }
  return join(folder, "{{ .Group }}_{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json");
}

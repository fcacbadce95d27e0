// `policy explain`: the rows of the schema table, chosen by path, as text. The same rows make the reference
// page and the JSON Schema.
import { fail } from "../errors/failure.ts";
import { closest } from "../util/closest.ts";
import { role } from "./roles.ts";
import { type Field, fields, groups } from "./schema.ts";
import { show } from "./values.ts";

const kinds: Readonly<Record<Field["kind"], string>> = {
  text: "text",
  name: "name",
  sha256: "64 hex digits",
  digest: "sha256:HEX",
  choice: "choice",
  flag: "true or false",
  count: "number",
  size: "size (64MiB, 256KiB)",
  duration: "duration (100ms, 5s)",
  texts: "list of texts",
  prefixes: "list of beginnings of names",
  headers: "list of [MAP:]HEADER",
  properties: "list of dotted paths",
  statuses: "list of statuses (401, 4xx, 500-503)",
  buffers: "list of buffers",
  capabilities: "list of names",
  keys: "list of publicKey: FILE",
};

/** A path as in the document, with or without `spec.`; the rows at or below it, all without a path. */
export function explainPolicy(path?: string): readonly Field[] {
  const all: readonly Field[] = fields;
  if (path === undefined || path === "") return all;
  for (const full of [path, `spec.${path}`]) {
    const rows = all.filter((row) => row.path === full || row.path.startsWith(`${full}.`));
    if (rows.length > 0) return rows;
  }
  const known = [
    ...all.map((row) => row.path),
    ...Object.keys(groups).filter((name) => name !== ""),
  ];
  const names = new Map(
    known.flatMap(
      (name) =>
        [
          [name, name],
          [name.replace(/^spec\./, ""), name],
        ] as const,
    ),
  );
  const near = closest(path, names.keys());
  const shown = path.length > 100 ? `${path.slice(0, 97)}...` : path;
  return fail("policy-unknown-path", {
    path: shown,
    closest: near === undefined ? "spec" : names.get(near)!,
  });
}

/** Bounds, choices or form of a field's value, in a few words. */
export function describeKind(row: Field): string {
  if (row.kind === "buffers") return `list of ${row.choices?.join(" | ")}`;
  if (row.choices !== undefined) return row.choices.join(" | ");
  if (row.min === undefined || row.max === undefined) return kinds[row.kind];
  return `${kinds[row.kind]}, ${show(row, row.min)} to ${show(row, row.max)}`;
}

/** The default as a document would write it; undefined where there is none. */
export function describeDefault(row: Field): string | undefined {
  if (row.default === null) return undefined;
  if (typeof row.default === "number") return show(row, row.default);
  if (typeof row.default === "object") return "[]";
  return String(row.default);
}

/** Text for a terminal: one block a field. Ends with a line break. */
export function renderExplanation(rows: readonly Field[]): string {
  return rows.map((row) => `${block(row).join("\n")}\n`).join("\n");
}

function block(row: Field): readonly string[] {
  const lines = [row.path, `  ${row.doc}`, `  value:    ${describeKind(row)}`];
  const byDefault = describeDefault(row);
  if (row.required === true) lines.push("  required");
  else lines.push(`  default:  ${byDefault ?? "not set"}`);
  if (row.needs !== undefined) lines.push(`  rule for: ${row.needs.join(", ")}`);
  if (row.path === "spec.role") {
    for (const name of row.choices ?? []) lines.push(`  ${name.padEnd(16)}${role(name)!.what}`);
  }
  return lines;
}

// YAML inside a YAML text: a MeshProxyPatch's value, a ConfigMap's file. What stands behind `|` is the file's own text
// but for its indentation, so that each of its places is one in the file; of other forms only the beginning is known.
import { Failure } from "../../errors/failure.ts";
import { readJson } from "../envoy/read/read-json.ts";
import { position, type ScalarTree, type Source, sourceOf, type Tree } from "../envoy/read/tree.ts";
import { readYaml } from "../envoy/read/yaml/read-yaml.ts";
import type { TextFile } from "../model.ts";

/** Offset in the inner text → offset in the file. */
type Place = (at: number) => number;

function literal(file: TextFile, tree: ScalarTree): Place | undefined {
  const { text, source } = file;
  if (text[tree.at] !== "|" || typeof tree.value !== "string") return undefined;
  const first = text.indexOf("\n", tree.at) + 1;
  const inner = sourceOf(tree.value, "");
  // The inner text's first line with anything on it stands as deep as all of them.
  const lines = tree.value.split("\n");
  const filled = lines.findIndex((line) => line.trim() !== "");
  if (first === 0 || filled < 0) return undefined;
  const firstLine = position(source, first).line - 1;
  const start = source.lineStarts[firstLine + filled];
  if (start === undefined) return undefined;
  const column = text.indexOf(lines[filled]!, start) - start;
  if (column < 0) return undefined;
  return (at) => {
    const { line, column: inside } = position(inner, at);
    return (source.lineStarts[firstLine + line - 1] ?? tree.at) + column + inside - 1;
  };
}

function moved(tree: Tree, place: Place): Tree {
  const at = place(tree.at);
  if (tree.kind === "scalar") return { ...tree, at };
  if (tree.kind === "list") {
    return { kind: "list", at, items: tree.items.map((item) => moved(item, place)) };
  }
  const entries = tree.entries.map((entry) => ({
    key: entry.key,
    at: place(entry.at),
    value: moved(entry.value, place),
  }));
  return { kind: "map", at, entries };
}

export interface Embedded {
  readonly tree: Tree | undefined;
  /** Why it can't be read, and where in the file. */
  readonly problem: { readonly reason: string; readonly at: number } | null;
}

/** Reads a scalar's text as YAML or JSON, with the file's places. */
export function readEmbedded(file: TextFile, scalar: ScalarTree): Embedded {
  const text = String(scalar.value ?? "");
  const place: Place = literal(file, scalar) ?? (() => scalar.at);
  const source: Source = sourceOf(text, file.name);
  try {
    const tree = readJson(text, source) ?? readYaml(text, source);
    return { tree: tree === undefined ? undefined : moved(tree, place), problem: null };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { where } = error;
    const line = where?.at === "file" ? (where.line ?? 1) : 1;
    const column = where?.at === "file" ? (where.column ?? 1) : 1;
    const at = place((source.lineStarts[line - 1] ?? 0) + column - 1);
    return { tree: undefined, problem: { reason: error.message, at } };
  }
}

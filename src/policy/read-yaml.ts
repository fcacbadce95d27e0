// YAML or JSON text → plain nodes with positions. What a policy has no use for is refused here, before
// anything can grow: too many bytes, several documents, anchors, aliases, tags, duplicate and odd keys. Each
// problem is one Failure with file, line and column. Knows nothing about policies' fields.

import type { Node, ParsedNode } from "yaml";
import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import { fail } from "../errors/failure.ts";
import type { Where } from "../errors/where.ts";
import { API_VERSION, KIND } from "./schema.ts";
import { type Entry, found, type Scalar, type Tree } from "./tree.ts";

/** The most bytes of text that are parsed. */
export const MAX_BYTES = 128 * 1024;

/** Nested maps and lists; a policy needs five. */
const MAX_DEPTH = 32;

interface Reader {
  readonly file: string;
  readonly lines: LineCounter;
}

function at(reader: Reader, offset: number | undefined): Where {
  const { line, col } = reader.lines.linePos(offset ?? 0);
  return { at: "file", file: reader.file, line: Math.max(1, line), column: Math.max(1, col) };
}

/**
 * Reads one document. Throws a Failure for anything that is not one map of plain values; never another error,
 * whatever the text.
 */
export function readYaml(text: string, file: string): Extract<Tree, { kind: "map" }> {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) fail("policy-too-large", { bytes, max: MAX_BYTES }, { at: "file", file });
  const reader: Reader = { file, lines: new LineCounter() };
  try {
    return readDocument(text, reader);
  } catch (error) {
    if (error instanceof RangeError) {
      return fail("policy-bad-yaml", { reason: "nested too deeply" }, { at: "file", file }, error);
    }
    throw error;
  }
}

function readDocument(text: string, reader: Reader): Extract<Tree, { kind: "map" }> {
  // Keys are compared by readMap: the library's own check takes quadratic time.
  const documents = parseAllDocuments(text, {
    lineCounter: reader.lines,
    prettyErrors: false,
    uniqueKeys: false,
    merge: false,
    resolveKnownTags: false,
    logLevel: "silent",
  });
  if (!Array.isArray(documents)) return failEmpty(reader);
  for (const document of documents) {
    const problem = document.errors[0];
    if (problem !== undefined) {
      const [line = ""] = problem.message.split("\n");
      // The library reports its own overflow as an error of the document.
      const reason = /call stack/.test(line) ? "nested too deeply" : cut(line);
      fail("policy-bad-yaml", { reason }, at(reader, problem.pos[0]));
    }
  }
  const [first, second] = documents;
  if (second !== undefined) {
    fail("policy-several-documents", { count: documents.length }, at(reader, second.range[0]));
  }
  const contents = first?.contents ?? null;
  if (contents === null || (isScalar(contents) && contents.value === null))
    return failEmpty(reader);
  const tree = read(contents, reader, 0);
  if (tree.kind === "map") return tree;
  return fail(
    "policy-wrong-type",
    { path: "policy", expected: "a map", found: found(tree) },
    tree.where,
  );
}

/** Messages quote the text; a quarter of a line of it is enough. */
function cut(message: string): string {
  return message.length > 200 ? `${message.slice(0, 197)}...` : message;
}

function failEmpty(reader: Reader): never {
  return fail(
    "policy-empty",
    { apiVersion: API_VERSION, kind: KIND },
    { at: "file", file: reader.file },
  );
}

/** An alias is refused by its anchor, which is met first. */
function read(node: Node | null, reader: Reader, depth: number): Tree {
  const where = at(reader, node?.range?.[0]);
  if (depth > MAX_DEPTH) fail("policy-bad-yaml", { reason: "nested too deeply" }, where);
  if (node === null) return { kind: "scalar", where, value: null, source: "" };
  if ("anchor" in node && node.anchor !== undefined)
    fail("policy-anchor", { what: "an anchor (&)" }, where);
  if (node.tag !== undefined) fail("policy-anchor", { what: "a tag (!)" }, where);
  if (isMap(node)) return { kind: "map", where, entries: readMap(node.items, reader, depth) };
  if (isSeq(node)) {
    return {
      kind: "list",
      where,
      items: node.items.map((item) => read(item as ParsedNode, reader, depth + 1)),
    };
  }
  if (isScalar(node)) {
    const { value } = node;
    const plain = value === null || ["string", "number", "boolean"].includes(typeof value);
    if (plain)
      return {
        kind: "scalar",
        where,
        value: value as Scalar,
        source: node.source ?? String(value),
      };
  }
  return fail("policy-bad-yaml", { reason: "a value of an unknown kind" }, where);
}

function readMap(
  items: readonly { readonly key: unknown; readonly value: unknown }[],
  reader: Reader,
  depth: number,
): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const { key, value } of items) {
    const keyTree = read(key as ParsedNode | null, reader, depth + 1);
    if (keyTree.kind !== "scalar" || typeof keyTree.value !== "string") {
      return fail(
        "policy-wrong-type",
        { path: "key", expected: "a word", found: found(keyTree) },
        keyTree.where,
      );
    }
    if (entries.has(keyTree.value))
      fail("policy-duplicate-key", { path: keyTree.value }, keyTree.where);
    const tree = read(value as ParsedNode | null, reader, depth + 1);
    // An empty value has no place of its own.
    const placed = value === null ? { ...tree, where: keyTree.where } : tree;
    entries.set(keyTree.value, { where: keyTree.where, tree: placed });
  }
  return entries;
}

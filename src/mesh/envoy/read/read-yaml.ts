// YAML text → a tree with offsets. Aliases are followed, as Envoy does, and each use counts towards the bound on
// values, so that a small text cannot stand for a large one. Tags and odd keys are refused.
import type { Node, ParsedNode } from "yaml";
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import { fail } from "../../../errors/failure.ts";
import { failDepth, failValues, MAX_DEPTH, MAX_VALUES } from "./bounds.ts";
import { plainScalar } from "./scalar.ts";
import { type Entry, type Source, type Tree, whereOf } from "./tree.ts";

/** A tree with what it counts for when it is used again. */
interface Built {
  readonly tree: Tree;
  readonly values: number;
  /** Levels of maps and lists in it. */
  readonly height: number;
}

interface Reader {
  readonly source: Source;
  readonly anchors: Map<string, Built>;
}

/** The tree of the one document; undefined where there is none. */
export function readYaml(text: string, source: Source): Tree | undefined {
  try {
    return readDocument(text, source);
  } catch (error) {
    // The library's reader calls itself, level by level.
    if (error instanceof RangeError) return failDepth(source, 0);
    throw error;
  }
}

function readDocument(text: string, source: Source): Tree | undefined {
  // Every scalar comes as text. Keys are compared later: the library's own check takes quadratic time.
  const documents = parseAllDocuments(text, {
    prettyErrors: false,
    uniqueKeys: false,
    merge: false,
    schema: "failsafe",
    logLevel: "silent",
  });
  if (!Array.isArray(documents)) return undefined;
  for (const document of documents) {
    const problem = document.errors[0];
    if (problem === undefined) continue;
    const [line = ""] = problem.message.split("\n");
    if (/call stack/.test(line)) return failDepth(source, problem.pos[0]);
    fail("envoy-bad-yaml", { reason: cut(line) }, whereOf(source, problem.pos[0]));
  }
  const [first, second] = documents;
  if (second !== undefined) {
    fail(
      "envoy-bad-yaml",
      { reason: `${documents.length} documents where one is read` },
      whereOf(source, second.range[0]),
    );
  }
  const contents = first?.contents ?? null;
  if (contents === null) return undefined;
  return build(contents, { source, anchors: new Map() }, 0, 0).tree;
}

/** Messages quote the text; a quarter of a line of it is enough. */
function cut(message: string): string {
  return message.length > 200 ? `${message.slice(0, 197)}...` : message;
}

/** `at` is where an empty value is said to stand. */
function build(node: Node | null, reader: Reader, depth: number, at: number): Built {
  if (node === null) return scalar(at, null, "");
  const start = node.range?.[0] ?? at;
  if (isAlias(node)) return follow(node.source, reader, depth, start);
  if (depth > MAX_DEPTH) failDepth(reader.source, start);
  if (node.tag !== undefined) {
    fail("envoy-bad-yaml", { reason: "a tag (!) is not read" }, whereOf(reader.source, start));
  }
  const built = content(node, reader, depth, start);
  if (built.values > MAX_VALUES) failValues(reader.source, start);
  const { anchor } = node as { readonly anchor?: string };
  if (anchor !== undefined) reader.anchors.set(anchor, built);
  return built;
}

function follow(name: string, reader: Reader, depth: number, at: number): Built {
  const target = reader.anchors.get(name);
  if (target === undefined) {
    const reason = `the alias *${cut(name)} names nothing that ends before it`;
    return fail("envoy-bad-yaml", { reason }, whereOf(reader.source, at));
  }
  if (depth + target.height > MAX_DEPTH) failDepth(reader.source, at);
  return target;
}

function scalar(at: number, value: Exclude<Tree, { kind: "map" | "list" }>["value"], text: string) {
  return { tree: { kind: "scalar", at, value, source: text }, values: 1, height: 0 } as const;
}

function content(node: Node, reader: Reader, depth: number, at: number): Built {
  if (isScalar(node)) {
    const text = String(node.value ?? "");
    const value = node.type === "PLAIN" ? plainScalar(text) : text;
    // A bare key has an empty value, which Envoy reads as nothing.
    return scalar(at, value, text);
  }
  let values = 1;
  let height = 0;
  const add = (child: Built): Tree => {
    values += child.values;
    height = Math.max(height, child.height);
    return child.tree;
  };
  if (isSeq(node)) {
    const items = node.items.map((item) => add(build(item as Node, reader, depth + 1, at)));
    return { tree: { kind: "list", at, items }, values, height: height + 1 };
  }
  if (!isMap(node)) return fail("envoy-bad-yaml", { reason: "a value of an unknown kind" });
  const entries = node.items.map(({ key, value }): Entry => {
    const keyAt = (key as ParsedNode | null)?.range?.[0] ?? at;
    if (!isScalar(key)) {
      fail("envoy-bad-yaml", { reason: "a key that is no word" }, whereOf(reader.source, keyAt));
    }
    const tree = add(build(value as Node | null, reader, depth + 1, keyAt));
    return { key: String(key.value ?? ""), at: keyAt, value: tree };
  });
  return { tree: { kind: "map", at, entries }, values, height: height + 1 };
}

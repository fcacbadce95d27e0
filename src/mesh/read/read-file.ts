// One file's text → the documents in it that matter here, and what can't be read, each with its place. What isn't
// about plugins is counted and left alone. Hostile text ends in findings, never in another error.
import type { Code } from "../../errors/catalogue.ts";
import { Failure } from "../../errors/failure.ts";
import { readJson } from "../envoy/read/read-json.ts";
import { type MapTree, position, sourceOf, type Tree } from "../envoy/read/tree.ts";
import { readYamlAt } from "../envoy/read/yaml/read-yaml.ts";
import type { MeshDocument, SchemaNote, TextFile } from "../model.ts";
import { withoutMerges } from "./merge-keys.ts";
import { readDocument } from "./read-document.ts";
import { mayMatter, type Piece, split } from "./split.ts";
import { entryOf, itemsUnder } from "./tree-access.ts";

export interface FileRead {
  readonly file: TextFile;
  readonly documents: readonly MeshDocument[];
  /** What couldn't be read, and why. */
  readonly problems: readonly SchemaNote[];
  /** Documents that are not about plugins. */
  readonly skipped: number;
}

export interface ReadOptions {
  /** Whether documents are patches of others, such as kustomize's. */
  readonly partial?: boolean;
  /** Reads every document, whatever it seems to be about. For tests of the prefilter. */
  readonly everything?: boolean;
}

/** What Helm and its like leave in a text that they haven't rendered, `{{ name }}` of the plainest included. */
const template =
  /\{\{-?\s*(?:[.$]|(?:include|template|if|else|range|with|end|define|block|toYaml|tpl|quote|default|printf|required|nindent|lookup)\b|\/\*|[A-Za-z_][\w.]{0,99}\s{0,9}\}\})/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

function problemOf(file: TextFile, piece: Piece, failure: Failure): SchemaNote {
  const at = offsetOf(file, failure) ?? piece.from;
  const found = template.exec(file.text.slice(piece.from, piece.to));
  if (found !== null && failure.code === "envoy-bad-yaml") {
    return { code: "manifest-template", level: "info", at: piece.from + found.index, args: {} };
  }
  const code: Code = failure.code === "envoy-bad-yaml" ? "manifest-syntax" : "document-too-large";
  const reason = failure.code === "envoy-bad-yaml" ? failure.args.reason : failure.message;
  return { code, level: "error", at, args: { reason: reason ?? failure.message } };
}

function offsetOf({ source }: TextFile, { where }: Failure): number | undefined {
  if (where?.at !== "file" || where.line === undefined) return undefined;
  return (source.lineStarts[where.line - 1] ?? 0) + (where.column ?? 1) - 1;
}

/** What is looked for once in a file, and not once a document. */
interface Signs {
  /** Offset of the next control character at or behind a document's beginning. */
  readonly control: (from: number) => number;
  readonly merges: boolean;
}

function signsOf(text: string): Signs {
  let known = -1;
  return {
    control: (from) => {
      if (known >= from) return known;
      control.lastIndex = from;
      known = control.exec(text)?.index ?? Number.POSITIVE_INFINITY;
      return known;
    },
    merges: text.includes("<<"),
  };
}

function treeOf(file: TextFile, piece: Piece, alone: boolean, signs: Signs): Tree | undefined {
  const { text, source } = file;
  const json = alone ? readJson(text, source) : undefined;
  if (json !== undefined) return json;
  const bad = signs.control(piece.from);
  if (bad < piece.to) {
    const { line, column } = position(source, bad);
    const where = { at: "file", file: file.name, line, column } as const;
    throw new Failure("envoy-bad-yaml", { reason: "a control character" }, where);
  }
  const tree = readYamlAt(text, source, piece.from);
  return tree !== undefined && signs.merges ? withoutMerges(tree) : tree;
}

/** A document's maps: itself, the items of a `List`, or those of a list at the top. */
function rootsOf(tree: Tree): readonly MapTree[] {
  if (tree.kind === "scalar") return [];
  if (tree.kind === "list") return tree.items.filter((item) => item.kind === "map");
  const kind = entryOf(tree, "kind")?.value;
  const isList = kind?.kind === "scalar" && String(kind.value).endsWith("List");
  const items = isList ? itemsUnder(tree, "items") : [];
  return items.length === 0 ? [tree] : items.filter((item) => item.kind === "map");
}

/** Reads a file's text. */
export function readFileText(name: string, text: string, options: ReadOptions = {}): FileRead {
  const plain = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const file: TextFile = { name, text: plain, source: sourceOf(plain, name) };
  const pieces = split(plain);
  const signs = signsOf(plain);
  const documents: MeshDocument[] = [];
  const problems: SchemaNote[] = [];
  let skipped = 0;
  for (const piece of pieces) {
    const matters = mayMatter(plain.slice(piece.from, piece.to));
    if (!matters && options.everything !== true) {
      skipped++;
      continue;
    }
    try {
      const tree = treeOf(file, piece, pieces.length === 1, signs);
      const roots = tree === undefined ? [] : rootsOf(tree);
      const read = roots.flatMap(
        (root) => readDocument(file, piece, root, options.partial === true) ?? [],
      );
      if (read.length === 0) skipped++;
      documents.push(...read);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems.push(problemOf(file, piece, error));
    }
  }
  return { file, documents, problems, skipped };
}

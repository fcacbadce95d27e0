// Configuration as a tree with comments, and its two forms: YAML for people, plain data for programs. The same tree
// always gives the same text. Values may come from anywhere: none can end a line or be taken for something else.

export interface Entry {
  readonly key: string;
  readonly value: Node;
  /** Sentences above the entry, each a comment of its own. */
  readonly above?: readonly string[];
  /** A comment beside it; only where the value is one scalar or empty. */
  readonly beside?: string;
}

export interface MapNode {
  readonly entries: readonly Entry[];
}

/** Lines of text that stand as they are, such as YAML that a field takes as a string. Ends with a line feed. */
export interface BlockNode {
  readonly block: string;
}

export type Node = string | number | boolean | MapNode | BlockNode | readonly Node[];

/** What comment lines may be wide, their indentation included. */
const WIDTH = 110;

/** A map of entries, in this order. */
export function map(...entries: readonly Entry[]): MapNode {
  return { entries };
}

/** An entry, with a comment beside it where one is given. */
export function at(key: string, value: Node, beside?: string): Entry {
  return beside === undefined ? { key, value } : { key, value, beside };
}

/** An entry with comments above it. */
export function under(above: readonly string[], entry: Entry): Entry {
  return { ...entry, above };
}

type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** Plain data as a tree without comments. */
export function tree(value: Plain): Node {
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(tree);
  return map(...Object.entries(value).map(([key, one]) => at(key, tree(one))));
}

const isBlock = (node: Node): node is BlockNode => typeof node === "object" && "block" in node;
const isList = (node: Node): node is readonly Node[] => Array.isArray(node);
const isMap = (node: Node): node is MapNode =>
  typeof node === "object" && !isList(node) && !isBlock(node);

/** The same without comments. */
export function bare(node: Node): Node {
  if (typeof node !== "object" || isBlock(node)) return node;
  if (isList(node)) return node.map(bare);
  return map(...node.entries.map(({ key, value }) => at(key, bare(value))));
}

/** The tree as JSON-able data. */
export function plain(node: Node): unknown {
  if (typeof node !== "object") return node;
  if (isBlock(node)) return node.block;
  if (isList(node)) return node.map(plain);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value)]));
}

/** Plain where YAML 1.1 and 1.2 can only read it as this text, quoted otherwise. */
function scalar(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const word = /^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  if (/^[A-Za-z][A-Za-z0-9./_-]*$/.test(value) && !word) return value;
  // Where double quotes would need escapes and nothing else does, single ones are easier to read.
  if (/^[ -~]*"[ -~]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escaped);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");

/** A sentence as comment lines of at most a page's width. */
function comment(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of oneLine(text).split(" ")) {
    if (line.length + word.length >= WIDTH && line.length > indent.length + 1) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function inline(node: Node): string | null {
  if (typeof node !== "object") return scalar(node);
  if (isMap(node)) return node.entries.length === 0 ? "{}" : null;
  return isList(node) && node.length === 0 ? "[]" : null;
}

/** A block's lines below its key; the text may hold anything but a line that ends it, and none does: all are indented. */
const blockLines = ({ block }: BlockNode, indent: string): readonly string[] =>
  block
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => (line === "" ? "" : `${indent}${line}`));

/** Lines of an entry; `dash` stands in for the last two columns of the first line's indentation. */
function entryLines(entry: Entry, indent: string, dash: boolean): readonly string[] {
  const outer = dash ? indent.slice(2) : indent;
  const above = (entry.above ?? []).flatMap((text) => comment(text, outer));
  const head = `${dash ? `${outer}- ` : indent}${scalar(entry.key)}:`;
  const value = inline(entry.value);
  const beside = entry.beside === undefined ? "" : ` # ${oneLine(entry.beside)}`;
  if (value !== null) return [...above, `${head} ${value}${beside}`];
  const bar = isBlock(entry.value) ? " |" : "";
  return [...above, `${head}${bar}${beside}`, ...nodeLines(entry.value, `${indent}  `)];
}

function nodeLines(node: Node, indent: string): readonly string[] {
  const value = inline(node);
  if (value !== null) return [`${indent}${value}`];
  if (typeof node !== "object") return [];
  if (isBlock(node)) return blockLines(node, indent);
  if (isMap(node)) return node.entries.flatMap((entry) => entryLines(entry, indent, false));
  return node.flatMap((item) => itemLines(item, indent));
}

function itemLines(item: Node, indent: string): readonly string[] {
  const value = inline(item);
  if (value !== null) return [`${indent}- ${value}`];
  const inner = `${indent}  `;
  if (typeof item !== "object") return [];
  if (isMap(item)) return item.entries.flatMap((entry, i) => entryLines(entry, inner, i === 0));
  return [`${indent}-${isBlock(item) ? " |" : ""}`, ...nodeLines(item, inner)];
}

/** The whole document; `head` becomes comment lines at its top. Ends with a line feed. */
export function yamlText(head: readonly string[], node: MapNode): string {
  const lines = [...head.flatMap((text) => comment(text, "")), ...nodeLines(node, "")];
  return `${lines.join("\n")}\n`;
}

export interface YamlDocument {
  /** Sentences at its top. */
  readonly head: readonly string[];
  readonly node: MapNode;
}

/** Several documents in one file. */
export function documentsText(documents: readonly YamlDocument[]): string {
  return documents.map(({ head, node }) => yamlText(head, node)).join("---\n");
}

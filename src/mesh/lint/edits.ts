// Changes to a file's text by range, so that comments and layout stay. Each helper answers undefined where the text
// isn't what it expects: then there is no repair, rather than a wrong one.
import type { Entry, MapTree, Tree } from "../envoy/read/tree.ts";
import type { TextFile } from "../model.ts";
import type { Edit } from "./rule.ts";

const quotes = new Set(['"', "'"]);

/** The raw length of the word at `at`, quotes included, if it spells `value` plainly. */
function rawLength(text: string, at: number, value: string): number | undefined {
  const quote = text[at]!;
  if (quotes.has(quote)) {
    return text.startsWith(`${quote}${value}${quote}`, at) ? value.length + 2 : undefined;
  }
  return text.startsWith(value, at) ? value.length : undefined;
}

/** Another word in a word's place; its quotes stay. */
export function reword({ text }: TextFile, at: number, from: string, to: string): Edit | undefined {
  const length = rawLength(text, at, from);
  if (length === undefined) return undefined;
  const quoted = quotes.has(text[at]!) ? 1 : 0;
  return { from: at + quoted, to: at + length - quoted, text: to };
}

/** Another value in a plain scalar's place. */
export function replaceScalar({ text }: TextFile, tree: Tree, to: string): Edit | undefined {
  if (tree.kind !== "scalar" || tree.value === null) return undefined;
  const length = rawLength(text, tree.at, tree.source);
  return length === undefined ? undefined : { from: tree.at, to: tree.at + length, text: to };
}

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

/** Whether a key stands alone at the beginning of its line, in block form. */
export function ownsLine(text: string, at: number): boolean {
  return /^ *$/.test(text.slice(lineStart(text, at), at));
}

const isBlankOrComment = (line: string): boolean => /^\s*(?:#.*)?$/.test(line);

/** Where the block of a key ends that begins its own line: before the next line that is no deeper. */
export function blockEnd(text: string, at: number): number {
  const column = at - lineStart(text, at);
  let end = lineEnd(text, at);
  let last = end;
  while (end < text.length) {
    const next = lineEnd(text, end);
    const line = text.slice(end, next);
    const depth = /^ */.exec(line)![0].length;
    const isItem = depth === column && /^ *-(?:\s|$)/.test(line);
    if (!isBlankOrComment(line)) {
      if (depth < column || (depth === column && !isItem) || line.startsWith("---")) break;
      last = next;
    } else if (depth > column) last = line.trim() === "" ? last : next;
    end = next;
  }
  return last;
}

/** Takes an entry out of a block map, with the comment behind it. The map must have others. */
export function removeEntry({ text }: TextFile, parent: MapTree, entry: Entry): Edit | undefined {
  if (parent.entries.length < 2) return undefined;
  return removeBlock(text, entry.at);
}

/** Takes out the lines of a key, whatever is left around it. */
export function removeBlock(text: string, at: number): Edit | undefined {
  if (!ownsLine(text, at)) return undefined;
  return { from: lineStart(text, at), to: blockEnd(text, at), text: "" };
}

/** The line ending that a file uses. */
const eol = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

/** Lines behind the block of the key at `at`, as deep as it. */
export function insertAfter(
  { text }: TextFile,
  at: number,
  lines: readonly string[],
): Edit | undefined {
  if (!ownsLine(text, at)) return undefined;
  const column = at - lineStart(text, at);
  const end = blockEnd(text, at);
  const margin = " ".repeat(column);
  const body = lines.map((line) => margin + line + eol(text)).join("");
  const glue = text[end - 1] === "\n" ? "" : eol(text);
  return { from: end, to: end, text: glue + body };
}

/** Lines before the line of the key at `at`, as deep as it. */
export function insertBefore(
  { text }: TextFile,
  at: number,
  lines: readonly string[],
): Edit | undefined {
  if (!ownsLine(text, at)) return undefined;
  const from = lineStart(text, at);
  const margin = " ".repeat(at - from);
  return { from, to: from, text: lines.map((line) => margin + line + eol(text)).join("") };
}

/** The text with edits done, which must not overlap; undefined where they do. */
export function applyEdits(text: string, edits: readonly Edit[]): string | undefined {
  const sorted = [...edits].sort((a, b) => a.from - b.from || a.to - b.to);
  let out = "";
  let at = 0;
  for (const { from, to, text: put } of sorted) {
    if (from < at) return undefined;
    out += text.slice(at, from) + put;
    at = to;
  }
  return out + text.slice(at);
}

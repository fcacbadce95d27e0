// YAML 1.2 as configuration is written in, in one pass and in time that grows with the text alone: blocks, brackets,
// quotes, texts over lines, comments, anchors. Tags, `?` keys, keys that are no words and further documents are
// refused. Aliases are followed, as Envoy does, and each use counts, so that a small text cannot stand for a
// large one. The general library needs seconds for a megabyte, and minutes for a hostile one.
import { plainScalar } from "../scalar.ts";
import type { Entry, Source, Tree } from "../tree.ts";
import { takeBlockScalar } from "./block-scalar.ts";
import {
  type Built,
  type Cursor,
  column,
  consume,
  counted,
  cursorOf,
  enter,
  failYaml,
  follow,
  isBlank,
  next,
  scalar,
  takeName,
} from "./cursor.ts";
import { readFlow } from "./flow.ts";
import { beginsPlain, lineEnd, takeColon, takePlain } from "./plain.ts";
import { takeQuoted } from "./quoted.ts";

/** Where a node stands. */
interface Spot {
  /** Column of the block that it is in; -1 for the document. */
  readonly parent: number;
  readonly depth: number;
  /** Behind a key: a list may stand in the key's own column, a map not on the key's line. */
  readonly behindKey: boolean;
  /** Where an empty value is said to stand. */
  readonly at: number;
}

/** The tree of the one document; undefined where there is none. */
export function readYaml(text: string, source: Source): Tree | undefined {
  const cursor = cursorOf(text, source);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(text);
  if (control !== null) failYaml(cursor, "a control character", control.index);
  skipDirectives(cursor);
  if (!next(cursor)) return endOf(cursor, undefined);
  const { tree } = readNode(cursor, { parent: -1, depth: 0, behindKey: false, at: cursor.at });
  return endOf(cursor, tree);
}

/**
 * The tree of the document that begins at `from`, a line's start that is no marker or holds a `---`, in a text of
 * several. Offsets are those of the whole text. Control characters are the caller's to look for.
 */
export function readYamlAt(text: string, source: Source, from: number): Tree | undefined {
  const cursor = cursorOf(text, source);
  cursor.at = from;
  cursor.lineStart = from;
  skipDirectives(cursor);
  if (!next(cursor)) return atEnd(cursor, undefined);
  const { tree } = readNode(cursor, { parent: -1, depth: 0, behindKey: false, at: cursor.at });
  return atEnd(cursor, tree);
}

/** Nothing but a marker may follow; what stands behind it is another document. */
function atEnd(cursor: Cursor, tree: Tree | undefined): Tree | undefined {
  return next(cursor) ? failYaml(cursor, "text that belongs to nothing") : tree;
}

/** `%YAML 1.2` and a first `---`. */
function skipDirectives(cursor: Cursor): void {
  const { text } = cursor;
  while (next(cursor) && text[cursor.at] === "%" && column(cursor) === 0) {
    const end = text.indexOf("\n", cursor.at);
    cursor.at = end < 0 ? text.length : end;
  }
  if (text.startsWith("---", cursor.at)) consume(cursor, cursor.at + 3);
}

/** Nothing may follow a document but its end and empty ones. */
function endOf(cursor: Cursor, tree: Tree | undefined): Tree | undefined {
  while (!next(cursor)) {
    if (cursor.at >= cursor.text.length) return tree;
    consume(cursor, cursor.at + 3);
  }
  const second = tree !== undefined && !cursor.fresh;
  const reason = second
    ? "text that belongs to nothing"
    : "text behind the end of the document, where one document is read";
  return failYaml(cursor, reason);
}

/** Whether a `-` here makes a list. */
const atDash = (cursor: Cursor): boolean =>
  cursor.text[cursor.at] === "-" && isBlank(cursor.text, cursor.at + 1);

/** Whether the token that `next` found lies outside of the block in `spot`. */
function outside(cursor: Cursor, spot: Spot): boolean {
  if (!cursor.fresh || column(cursor) > spot.parent) return false;
  return !(spot.behindKey && column(cursor) === spot.parent && atDash(cursor));
}

function readNode(cursor: Cursor, spot: Spot): Built {
  if (!next(cursor) || outside(cursor, spot)) return scalar(spot.at, null, "");
  enter(cursor, spot.depth);
  switch (cursor.text[cursor.at]) {
    case "&":
      return readAnchored(cursor, spot);
    case "*":
      return follow(cursor, spot.depth);
    case "!":
      return failYaml(cursor, "a tag (!) is not read");
    case "|":
    case ">": {
      const { at } = cursor;
      const value = takeBlockScalar(cursor, spot.parent);
      return scalar(at, value, value);
    }
    case "{":
    case "[":
      return readFlow(cursor, spot.depth);
    default:
      return atDash(cursor) ? readList(cursor, spot) : readWord(cursor, spot);
  }
}

function readAnchored(cursor: Cursor, spot: Spot): Built {
  const line = cursor.lineStart;
  const name = takeName(cursor);
  const more = next(cursor);
  if (more && cursor.text[cursor.at] === "&") failYaml(cursor, "a second anchor (&) of one value");
  const sameLine = more && cursor.lineStart === line;
  const built = readNode(cursor, spot);
  // On a line of its own an anchor is of the block below it; on a key's line it would be the key's.
  if (sameLine && built.tree.kind === "map" && cursor.text[built.tree.at] !== "{") {
    failYaml(cursor, "an anchor (&) on a key", built.tree.at);
  }
  cursor.anchors.set(name, built);
  return built;
}

function readList(cursor: Cursor, spot: Spot): Built {
  if (spot.behindKey && !cursor.fresh) failYaml(cursor, "a list on the line of its key");
  const { at } = cursor;
  const indent = column(cursor);
  const items: Tree[] = [];
  const children: Built[] = [];
  do {
    const dash = cursor.at;
    consume(cursor, dash + 1);
    const depth = spot.depth + 1;
    const built = readNode(cursor, { parent: indent, depth, behindKey: false, at: dash });
    items.push(built.tree);
    children.push(built);
  } while (another(cursor, indent) && atDash(cursor));
  return counted(cursor, { kind: "list", at, items }, children);
}

/** Whether the next token continues a block of this column. */
function another(cursor: Cursor, indent: number): boolean {
  if (!next(cursor)) return false;
  if (!cursor.fresh) failYaml(cursor, "text that belongs to nothing");
  if (column(cursor) > indent) failYaml(cursor, "a line that is indented more than its neighbours");
  return column(cursor) === indent;
}

/** A text, or a map if it is a key. */
function readWord(cursor: Cursor, spot: Spot): Built {
  const { at } = cursor;
  const indent = column(cursor);
  const fresh = cursor.fresh || !spot.behindKey;
  const quoted = cursor.text[at] === '"' || cursor.text[at] === "'";
  if (quoted) {
    const value = takeQuoted(cursor);
    if (!takeColon(cursor)) return scalar(at, value, value);
    if (cursor.text.slice(at, cursor.at).includes("\n")) failYaml(cursor, "a key over lines", at);
    return readMap(cursor, spot, { key: value, at, indent, fresh });
  }
  if (!beginsPlain(cursor, false)) return failYaml(cursor, "a value was expected");
  const end = lineEnd(cursor, false);
  if (cursor.text[end] === ":") {
    const key = cursor.text.slice(at, end).trimEnd();
    consume(cursor, end + 1);
    return readMap(cursor, spot, { key, at, indent, fresh });
  }
  const word = takePlain(cursor, spot.parent, false);
  return scalar(at, plainScalar(word), word);
}

interface FirstKey {
  readonly key: string;
  readonly at: number;
  readonly indent: number;
  readonly fresh: boolean;
}

function readMap(cursor: Cursor, spot: Spot, first: FirstKey): Built {
  if (!first.fresh) failYaml(cursor, "a second key on the line of a key", first.at);
  const entries: Entry[] = [];
  const children: Built[] = [];
  let { key, at } = first;
  for (;;) {
    const depth = spot.depth + 1;
    const built = readNode(cursor, { parent: first.indent, depth, behindKey: true, at });
    entries.push({ key, at, value: built.tree });
    children.push(built);
    if (!another(cursor, first.indent)) break;
    at = cursor.at;
    key = takeKey(cursor);
  }
  return counted(cursor, { kind: "map", at: first.at, entries }, children);
}

function takeKey(cursor: Cursor): string {
  const { text, at } = cursor;
  if (text[at] === '"' || text[at] === "'") {
    const key = takeQuoted(cursor);
    if (takeColon(cursor) && !text.slice(at, cursor.at).includes("\n")) return key;
    return failYaml(cursor, "a key was expected", at);
  }
  const end = lineEnd(cursor, false);
  if (atDash(cursor) || !beginsPlain(cursor, false) || text[end] !== ":") {
    failYaml(cursor, "a key was expected", at);
  }
  consume(cursor, end + 1);
  return text.slice(at, end).trimEnd();
}

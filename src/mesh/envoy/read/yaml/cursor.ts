// A place in a YAML text that moves from token to token: over blanks, comments and line ends. It knows columns and
// whether a token is the first of its line, which is all that block YAML is made of.
import { fail } from "../../../../errors/failure.ts";
import { failDepth, failValues, MAX_DEPTH, MAX_VALUES } from "../bounds.ts";
import { type ScalarTree, type Source, type Tree, whereOf } from "../tree.ts";

/** A tree with what it counts for when an alias uses it again. */
export interface Built {
  readonly tree: Tree;
  readonly values: number;
  /** Levels of maps and lists in it. */
  readonly height: number;
}

export interface Cursor {
  readonly text: string;
  readonly source: Source;
  readonly anchors: Map<string, Built>;
  at: number;
  /** Offset of the line that `at` is in. */
  lineStart: number;
  /** Whether nothing but blanks stands before `at` in its line. */
  fresh: boolean;
}

export function cursorOf(text: string, source: Source): Cursor {
  return { text, source, anchors: new Map(), at: 0, lineStart: 0, fresh: true };
}

export function failYaml(cursor: Cursor, reason: string, at = cursor.at): never {
  return fail("envoy-bad-yaml", { reason }, whereOf(cursor.source, at));
}

export const column = (cursor: Cursor): number => cursor.at - cursor.lineStart;

/** Space, tab, line end, or the end of the text. */
export function isBlank(text: string, at: number): boolean {
  const character = text.charCodeAt(at);
  return (
    character === 32 ||
    character === 9 ||
    character === 10 ||
    character === 13 ||
    Number.isNaN(character)
  );
}

/** A `---` or `...` at the start of a line. */
export function atMarker(cursor: Cursor): boolean {
  const { text, at } = cursor;
  if (at !== cursor.lineStart) return false;
  return (text.startsWith("---", at) || text.startsWith("...", at)) && isBlank(text, at + 3);
}

/** Goes on to the next token. False at the end of the document. Asking twice changes nothing. */
export function next(cursor: Cursor): boolean {
  const { text } = cursor;
  let tab = -1;
  for (;;) {
    const character = text.charCodeAt(cursor.at);
    if (character === 32) cursor.at++;
    else if (character === 9) {
      if (cursor.fresh && tab < 0) tab = cursor.at;
      cursor.at++;
    } else if (character === 13) cursor.at++;
    else if (character === 10) {
      cursor.at++;
      cursor.lineStart = cursor.at;
      cursor.fresh = true;
      tab = -1;
    } else if (character === 35 && (cursor.at === 0 || isBlank(text, cursor.at - 1))) {
      const end = text.indexOf("\n", cursor.at);
      cursor.at = end < 0 ? text.length : end;
    } else break;
  }
  if (cursor.at >= text.length || (cursor.fresh && atMarker(cursor))) return false;
  if (tab >= 0) failYaml(cursor, "a tab where a line is indented", tab);
  return true;
}

/** Moves over characters of a token. */
export function consume(cursor: Cursor, to: number): void {
  if (to > cursor.at) cursor.fresh = false;
  cursor.at = to;
}

export function enter(cursor: Cursor, depth: number): void {
  if (depth > MAX_DEPTH) failDepth(cursor.source, cursor.at);
}

export function scalar(at: number, value: ScalarTree["value"], source: string): Built {
  return { tree: { kind: "scalar", at, value, source }, values: 1, height: 0 };
}

/** What a map or list counts for, with its children. */
export function counted(cursor: Cursor, tree: Tree, children: readonly Built[]): Built {
  let values = 1;
  let height = 0;
  for (const child of children) {
    values += child.values;
    if (child.height > height) height = child.height;
  }
  if (values > MAX_VALUES) failValues(cursor.source, tree.at);
  return { tree, values, height: height + 1 };
}

const NAME = /[^\s,[\]{}]+/y;

/** The name behind `&` or `*`. */
export function takeName(cursor: Cursor): string {
  NAME.lastIndex = cursor.at + 1;
  const [name] = NAME.exec(cursor.text) ?? [];
  if (name === undefined) return failYaml(cursor, "an anchor or alias without a name");
  consume(cursor, cursor.at + 1 + name.length);
  return name;
}

/** What an alias names, which must have ended before it. */
export function follow(cursor: Cursor, depth: number): Built {
  const { at } = cursor;
  const name = takeName(cursor);
  const target = cursor.anchors.get(name);
  if (target === undefined) {
    const reason = `the alias *${name.slice(0, 60)} names nothing that ends before it`;
    return failYaml(cursor, reason, at);
  }
  if (depth + target.height > MAX_DEPTH) failDepth(cursor.source, at);
  return target;
}

// Maps and lists in brackets.
import { plainScalar } from "../scalar.ts";
import type { Entry, Tree } from "../tree.ts";
import {
  type Built,
  type Cursor,
  consume,
  counted,
  enter,
  failYaml,
  follow,
  isBlank,
  scalar,
  takeName,
} from "./cursor.ts";
import { beginsPlain, need, takePlain } from "./plain.ts";
import { takeQuoted } from "./quoted.ts";

const closing = { "{": "}", "[": "]" } as const;

/** The map or list at the cursor, which stands at its bracket. */
export function readFlow(cursor: Cursor, depth: number): Built {
  enter(cursor, depth);
  const { at, text } = cursor;
  const open = text[at] as "{" | "[";
  consume(cursor, at + 1);
  const entries: Entry[] = [];
  const items: Tree[] = [];
  const children: Built[] = [];
  let comma = true;
  for (;;) {
    need(cursor, closing[open]);
    const character = text[cursor.at];
    if (character === closing[open]) break;
    if (character === ",") {
      if (comma) failYaml(cursor, "a comma with nothing before it");
      comma = true;
      consume(cursor, cursor.at + 1);
      continue;
    }
    if (!comma) failYaml(cursor, `a comma or ${closing[open]} was expected`);
    comma = false;
    if (open === "{") entries.push(readEntry(cursor, depth, children));
    else items.push(readItem(cursor, depth, children));
  }
  consume(cursor, cursor.at + 1);
  const tree: Tree = open === "{" ? { kind: "map", at, entries } : { kind: "list", at, items };
  return counted(cursor, tree, children);
}

/** A colon that makes a key of what was read; behind quotes it needs no blank. */
function takeFlowColon(cursor: Cursor, quoted: boolean): boolean {
  need(cursor, "the end of a bracket");
  const { text, at } = cursor;
  if (text[at] !== ":") return false;
  if (!quoted && !isBlank(text, at + 1) && !",[]{}".includes(text[at + 1]!)) return false;
  consume(cursor, at + 1);
  return true;
}

function keyOf(cursor: Cursor): { readonly key: string; readonly quoted: boolean } {
  const quoted = cursor.text[cursor.at] === '"' || cursor.text[cursor.at] === "'";
  if (quoted) return { key: takeQuoted(cursor), quoted };
  if (!beginsPlain(cursor, true)) failYaml(cursor, "a key was expected");
  return { key: takePlain(cursor, -1, true), quoted };
}

function readEntry(cursor: Cursor, depth: number, children: Built[]): Entry {
  const { at } = cursor;
  const { key, quoted } = keyOf(cursor);
  return { key, at, value: readValue(cursor, depth, at, quoted, children) };
}

/** What stands behind a key, if a colon does. */
function readValue(
  cursor: Cursor,
  depth: number,
  at: number,
  quoted: boolean,
  children: Built[],
): Tree {
  let built = scalar(at, null, "");
  if (takeFlowColon(cursor, quoted)) {
    need(cursor, "a value");
    const empty = ",]}".includes(cursor.text[cursor.at]!);
    if (!empty) built = readFlowNode(cursor, depth + 1);
  }
  children.push(built);
  return built.tree;
}

/** An item, or the one pair of a map that goes without braces. */
function readItem(cursor: Cursor, depth: number, children: Built[]): Tree {
  const { at } = cursor;
  const quoted = cursor.text[at] === '"' || cursor.text[at] === "'";
  const node = readFlowNode(cursor, depth + 1);
  need(cursor, "]");
  if (cursor.text[cursor.at] !== ":") {
    children.push(node);
    return node.tree;
  }
  if (node.tree.kind !== "scalar") failYaml(cursor, "a key that is no word", at);
  const inner: Built[] = [];
  const value = readValue(cursor, depth + 1, at, quoted, inner);
  const tree = { kind: "map", at, entries: [{ key: node.tree.source, at, value }] } as const;
  children.push(counted(cursor, tree, inner));
  return tree;
}

function readFlowNode(cursor: Cursor, depth: number): Built {
  const { at, text } = cursor;
  switch (text[at]) {
    case "{":
    case "[":
      return readFlow(cursor, depth);
    case "*":
      return follow(cursor, depth);
    case "&": {
      const name = takeName(cursor);
      need(cursor, "a value");
      if (text[cursor.at] === "&") failYaml(cursor, "a second anchor (&) of one value");
      const built = ",]}".includes(text[cursor.at]!)
        ? scalar(at, null, "")
        : readFlowNode(cursor, depth);
      cursor.anchors.set(name, built);
      return built;
    }
    case "!":
      return failYaml(cursor, "a tag (!) is not read");
    case '"':
    case "'": {
      const value = takeQuoted(cursor);
      return scalar(at, value, value);
    }
    default: {
      if (!beginsPlain(cursor, true)) return failYaml(cursor, "a value was expected");
      const word = takePlain(cursor, -1, true);
      return scalar(at, plainScalar(word), word);
    }
  }
}

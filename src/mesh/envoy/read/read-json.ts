// JSON text → a tree with offsets, by a reader of our own: the built-in one keeps no positions. Strict (RFC 8259):
// a text that is anything else is left to the YAML reader, whose language includes JSON and whose messages then
// name the fault.
import { failDepth, failValues, MAX_DEPTH, MAX_VALUES } from "./bounds.ts";
import type { Entry, Source, Tree } from "./tree.ts";

/** Not JSON; never leaves this file. */
class NotJson extends Error {}

interface Reader {
  readonly text: string;
  readonly source: Source;
  at: number;
  values: number;
}

const blank = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON allows none inside a string
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

function skip(reader: Reader): void {
  blank.lastIndex = reader.at;
  blank.exec(reader.text);
  reader.at = blank.lastIndex;
}

function take(reader: Reader, pattern: RegExp): string {
  pattern.lastIndex = reader.at;
  const [match] = pattern.exec(reader.text) ?? [];
  if (match === undefined) throw new NotJson();
  reader.at += match.length;
  return match;
}

function expect(reader: Reader, character: string): void {
  if (reader.text[reader.at] !== character) throw new NotJson();
  reader.at++;
}

/** True where another item follows, false at the closing bracket, which is taken. */
function more(reader: Reader, closing: string, first: boolean): boolean {
  skip(reader);
  if (reader.text[reader.at] === closing) {
    reader.at++;
    return false;
  }
  if (!first) {
    expect(reader, ",");
    skip(reader);
  }
  return true;
}

function read(reader: Reader, depth: number): Tree {
  skip(reader);
  const { at } = reader;
  if (depth > MAX_DEPTH) failDepth(reader.source, at);
  if (++reader.values > MAX_VALUES) failValues(reader.source, at);
  const first = reader.text[at];
  if (first === "{") return { kind: "map", at, entries: readEntries(reader, depth) };
  if (first === "[") {
    reader.at++;
    const items: Tree[] = [];
    while (more(reader, "]", items.length === 0)) items.push(read(reader, depth + 1));
    return { kind: "list", at, items };
  }
  const source = first === '"' ? take(reader, string) : word(reader);
  return { kind: "scalar", at, value: JSON.parse(source) as string, source };
}

function readEntries(reader: Reader, depth: number): Entry[] {
  reader.at++;
  const entries: Entry[] = [];
  while (more(reader, "}", entries.length === 0)) {
    const { at } = reader;
    const key = JSON.parse(take(reader, string)) as string;
    skip(reader);
    expect(reader, ":");
    entries.push({ key, at, value: read(reader, depth + 1) });
  }
  return entries;
}

function word(reader: Reader): string {
  for (const known of ["true", "false", "null"]) {
    if (reader.text.startsWith(known, reader.at)) {
      reader.at += known.length;
      return known;
    }
  }
  return take(reader, number);
}

/** The tree of a JSON text; undefined where the text is no JSON or does not open with a brace. */
export function readJson(text: string, source: Source): Tree | undefined {
  const reader: Reader = { text, source, at: 0, values: 0 };
  skip(reader);
  if (text[reader.at] !== "{") return undefined;
  try {
    const tree = read(reader, 0);
    skip(reader);
    return reader.at === text.length ? tree : undefined;
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

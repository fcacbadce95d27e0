// Texts in quotes. Lines of one are folded: a line end is a space, an empty line a line end.
import { type Cursor, consume, failYaml } from "./cursor.ts";

const simple = {
  '"': /"([^"\\\n]*)"/y,
  "'": /'([^'\n]*)'(?!')/y,
} as const;

const escapes: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\x1b",
  " ": " ",
  '"': '"',
  "/": "/",
  "\\": "\\",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};

const widths: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The text at the cursor, which stands at a quote; the cursor moves behind it. */
export function takeQuoted(cursor: Cursor): string {
  const { text, at } = cursor;
  const quote = text[at] as '"' | "'";
  const pattern = simple[quote];
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match !== null) {
    consume(cursor, pattern.lastIndex);
    return match[1]!;
  }
  return takeLong(cursor, quote);
}

const stops = { '"': /["\\\n]/g, "'": /['\n]/g } as const;

function takeLong(cursor: Cursor, quote: '"' | "'"): string {
  const { text } = cursor;
  const stop = stops[quote];
  const parts: string[] = [];
  let from = cursor.at + 1;
  for (;;) {
    stop.lastIndex = from;
    const found = stop.exec(text)?.index;
    if (found === undefined) return failYaml(cursor, "a quote that nothing closes");
    const piece = text.slice(from, found);
    if (text[found] === "\n") {
      parts.push(piece.replace(/[ \t\r]+$/, ""));
      from = fold(cursor, found, parts);
    } else if (text[found] === "\\") {
      parts.push(piece);
      from = escaped(cursor, found, parts);
    } else if (quote === "'" && text[found + 1] === "'") {
      parts.push(`${piece}'`);
      from = found + 2;
    } else {
      parts.push(piece);
      consume(cursor, found + 1);
      return parts.join("");
    }
  }
}

/** Over a line end and the blanks and empty lines behind it. */
function fold(cursor: Cursor, at: number, parts: string[]): number {
  const { text } = cursor;
  const blanks = /[ \t\r\n]*/y;
  blanks.lastIndex = at;
  const [run] = blanks.exec(text)!;
  const lines = run.split("\n").length - 1;
  parts.push(lines === 1 ? " " : "\n".repeat(lines - 1));
  const to = at + run.length;
  cursor.lineStart = at + run.lastIndexOf("\n") + 1;
  const marker = /\n(?:---|\.\.\.)(?=\s|$)/y;
  marker.lastIndex = to - 1;
  if (marker.test(text)) failYaml(cursor, "a quote that nothing closes");
  return to;
}

function escaped(cursor: Cursor, at: number, parts: string[]): number {
  const { text } = cursor;
  const code = text[at + 1] ?? "";
  const width = widths[code];
  if (width !== undefined) {
    const hex = text.slice(at + 2, at + 2 + width);
    const point =
      /^[0-9a-fA-F]+$/.test(hex) && hex.length === width ? Number.parseInt(hex, 16) : -1;
    if (point < 0 || point > 0x10ffff) failYaml(cursor, `the escape \\${code}`, at);
    parts.push(String.fromCodePoint(point));
    return at + 2 + width;
  }
  if (code === "\n" || code === "\r") {
    // An escaped line end joins the lines.
    const end = /\\\r?\n[ \t]*/y;
    end.lastIndex = at;
    const match = end.exec(text);
    if (match !== null) {
      cursor.lineStart = at + match[0].indexOf("\n") + 1;
      return at + match[0].length;
    }
  }
  const value = Object.hasOwn(escapes, code) ? escapes[code] : undefined;
  if (value === undefined) failYaml(cursor, `the escape \\${code}`, at);
  parts.push(value);
  return at + 2;
}

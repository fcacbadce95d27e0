// Where a text stops being JSON. Engines tell it in words that differ, or not at all; this reads the text again, only
// after the engine has refused it. No recursion: a text of brackets alone is as safe as any other.

export interface TextPlace {
  /** Both from 1; columns in UTF-16 units. */
  readonly line: number;
  readonly column: number;
}

/** Line and column of an offset. */
export function placeOf(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}

/** A mark, the beginning of a string, or a whole scalar. Strings may be megabytes, too long for an expression. */
const token = /([{}[\],:])|(")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const escaped = /(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type Wants = "value" | "value or ]" | "key or }" | "key" | "colon" | "comma or end";

/** Offset of the first token that no JSON text has there; the text's length where it ends too soon. */
export function jsonErrorAt(text: string): number {
  const open: string[] = [];
  let wants: Wants = "value";
  let at = 0;
  for (;;) {
    while (at < text.length && " \t\r\n".includes(text[at]!)) at++;
    if (wants === "comma or end" && open.length === 0) return at;
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) return at;
    const [, mark, quote] = match;
    const end = quote === undefined ? token.lastIndex : stringEnd(text, at);
    const next: Wants | null = end === null ? null : step(mark, quote !== undefined, wants, open);
    if (next === null) return at;
    wants = next;
    at = end!;
  }
}

/** The offset behind a string's closing quote; null where it has none, or something that a string can't hold. */
function stringEnd(text: string, start: number): number | null {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code < SPACE) return null;
    if (code !== BACKSLASH) continue;
    escaped.lastIndex = at + 1;
    if (!escaped.test(text)) return null;
    at = escaped.lastIndex - 1;
  }
  return null;
}

/** What may follow a token; null where it may not stand. Keeps `open` up to date. */
function step(
  mark: string | undefined,
  string: boolean,
  wants: Wants,
  open: string[],
): Wants | null {
  if (string && (wants === "key" || wants === "key or }")) return "colon";
  const value = wants === "value" || wants === "value or ]";
  if (mark === undefined) return value ? "comma or end" : null;
  if (mark === "{" || mark === "[") {
    if (!value) return null;
    open.push(mark);
    return mark === "{" ? "key or }" : "value or ]";
  }
  if (mark === ":") return wants === "colon" ? "value" : null;
  const inside = open.at(-1);
  if (mark === ",") {
    if (wants !== "comma or end") return null;
    return inside === "{" ? "key" : "value";
  }
  const closes = mark === "}" ? "{" : "[";
  const empty = mark === "}" ? "key or }" : "value or ]";
  if (inside !== closes || (wants !== "comma or end" && wants !== empty)) return null;
  open.pop();
  return "comma or end";
}

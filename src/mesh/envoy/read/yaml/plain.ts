// Texts without quotes: where one ends depends on whether it stands inside of brackets.
import { atMarker, type Cursor, consume, failYaml, isBlank, next } from "./cursor.ts";

/** A mark that could begin something else. */
const MARKS = ",[]{}#&*!|>'\"%@`";

/** Whether a text can begin here. */
export function beginsPlain(cursor: Cursor, inFlow: boolean): boolean {
  const { text, at } = cursor;
  const first = text[at]!;
  if (MARKS.includes(first)) return false;
  if (first !== "-" && first !== "?" && first !== ":") return true;
  return !isBlank(text, at + 1) && !(inFlow && ",[]{}".includes(text[at + 1]!));
}

const endInBlock = /:(?=[ \t\r\n]|$)|[ \t]#|\n|$/g;
const endInFlow = /:(?=[ \t\r\n,[\]{}]|$)|[ \t]#|[\n,[\]{}]|$/g;

/** Where the part of a text ends that stands on this line. */
export function lineEnd(cursor: Cursor, inFlow: boolean): number {
  const pattern = inFlow ? endInFlow : endInBlock;
  pattern.lastIndex = cursor.at;
  return pattern.exec(cursor.text)!.index;
}

const trimmed = (text: string): string => text.replace(/[ \t\r]+$/, "");

/**
 * The text at the cursor, over as many lines as are indented by more than `parent`. The cursor moves behind it.
 * In blocks, a key among its lines is an error.
 */
export function takePlain(cursor: Cursor, parent: number, inFlow: boolean): string {
  const { text } = cursor;
  let end = lineEnd(cursor, inFlow);
  const parts = [trimmed(text.slice(cursor.at, end))];
  consume(cursor, end);
  // A comment ends the text, whatever follows.
  while (text[end] === "\n") {
    const before = { at: cursor.at, lineStart: cursor.lineStart, fresh: cursor.fresh };
    if (!continues(cursor, parent, inFlow)) {
      Object.assign(cursor, before);
      break;
    }
    const lines = text.slice(end, cursor.at).split("\n").length - 1;
    end = lineEnd(cursor, inFlow);
    if (!inFlow && text[end] === ":") failYaml(cursor, "a key on a line that goes on with a text");
    parts.push(lines === 1 ? " " : "\n".repeat(lines - 1), trimmed(text.slice(cursor.at, end)));
    consume(cursor, end);
  }
  return parts.join("");
}

/** Whether the next line with anything on it belongs to the text. */
function continues(cursor: Cursor, parent: number, inFlow: boolean): boolean {
  const { text } = cursor;
  const blanks = /[ \t\r\n]*/y;
  blanks.lastIndex = cursor.at;
  blanks.exec(text);
  cursor.at = blanks.lastIndex;
  cursor.lineStart = text.lastIndexOf("\n", cursor.at - 1) + 1;
  cursor.fresh = true;
  if (cursor.at >= text.length || text[cursor.at] === "#" || atMarker(cursor)) return false;
  if (inFlow) return !",[]{}".includes(text[cursor.at]!) && !isColon(cursor);
  const margin =
    cursor.lineStart + /^[ ]*/.exec(text.slice(cursor.lineStart, cursor.at))![0].length;
  return margin - cursor.lineStart > parent;
}

function isColon(cursor: Cursor): boolean {
  return cursor.text[cursor.at] === ":" && isBlank(cursor.text, cursor.at + 1);
}

/** Goes over a colon that makes a key of what stands before it on the line; false where there is none. */
export function takeColon(cursor: Cursor): boolean {
  const { text } = cursor;
  let { at } = cursor;
  while (text[at] === " " || text[at] === "\t") at++;
  if (text[at] !== ":" || !isBlank(text, at + 1)) return false;
  consume(cursor, at + 1);
  return true;
}

/** The next token must be there. */
export function need(cursor: Cursor, what: string): void {
  if (!next(cursor)) failYaml(cursor, `${what} was expected`);
}

// Texts behind `|` and `>`: lines as they stand, or folded.
import { type Cursor, failYaml } from "./cursor.ts";

const HEADER =
  /[|>](?:([1-9])([-+]?)|([-+])([1-9]?))?(?=[ \t\r\n]|$)[ \t\r]*(?:(?<=[ \t])#[^\n]*)?(?:\n|$)/y;

interface Lines {
  readonly lines: readonly string[];
  /** Offset of the line behind them. */
  readonly end: number;
}

const spaces = (line: string): number => /^ */.exec(line)![0].length;

/** The lines that belong to the text, without their indentation. */
function takeLines(cursor: Cursor, from: number, parent: number, given: number): Lines {
  const { text } = cursor;
  const lines: string[] = [];
  let indent = given === 0 ? -1 : Math.max(parent, 0) + given;
  let at = from;
  while (at < text.length) {
    const end = text.indexOf("\n", at);
    const next = end < 0 ? text.length : end + 1;
    const line = text.slice(at, end < 0 ? text.length : end).replace(/\r$/, "");
    const width = spaces(line);
    if (width === line.length) {
      lines.push(indent >= 0 ? line.slice(indent) : "");
    } else {
      if (indent < 0 && width > parent) indent = width;
      if (indent < 0 || width < indent) break;
      if (width === 0 && /^(?:---|\.\.\.)(?:\s|$)/.test(line)) break;
      lines.push(line.slice(indent));
    }
    at = next;
  }
  return { lines, end: at };
}

/** Neighbouring lines become one, but for lines that begin with a blank. */
function fold(lines: readonly string[]): string {
  let out = "";
  let open = false;
  let empty = 0;
  let indented = false;
  for (const line of lines) {
    if (line === "") {
      empty++;
      continue;
    }
    const more = line.startsWith(" ") || line.startsWith("\t");
    if (!open) out += "\n".repeat(empty);
    else if (more || indented) out += "\n".repeat(empty + 1);
    else out += empty === 0 ? " " : "\n".repeat(empty);
    out += line;
    open = true;
    indented = more;
    empty = 0;
  }
  return out;
}

/** The text at the cursor, which stands at `|` or `>`; `parent` is the column of the block it is in. */
export function takeBlockScalar(cursor: Cursor, parent: number): string {
  HEADER.lastIndex = cursor.at;
  const header = HEADER.exec(cursor.text);
  if (header === null) return failYaml(cursor, "what stands behind | or > on its line");
  const [, first, second, third, fourth] = header;
  const chomp = second || third || "";
  const { lines, end } = takeLines(cursor, HEADER.lastIndex, parent, Number(first || fourth || 0));
  const folded = cursor.text[cursor.at] === ">";
  cursor.at = end;
  cursor.lineStart = end;
  cursor.fresh = true;
  let last = lines.length;
  while (last > 0 && lines[last - 1] === "") last--;
  const content = lines.slice(0, last);
  const body = folded ? fold(content) : content.join("\n");
  if (chomp === "-") return body;
  const trailing = lines.length - last;
  if (chomp === "+") return body + "\n".repeat(last === 0 ? trailing : trailing + 1);
  return last === 0 ? "" : `${body}\n`;
}

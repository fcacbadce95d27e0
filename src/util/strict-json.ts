// JSON as signed and pinned documents must be: UTF-8, one value, no key twice in one object, bounded depth. Two
// readers that keep different ones of two equal keys would disagree about what was signed. The size is the caller's
// to bound.
import { jsonErrorAt } from "./json-error.ts";

export type JsonProblem = "utf8" | "syntax" | "depth" | "duplicate";

/** Thrown by parseStrictJson; `detail` is the doubled key, or what is wrong in words. */
export class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
  readonly problem: JsonProblem;
  readonly detail: string;

  constructor(problem: JsonProblem, detail: string) {
    super(`${problem}: ${detail}`);
    this.problem = problem;
    this.detail = detail;
  }
}

/** The value of a document with at most `depth` objects and lists inside each other. Throws StrictJsonError only. */
export function parseStrictJson(bytes: Uint8Array | string, depth: number): unknown {
  const text = typeof bytes === "string" ? bytes : decode(bytes);
  checkTokens(text, depth);
  try {
    return JSON.parse(text);
  } catch {
    throw new StrictJsonError("syntax", `it stops being JSON at character ${jsonErrorAt(text)}`);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StrictJsonError("utf8", "it is not UTF-8");
  }
}

/** The index behind a string that starts at `start`; the text's end where it has none. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const mark = text[at];
    if (mark === "\\") at++;
    else if (mark === '"') return at + 1;
  }
  return text.length;
}

/** Depth and doubled keys, before an engine builds anything. Syntax is left to JSON.parse. */
function checkTokens(text: string, depth: number): void {
  const open: (Set<string> | null)[] = [];
  // A string is a key where it follows `{`, or a comma inside an object.
  let keyNext = false;
  for (let at = 0; at < text.length; at++) {
    const mark = text[at];
    if (mark === "{" || mark === "[") {
      open.push(mark === "{" ? new Set() : null);
      if (open.length > depth)
        throw new StrictJsonError("depth", `it is nested deeper than ${depth} levels`);
      keyNext = mark === "{";
    } else if (mark === "}" || mark === "]") {
      open.pop();
      keyNext = false;
    } else if (mark === ",") {
      keyNext = open.at(-1) instanceof Set;
    } else if (mark === '"') {
      const end = stringEnd(text, at);
      if (keyNext) addKey(open.at(-1) as Set<string>, text.slice(at, end));
      keyNext = false;
      at = end - 1;
    }
  }
}

function addKey(keys: Set<string>, quoted: string): void {
  let key: string;
  try {
    // Two spellings of one key (`a`, `\u0061`) are the same key.
    key = JSON.parse(quoted) as string;
  } catch {
    return;
  }
  if (keys.has(key)) throw new StrictJsonError("duplicate", key.slice(0, 100));
  keys.add(key);
}

// JSON as signed and pinned documents must be: UTF-8, one value, no key twice in one object, bounded in size and
// depth. Two readers that keep different ones of two equal keys would disagree about what was signed.
import { jsonErrorAt } from "./json-error.ts";

export type JsonRefusal = "too-large" | "not-utf8" | "no-json" | "too-deep" | "duplicate-key";

/** Thrown by parseStrictJson; `detail` is the key or the offset, for the caller's own words. */
export class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
  readonly kind: JsonRefusal;
  readonly detail: string;

  constructor(kind: JsonRefusal, detail: string) {
    super(`${kind}: ${detail}`);
    this.kind = kind;
    this.detail = detail;
  }
}

export interface JsonLimits {
  readonly bytes: number;
  /** Objects and lists inside each other. */
  readonly depth: number;
}

/** The value of a JSON document. Throws StrictJsonError, and nothing else. */
export function parseStrictJson(bytes: Uint8Array | string, limits: JsonLimits): unknown {
  const size = typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length;
  if (size > limits.bytes) throw new StrictJsonError("too-large", `${size} bytes`);
  const text = typeof bytes === "string" ? bytes : decode(bytes);
  checkTokens(text, limits.depth);
  try {
    return JSON.parse(text);
  } catch {
    throw new StrictJsonError("no-json", `character ${jsonErrorAt(text)}`);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StrictJsonError("not-utf8", `${bytes.length} bytes`);
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
      if (open.length > depth) throw new StrictJsonError("too-deep", `${open.length} levels`);
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
  if (keys.has(key)) throw new StrictJsonError("duplicate-key", key.slice(0, 100));
  keys.add(key);
}

// A file's text → its documents, and which of them can be about a plugin. The second question is answered without
// parsing, since nine in ten manifests aren't: it may say yes too often and never no too often.

export interface Piece {
  /** Offsets in the file's text; the end is excluded. */
  readonly from: number;
  readonly to: number;
  readonly index: number;
}

const marker = /^---(?=[ \t\r\n]|$)/gm;

/** Comments and directives that belong to the document behind them. */
const prologue = /^(?:[ \t]*(?:[#%][^\n]*)?\n)*$/;

/** What stands between document markers. A marker at a line's start is one wherever it stands, in any YAML. */
export function split(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  marker.lastIndex = 0;
  for (let match = marker.exec(text); match !== null; match = marker.exec(text)) {
    if (match.index === from) continue;
    const first = pieces.length === 0 && !text.startsWith("---");
    if (first && prologue.test(text.slice(from, match.index))) continue;
    pieces.push({ from, to: match.index, index: pieces.length });
    from = match.index;
  }
  pieces.push({ from, to: text.length, index: pieces.length });
  return pieces;
}

/**
 * What a document about plugins has in its spelling: `WasmPlugin`, `wasm`, and the fields of a plugin that a piece to
 * paste may consist of. Names of Envoy's or of a CRD are matched exactly, so other cases of them mean nothing to anybody.
 */
const signs = [
  "asm",
  "capability_restriction",
  "capabilityRestriction",
  "failure_policy",
  "failurePolicy",
  "fail_open",
  "failOpen",
  "dispatch_clusters",
] as const;

/** Escapes that can spell a letter in a quoted word, or break a word over lines. */
const escapes = /\\[xuU\r\n]/;

/** Whether a text can be about a plugin. */
export function mayMatter(text: string): boolean {
  return signs.some((sign) => text.includes(sign)) || (text.includes("\\") && escapes.test(text));
}

const signBytes = signs.map((sign) => Buffer.from(sign));
/** Beginnings of signs, each sign by one: four searches of most files instead of eight. */
const beginnings = ["asm", "capability", "fail", "dispatch_c"].map((text) => Buffer.from(text));
const escapeBytes = ["\\x", "\\u", "\\U", "\\\n", "\\\r"].map((text) => Buffer.from(text));

/** The same of a file's bytes, before they are made a string. */
export function bytesMayMatter(bytes: Buffer): boolean {
  const begun = beginnings.some((one) => bytes.includes(one));
  if (begun && signBytes.some((sign) => bytes.includes(sign))) return true;
  return bytes.includes(92) && escapeBytes.some((one) => bytes.includes(one));
}

/** Why a file is no text that manifests are written in; undefined where it is. */
export function notText(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 4096);
  const [first, second] = head;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return "UTF-16";
  if (head.includes(0)) return "binary";
  return undefined;
}

// Signed JSON, read strictly: within its size, no key twice. What is cut short is told apart from what is malformed,
// because it usually has another cause.
import { fail } from "../errors/failure.ts";
import { signingLimits } from "../spec/signing.ts";
import { jsonErrorAt } from "../util/json-error.ts";
import { parseStrictJson, StrictJsonError } from "../util/strict-json.ts";

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of a JSON object. Throws `signature-too-large`, `signature-truncated`, `json-duplicate-key`, `bundle-malformed`. */
export function parseSigned(bytes: Uint8Array, limit: number, what: string): Fields {
  if (bytes.length > limit) fail("signature-too-large", { what, limit });
  let value: unknown;
  try {
    value = parseStrictJson(bytes, signingLimits.jsonDepth);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    if (error.problem === "duplicate") fail("json-duplicate-key", { what, key: error.detail });
    if (error.problem === "syntax" && endsTooSoon(bytes)) fail("signature-truncated", { what });
    return fail("bundle-malformed", { what, reason: error.detail });
  }
  return isFields(value)
    ? value
    : fail("bundle-malformed", { what, reason: "it is no JSON object" });
}

function endsTooSoon(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes);
  const at = jsonErrorAt(text);
  // An unclosed string is reported where it begins.
  return at >= text.length || (text[at] === '"' && !/[^\\]"/.test(text.slice(at)));
}

const hex = /^[0-9a-f]{64}$/;

export const isSha256 = (value: unknown): value is string =>
  typeof value === "string" && hex.test(value);

// Canonical JSON and its digest: equal values give equal text whatever the order in which they were built.
import { sha256 } from "../util/digest.ts";

/** JSON without spaces, object keys sorted by code unit, sets as sorted lists. */
export function canonicalJson(value: unknown): string {
  if (value instanceof Set) return canonicalJson([...value].sort());
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonicalJson(one)}`).join(",")}}`;
}

/** Lower-case hex SHA-256 of the canonical JSON. */
export function digestOf(value: object): string {
  return sha256(canonicalJson(value));
}

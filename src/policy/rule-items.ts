// Items of argument rules as a document writes them, and what they mean: header names with or without a map, statuses,
// dotted paths, prefixes. Knows no field and no place; values.ts refuses what doesn't fit, resolve-rules.ts joins.
import { MAP } from "../spec/status.ts";
import type { HeaderRule, StatusRange } from "./rules.ts";

/** Patterns of the text forms; the JSON Schema publishes the same. */
export const rulePatterns = {
  headers: /^(?:\*|(?:(?:request|response)(?:-trailers)?:)?:?[!#$%&'+.^_`|~0-9A-Za-z-]{1,256})$/,
  properties: /^[^.]+(?:\.[^.]+)*$/,
  prefixes: /[^*]$/,
  statuses: /^(?:[1-9][0-9]{2}|[1-9]xx|[1-9][0-9]{2}-[1-9][0-9]{2})$/,
} as const;

/** Client maps by the word before a name. */
const maps = {
  request: MAP.httpRequestHeaders,
  "request-trailers": MAP.httpRequestTrailers,
  response: MAP.httpResponseHeaders,
  "response-trailers": MAP.httpResponseTrailers,
} as const;

/** All four client maps, as bits. */
export const ALL_MAPS = 15;

/** Stands for every header where it stands alone in an item. */
export const ALL_HEADERS = "*";

/** The greatest property path that a hardened module lets through, in bytes. */
const PATH_BYTES = 256;

export const isHeader = (item: string): boolean => rulePatterns.headers.test(item);

export const isPrefix = (item: string): boolean => rulePatterns.prefixes.test(item);

export function isProperty(item: string): boolean {
  return rulePatterns.properties.test(item) && Buffer.byteLength(item) <= PATH_BYTES;
}

export function isStatus(item: string): boolean {
  if (!rulePatterns.statuses.test(item)) return false;
  const [from, to] = statusRange(item);
  return from <= to;
}

/** A rule of a header item other than `*`: the name without its map, in lower case. */
export function headerRule(item: string): HeaderRule {
  const match = /^(request|response)(-trailers)?:(.+)$/.exec(item);
  if (match === null) return { name: item.toLowerCase(), maps: ALL_MAPS };
  const map = maps[`${match[1]}${match[2] ?? ""}` as keyof typeof maps];
  return { name: match[3]!.toLowerCase(), maps: 1 << map };
}

/** The item that a rule is; the reverse of headerRule for a rule about one map or about all. */
export function headerItems(rule: HeaderRule): readonly string[] {
  if (rule.maps === ALL_MAPS) return [rule.name];
  return Object.entries(maps)
    .filter(([, map]) => (rule.maps >> map) & 1)
    .map(([word]) => `${word}:${rule.name}`);
}

export function statusRange(item: string): StatusRange {
  if (item.endsWith("xx")) return [Number(`${item[0]}00`), Number(`${item[0]}99`)];
  const [from, to] = item.split("-");
  return [Number(from), Number(to ?? from)];
}

// What the rules of a policy let through, from texts and bytes alone: maps on the wire, paths of properties, names
// of headers. Read from docs/guards.md by what it means; shares nothing with harden, verify or the lab.
import type { Policy } from "../../src/policy/policy.ts";

export type Pairs = readonly (readonly [name: string, value: string])[];

/** Latin-1, so that every byte is one character. */
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
/** A text of the policy, as the bytes that are compared. */
export const policyText = (own: string): string => text(new TextEncoder().encode(own));
const lower = (own: string): string => own.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** What a strict reader makes of a serialised map: pairs, or null where the bytes are none. */
export function pairsOf(bytes: Uint8Array): Pairs | null {
  if (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0)) return [];
  if (bytes.length < 4 || bytes.length > 65_536) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(0, true);
  if (count > 256 || 4 + 8 * count > bytes.length) return null;
  let at = 4 + 8 * count;
  const take = (size: number): string | null => {
    if (at + size + 1 > bytes.length || bytes[at + size] !== 0) return null;
    const part = bytes.subarray(at, at + size);
    at += size + 1;
    return part.includes(0) ? null : text(part);
  };
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i < count; i++) {
    const name = take(view.getUint32(4 + 8 * i, true));
    const value = name === null ? null : take(view.getUint32(8 + 8 * i, true));
    if (name === null || value === null) return null;
    pairs.push([name, value]);
  }
  return at === bytes.length ? pairs : null;
}

/** Segments as they compare: from the third on without case where they name a header. */
function comparable(segments: readonly string[]): readonly string[] {
  const [first, second] = segments;
  const named =
    (first === "request" || first === "response") &&
    (second === "headers" || second === "trailers");
  return segments.map((segment, i) => (named && i > 1 ? lower(segment) : segment));
}

const ruleSegments = (dotted: string) => comparable(policyText(dotted).split("."));

/** The segments of a property's path on the wire, null where it is none. */
function segmentsOf(path: string): readonly string[] | null {
  const whole = path.endsWith("\0") ? path.slice(0, -1) : path;
  const segments = whole.split("\0");
  return whole.length === 0 || whole.length > 256 || segments.includes("") ? null : segments;
}

type Rules = Policy["rules"];

/** Whether a path may be read, or written where `write` is set. */
export function mayTouch(
  path: string,
  { properties, headers }: Pick<Rules, "properties" | "headers">,
  write: boolean,
): boolean {
  const list = write ? properties.write : properties.read;
  const hidden = write ? null : properties.hidden;
  if (list === null && hidden === null) return true;
  const segments = segmentsOf(path);
  if (segments === null) return false;
  const own = comparable(segments);
  if (list?.some((rule) => ruleSegments(rule).every((one, i) => own[i] === one)) === false)
    return false;
  if (hidden === null) return true;
  if (hidden.some((rule) => ruleSegments(rule).join("\0") === own.join("\0"))) return false;
  const maps = ["request headers", "request trailers", "response headers", "response trailers"];
  const map = maps.indexOf(segments.slice(0, 2).join(" "));
  if (map < 0 || segments.length < 3) return true;
  return named(headers.read, map, segments.slice(2).join("\0"));
}

/** Whether a header's name is on a list for a map. */
export function named(list: Rules["headers"]["read"], map: number, name: string): boolean {
  return list!.some(
    (rule) => policyText(rule.name) === lower(name) && ((rule.maps >> map) & 1) === 1,
  );
}

/** Whether the rules let a dispatched map through. */
export function mayDispatch(
  pairs: Pairs,
  { methods, paths, authorities }: Rules["dispatch"],
): boolean {
  const on = (list: readonly string[] | null, value: string, starred = false): boolean =>
    list === null ||
    list.some((entry) => {
      const own = policyText(entry);
      return starred && own.endsWith("*") ? value.startsWith(own.slice(0, -1)) : own === value;
    });
  return pairs.every(([name, value]) => {
    const low = lower(name);
    if (low === ":method") return on(methods, value);
    if (low === ":path") return on(paths, value, true);
    if (low === ":authority" || low === "host") return on(authorities, value);
    return !low.startsWith("x-envoy-");
  });
}

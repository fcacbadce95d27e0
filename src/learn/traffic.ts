// Recorded traffic as a plugin is shown it: requests with the answers of their upstream and of the services that the
// plugin asks. Two files hold it, HAR and JSON lines; docs/traffic.md describes the second.
import type { Pair } from "../host/header-map.ts";
import type { Field } from "../record/field.ts";

/** Bytes of one traffic file. */
export const TRAFFIC_BYTES = 64 * 1024 * 1024;

export const trafficCaps = {
  requests: 100_000,
  headers: 1_000,
  /** Characters of a name or value, and of a URL. */
  headerText: 64 * 1024,
  bodyBytes: 16 * 1024 * 1024,
  /** Milliseconds between two requests. */
  gap: 86_400_000,
} as const;

/** Milliseconds that pass before a request that doesn't say. */
export const USUAL_GAP = 100;

export interface Reply {
  readonly status: number;
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
}

export interface TrafficRequest {
  /** With pseudo-headers, as a proxy gives it to a plugin; byte strings. */
  readonly headers: readonly Pair[];
  /** Null for none. */
  readonly body: Uint8Array | null;
  /** What the upstream answers. */
  readonly response: Reply;
  /** What services answer that the plugin asks, by cluster; null fails. Others answer 200. */
  readonly calls: ReadonlyMap<string, Reply | null>;
  /** Milliseconds that pass before it. */
  readonly after: number;
}

export interface Traffic {
  readonly requests: readonly TrafficRequest[];
  /** Entries that are no HTTP request a proxy would see, such as data: URLs and aborted ones. */
  readonly skipped: number;
}

/** Text as the bytes that go over the wire, one character a byte. */
export function wire(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** A header's name or value, or a part of a URL: no character that could begin a line of its own. */
export function headerText(field: Field): string {
  const text = field.text(trafficCaps.headerText);
  if (/[\0\r\n]/.test(text)) return field.wrong("text on one line");
  return wire(text);
}

/** Text as UTF-8, or base64. */
export function bodyOf(text: Field, base64: boolean): Uint8Array {
  const value = text.text(base64 ? trafficCaps.bodyBytes * 2 : trafficCaps.bodyBytes);
  if (base64 && !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value)) return text.wrong("base64");
  const bytes = Buffer.from(value, base64 ? "base64" : "utf8");
  return bytes.length > trafficCaps.bodyBytes
    ? text.wrong(`at most ${trafficCaps.bodyBytes} bytes`)
    : bytes;
}

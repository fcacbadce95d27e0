// HAR 1.2, as browsers and proxies write it. Its responses are taken for the upstream's: what a proxy in between had
// changed is in them too. Fields that say nothing about a request (timings, pages, cookies) are not read.

import { fail } from "../errors/failure.ts";
import type { Pair } from "../host/header-map.ts";
import { Field } from "../record/field.ts";
import {
  bodyOf,
  headerText,
  type Reply,
  type Traffic,
  type TrafficRequest,
  trafficCaps,
  USUAL_GAP,
  wire,
} from "./traffic.ts";

/** A HAR's bodies are as the page saw them: without the coding that these headers tell of. */
const framing = new Set(["content-encoding", "content-length", "transfer-encoding", "connection"]);

function headersOf(field: Field): Pair[] {
  return field.list(trafficCaps.headers).flatMap((one): Pair[] => {
    const name = headerText(one.get("name")).toLowerCase();
    // HTTP/2 in Chrome's files: the same as method and URL.
    if (name === "" || name.startsWith(":")) return [];
    return [[name, headerText(one.get("value"))]];
  });
}

/** Null for what no proxy sees: data:, blob:, ws: and extensions' own. */
function urlOf(field: Field): URL | null {
  const text = field.text(trafficCaps.headerText);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") return null;
  if (scheme === undefined || !URL.canParse(text)) {
    fail("traffic-bad-url", { path: field.path }, field.where);
  }
  return new URL(text);
}

function requestBody(request: Field): Uint8Array | null {
  const data = request.optional("postData");
  if (data === undefined || data.value === null) return null;
  const text = data.optional("text");
  if (text === undefined || text.value === null) return null;
  const body = bodyOf(text, data.optional("encoding")?.value === "base64");
  return body.length === 0 ? null : body;
}

function responseOf(response: Field, status: number): Reply {
  const content = response.optional("content");
  const text = content?.optional("text");
  const body =
    text === undefined || text.value === null
      ? new Uint8Array(0)
      : bodyOf(text, content?.optional("encoding")?.value === "base64");
  const headers = headersOf(response.get("headers")).filter(([name]) => !framing.has(name));
  return { status, headers, body };
}

/** Milliseconds since 1970; null where an entry doesn't say. */
function startOf(entry: Field): number | null {
  const field = entry.optional("startedDateTime");
  if (field === undefined) return null;
  const time = Date.parse(field.text(100));
  return Number.isNaN(time) ? field.wrong("an ISO 8601 time") : time;
}

function entryOf(entry: Field, after: number): TrafficRequest | null {
  const request = entry.get("request");
  const response = entry.get("response");
  const url = urlOf(request.get("url"));
  // 0: aborted, blocked, or answered without the network; 101 is no HTTP exchange any more.
  const status = response.get("status").count(0, 599);
  if (url === null || status < 200) return null;
  const method = headerText(request.get("method"));
  const body = requestBody(request);
  const headers: Pair[] = [
    [":method", method],
    [":scheme", url.protocol.slice(0, -1)],
    [":authority", url.host],
    [":path", wire(`${url.pathname}${url.search}`)],
    ...headersOf(request.get("headers")).filter(([name]) => name !== "host"),
  ];
  return { headers, body, response: responseOf(response, status), calls: new Map(), after };
}

/** Throws a Failure that names the entry and the field. */
export function readHar(text: string, file: string): Traffic {
  const entries = Field.parse(text, file).get("log").get("entries").list(trafficCaps.requests);
  const requests: TrafficRequest[] = [];
  let last: number | null = null;
  for (const entry of entries) {
    const start = startOf(entry);
    const gap = start === null || last === null ? USUAL_GAP : start - last;
    const request = entryOf(entry, Math.min(Math.max(gap, 0), trafficCaps.gap));
    if (request === null) continue;
    last = start ?? last;
    requests.push(request);
  }
  return { requests, skipped: entries.length - requests.length };
}

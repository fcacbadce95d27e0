// Traffic as JSON lines, one request a line: a form that a person or a script can write. Every key is known or an
// error: a key with a slip in it would silently play another request.
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

const OK: Reply = { status: 200, headers: [], body: new Uint8Array(0) };

const requestKeys = [
  ...["method", "path", "authority", "scheme", "headers", "body", "after"],
  ...["response", "calls"],
] as const;
const replyKeys = ["status", "headers", "body"] as const;

function known(field: Field, keys: readonly string[]): void {
  for (const [key, entry] of field.entries(keys.length + 1_000)) {
    if (!keys.includes(key)) entry.wrong(`left out, or one of ${keys.join(", ")}`);
  }
}

/** A map of texts, or of lists of texts, or a list of pairs where the order of names matters. */
function headersOf(field: Field | undefined): Pair[] {
  if (field === undefined) return [];
  if (Array.isArray(field.value)) {
    return field.list(trafficCaps.headers).map((pair) => {
      const [name, value, more] = pair.list();
      if (name === undefined || value === undefined || more !== undefined) {
        return pair.wrong("a list of a name and a value");
      }
      return [headerText(name).toLowerCase(), headerText(value)];
    });
  }
  return field.entries(trafficCaps.headers).flatMap(([name, value]): Pair[] => {
    if (/[\0\r\n]/.test(name)) value.wrong("under a name on one line");
    const key = wire(name).toLowerCase();
    const values = Array.isArray(value.value) ? value.list(trafficCaps.headers) : [value];
    return values.map((one) => [key, headerText(one)]);
  });
}

/** Text, or `{"base64": "…"}`. */
function body(field: Field | undefined): Uint8Array {
  if (field === undefined || field.value === null) return OK.body;
  if (typeof field.value === "string") return bodyOf(field, false);
  known(field, ["base64"]);
  return bodyOf(field.get("base64"), true);
}

function reply(field: Field | undefined): Reply {
  if (field === undefined) return OK;
  known(field, replyKeys);
  return {
    status: field.optional("status")?.count(200, 599) ?? OK.status,
    headers: headersOf(field.optional("headers")),
    body: body(field.optional("body")),
  };
}

function callsOf(field: Field | undefined): ReadonlyMap<string, Reply | null> {
  if (field === undefined) return new Map();
  const answers = field.entries(trafficCaps.headers).map(([cluster, answer]) => {
    return [cluster, answer.value === null ? null : reply(answer)] as const;
  });
  return new Map(answers);
}

function requestOf(field: Field): TrafficRequest {
  known(field, requestKeys);
  const text = (name: string, otherwise: string): string => {
    const one = field.optional(name);
    return one === undefined ? otherwise : headerText(one);
  };
  const sent = body(field.optional("body"));
  const path = headerText(field.get("path"));
  if (!path.startsWith("/") && path !== "*") field.get("path").wrong("a path that begins with /");
  return {
    headers: [
      [":method", text("method", sent.length > 0 ? "POST" : "GET")],
      [":scheme", text("scheme", "https")],
      [":authority", text("authority", "service.test")],
      [":path", path],
      ...headersOf(field.optional("headers")),
    ],
    body: sent.length === 0 ? null : sent,
    response: reply(field.optional("response")),
    calls: callsOf(field.optional("calls")),
    after: field.optional("after")?.count(0, trafficCaps.gap) ?? USUAL_GAP,
  };
}

/** Throws a Failure at the line, with the path of the field in it. */
export function readLines(text: string, file: string): Traffic {
  const requests: TrafficRequest[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    if (requests.length === trafficCaps.requests) {
      const where = { at: "file", file, line: i + 1 } as const;
      fail("traffic-too-many", { max: trafficCaps.requests, what: "requests" }, where);
    }
    requests.push(requestOf(Field.parse(line, file, i + 1)));
  }
  return { requests, skipped: 0 };
}

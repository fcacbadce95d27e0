// Header lists of HTTP/1 and what may stand in them: hop-by-hop headers go on the way in, and on the way out every
// name is a token and the framing is the codec's own. The invariant: no header that a plugin or a peer set can
// change where a message ends.
import { STATUS_CODES } from "node:http";
import type { HeaderMap } from "../../host/header-map.ts";
import { joinedInRequests, joinedInResponses } from "../../spec/joined-headers.ts";

/** How a message's end is told to its receiver. */
export type Framing = "none" | "length" | "chunked" | "close";

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Never passed on, whoever asks. */
const hop = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
];
/** Headers that a client may not have taken away by naming them in Connection; pseudo-headers have their places. */
const kept =
  /^(:.*|host|content-length|cookie|authorization|x-forwarded-.*|x-envoy-.*|x-request-id)$/;
const ordinary = /^(|close|keep-alive|upgrade|te|http2-settings|trailers)$/;

type Kind =
  | "hop"
  | "connection"
  | "te"
  | "length"
  | "host"
  | "expect"
  | "pass"
  | "joined"
  | "bad"
  | "pseudo";
const kinds = new Map<string, Kind>();

function kindOf(name: string): Kind {
  const known = kinds.get(name);
  if (known !== undefined) return known;
  const kind = judge(name);
  // Names come from strangers: those that are remembered are few and short.
  if (kinds.size < 2000 && name.length < 64) kinds.set(name, kind);
  return kind;
}

function judge(name: string): Kind {
  if (name.charCodeAt(0) === 0x3a) return "pseudo";
  if (!token.test(name)) return "bad";
  if (name === "connection" || name === "te" || name === "host" || name === "expect") return name;
  if (name === "content-length") return "length";
  if (hop.includes(name)) return "hop";
  return joinedInRequests.has(name) || joinedInResponses.has(name) ? "joined" : "pass";
}

/** Whether a header that isn't a pseudo-header may be passed on at all. */
export function mayPassHop(name: string): boolean {
  const kind = kindOf(name);
  return kind !== "hop" && kind !== "connection" && kind !== "bad" && kind !== "pseudo";
}

/** What the head of a message says of its connection and its end. */
export interface Told {
  host: string | null;
  hosts: number;
  expectContinue: boolean;
  /** Connection names a header that it may not take away. */
  stripsKept: boolean;
  connection: string;
  length: number | null;
}

/** Appends the end-to-end headers of a wire list to `out`, in lower case; the host apart. */
export function endToEnd(list: readonly string[], out: string[], request: boolean): Told {
  const told: Told = {
    host: null,
    hosts: 0,
    expectContinue: false,
    stripsKept: false,
    connection: "",
    length: null,
  };
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!.toLowerCase();
    const value = list[i + 1] ?? "";
    switch (kindOf(name)) {
      case "hop":
      case "bad":
      case "pseudo":
        continue;
      case "connection":
        told.connection += `${told.connection === "" ? "" : ","}${value.toLowerCase()}`;
        continue;
      case "te":
        if (/^trailers$/i.test(value)) out.push(name, "trailers");
        continue;
      case "host":
        if (!request) break;
        told.hosts++;
        told.host ??= value;
        continue;
      case "expect":
        if (!request || !/^100-continue$/i.test(value)) break;
        told.expectContinue = true;
        continue;
      case "length":
        told.length = Number(value);
        break;
      case "joined":
        if (joinTo(out, name, value, request)) continue;
        break;
      default:
    }
    out.push(name, value);
  }
  if (told.connection !== "") dropNamed(told, out);
  return told;
}

/** Of some headers a message has one line, as in Envoy: whether the value went to one that is there already. */
function joinTo(out: string[], name: string, value: string, request: boolean): boolean {
  for (let i = 0; i < out.length; i += 2) {
    if (out[i] !== name) continue;
    if (!(request ? joinedInRequests : joinedInResponses).has(name)) return false;
    out[i + 1] += `,${value}`;
    return true;
  }
  return false;
}

function dropNamed(told: Told, out: string[]): void {
  for (const part of told.connection.split(",")) {
    const name = part.trim();
    if (ordinary.test(name)) continue;
    if (kept.test(name)) told.stripsKept = true;
    else for (let i = out.length - 2; i >= 0; i -= 2) if (out[i] === name) out.splice(i, 2);
  }
}

/** The lines of a header map but for those of the codec; `length` is what it says the body has. */
function linesOf(headers: HeaderMap): { lines: string; length: string | null } {
  let lines = "";
  let length: string | null = null;
  for (let i = 0; i < headers.size; i++) {
    const name = headers.nameAt(i);
    switch (kindOf(name)) {
      case "pass":
      case "joined":
      case "te":
      case "expect":
        lines += `${name}: ${headers.valueAt(i)}\r\n`;
        break;
      case "length": {
        const value = headers.valueAt(i);
        if (/^\d{1,15}$/.test(value) && (length === null || length === value)) length = value;
        else length = "";
        break;
      }
      default:
    }
  }
  return { lines, length: length === "" ? null : length };
}

export interface WrittenHead {
  /** One character a byte. */
  readonly text: string;
  readonly framing: Framing;
  /** What `content-length` promises; 0 elsewhere. */
  readonly length: number;
}

/** Methods whose requests have no body unless they say so; the others say that they have none, as Envoy's do. */
const unsized = /^(GET|HEAD|DELETE|TRACE)$/;
const target = /^[\x21-\x7e\x80-\xff]+$/;

/** The head of a request to an upstream; null where its pseudo-headers can't stand in a request line. */
export function requestHead(headers: HeaderMap, end: boolean): WrittenHead | null {
  const method = headers.get(":method") ?? "";
  const path = headers.get(":path") ?? "";
  const host = headers.get(":authority") ?? "";
  if (!token.test(method) || !target.test(path) || method === "CONNECT") return null;
  const { lines, length } = linesOf(headers);
  const start = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines}`;
  if (end) {
    const text = unsized.test(method) ? `${start}\r\n` : `${start}content-length: 0\r\n\r\n`;
    return { text, framing: "none", length: 0 };
  }
  if (length !== null) {
    const text = `${start}content-length: ${length}\r\n\r\n`;
    return { text, framing: "length", length: Number(length) };
  }
  return { text: `${start}transfer-encoding: chunked\r\n\r\n`, framing: "chunked", length: 0 };
}

export interface ResponseShape {
  readonly head: boolean;
  readonly end: boolean;
  /** The client's minor version. */
  readonly minor: number;
  /** What is said of the connection; null for nothing. */
  readonly connection: "close" | "keep-alive" | null;
}

/** The head of a response to a client; a status that is no number from 200 to 599 becomes 500. */
export function responseHead(headers: HeaderMap, shape: ResponseShape): WrittenHead {
  const status = statusOf(headers);
  const { lines, length } = linesOf(headers);
  const bodyless = status === 204 || status === 304;
  let text = statusLine(status) + lines;
  let framing: Framing = "none";
  if (shape.head || bodyless) {
    // A HEAD or 304 may tell the length of what isn't sent.
    if (length !== null && status !== 204) text += `content-length: ${length}\r\n`;
  } else if (shape.end) {
    text += "content-length: 0\r\n";
  } else if (length !== null) {
    text += `content-length: ${length}\r\n`;
    framing = "length";
  } else if (shape.minor >= 1) {
    text += "transfer-encoding: chunked\r\n";
    framing = "chunked";
  } else {
    framing = "close";
  }
  if (framing === "close" || shape.connection === "close") text += "connection: close\r\n";
  else if (shape.connection !== null) text += `connection: ${shape.connection}\r\n`;
  return { text: `${text}\r\n`, framing, length: framing === "length" ? Number(length) : 0 };
}

/** An interim response; "" where its status is none. */
export function interimHead(headers: HeaderMap): string {
  const status = Number(headers.get(":status"));
  if (!(status >= 100 && status < 200) || status === 101) return "";
  return `${statusLine(status)}${linesOf(headers).lines}\r\n`;
}

/** Trailer lines and the empty one behind them. */
export function trailerLines(trailers: HeaderMap): string {
  return `${linesOf(trailers).lines}\r\n`;
}

export function statusOf(headers: HeaderMap): number {
  const status = Number(headers.get(":status"));
  return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 500;
}

const statusLines: string[] = [];

function statusLine(status: number): string {
  return (statusLines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`);
}

// Content that never changes, as an HTTP answer: conditional requests, one range, HEAD. The digest is the entity tag, so
// whoever has the bytes is told so. Every answer has its length: one that breaks off is seen by its client.
import type { IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import type { Digest } from "../net/digest.ts";
import { serveLimits } from "../spec/serve.ts";
import type { ContentRow } from "./artifacts.ts";

/** Header names and values, in turns: what Node writes without looking them up. */
type Headers = readonly string[];

const FOREVER = "public, max-age=31536000, immutable";

/** What is asked for, of so many bytes: a part (end exclusive), null for all, false for none of it. */
export function rangeOf(
  header: string | undefined,
  size: number,
): readonly [start: number, end: number] | null | false {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return null;
  if (first === "") {
    return Number(last) === 0 || size === 0 ? false : [Math.max(0, size - Number(last)), size];
  }
  if (last !== "" && Number(last) < Number(first)) return null;
  if (Number(first) >= size) return false;
  return [Number(first), last === "" ? size : Math.min(size, Number(last) + 1)];
}

const matches = (header: string, etag: string): boolean =>
  header.trim() === "*" || header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag);

/** The headers of a content; made once for each. */
export function contentHeaders(row: ContentRow, extra: Headers = []): Headers {
  return [
    ...["Content-Type", row.mediaType, "ETag", `"${row.digest}"`, "Accept-Ranges", "bytes"],
    ...["Docker-Content-Digest", row.digest, "Cache-Control", FOREVER],
    ...["X-Content-Type-Options", "nosniff", ...extra],
  ];
}

export interface Sent {
  readonly status: number;
  readonly bytes: number;
}

/**
 * Ends an answer with a body. TLS makes a copy of what it is given at once, for each connection: so it gets a piece when
 * the one before is on its way, and many slow clients of one large module don't hold it once each.
 */
function endWith({ socket }: IncomingMessage, response: ServerResponse, body: Uint8Array): void {
  const piece = socket instanceof TLSSocket ? serveLimits.piece : body.length;
  let at = 0;
  const more = (): void => {
    while (!response.destroyed && at + piece < body.length) {
      const flows = response.write(body.subarray(at, at + piece));
      at += piece;
      if (!flows) return void response.once("drain", more);
    }
    if (!response.destroyed) response.end(body.subarray(at));
  };
  more();
}

/** Answers with a content; `bytes` may be null for HEAD. */
export function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  row: Pick<ContentRow, "digest" | "size">,
  headers: Headers,
  bytes: Uint8Array | null,
): Sent {
  const head = request.method === "HEAD";
  const asked = request.headers;
  const etag = `"${row.digest satisfies Digest}"`;
  const end = (status: number, length: number, more: Headers, body: Uint8Array | null): Sent => {
    response.writeHead(status, [...headers, "Content-Length", String(length), ...more]);
    if (head || body === null) response.end();
    else endWith(request, response, body);
    return { status, bytes: head ? 0 : (body?.length ?? 0) };
  };
  const none = asked["if-none-match"];
  if (none !== undefined && matches(none, etag)) {
    response.writeHead(304, headers as string[]);
    response.end();
    return { status: 304, bytes: 0 };
  }
  const { size } = row;
  const condition = asked["if-range"];
  const range =
    asked.range === undefined || (condition !== undefined && condition !== etag)
      ? null
      : rangeOf(asked.range, size);
  if (range === null) return end(200, size, [], bytes);
  if (range === false) return end(416, 0, ["Content-Range", `bytes */${size}`], null);
  const [from, to] = range;
  const said = ["Content-Range", `bytes ${from}-${to - 1}/${size}`];
  return end(206, to - from, said, bytes?.subarray(from, to) ?? null);
}

/** A short text or document that is made for this answer. */
export function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  more: Headers = [],
): Sent {
  const bytes = Buffer.byteLength(body);
  const fixed = ["Cache-Control", "no-cache", "X-Content-Type-Options", "nosniff"];
  response.writeHead(status, [
    ...["Content-Type", type, "Content-Length", String(bytes), ...fixed, ...more],
  ]);
  response.end(request.method === "HEAD" ? undefined : body);
  return { status, bytes: request.method === "HEAD" ? 0 : bytes };
}

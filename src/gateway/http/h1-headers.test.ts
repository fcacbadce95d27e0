// Framing belongs to the codec: whatever a plugin or a peer puts into a header map, a message ends where it ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderMap, type Pair } from "../../host/header-map.ts";
import type { ConnectionInfo } from "./exchange.ts";
import { H1Exchange, type ResponseOutlet } from "./h1-exchange.ts";
import { endToEnd, interimHead, requestHead, responseHead, trailerLines } from "./h1-headers.ts";

const hostile: readonly Pair[] = [
  ["transfer-encoding", "chunked"],
  ["Connection", "keep-alive"],
  ["keep-alive", "1"],
  ["upgrade", "websocket"],
  ["transfer-encoding ", "chunked"],
  ["a b", "c"],
  ["a:b", "c"],
  ["", "nameless"],
  [":other", "x"],
  ["x-good", "1"],
];
const request: readonly Pair[] = [
  [":method", "POST"],
  [":path", "/p"],
  [":authority", "a"],
];
const shape = { head: false, end: false, minor: 1, connection: null } as const;

test("headers of which Envoy has one line are joined, each by its message; others keep their lines", () => {
  const list = [
    ...["Accept", "a", "x-forwarded-for", "1.1.1.1", "Vary", "b", "X-Own", "1", "Cookie", "a=1"],
    ...["ACCEPT", "c", "X-Forwarded-For", "2.2.2.2", "vary", "d", "x-own", "2", "cookie", "b=2"],
  ];
  const request: string[] = [];
  endToEnd(list, request, true);
  const own = ["x-own", "1", "cookie", "a=1"];
  const more = ["x-own", "2", "cookie", "b=2"];
  const one = ["accept", "a,c", "x-forwarded-for", "1.1.1.1,2.2.2.2"];
  assert.deepEqual(request, [...one, "vary", "b", ...own, "vary", "d", ...more]);
  const response: string[] = [];
  endToEnd(["Date", "a", "Accept", "b", "date", "c", "accept", "d"], response, false);
  assert.deepEqual(response, ["date", "a,c", "accept", "b", "accept", "d"]);
});

test("requests whose method may bring a body say that there is none, as Envoy's do", () => {
  for (const [method, says] of [
    ["GET", false],
    ["HEAD", false],
    ["DELETE", false],
    ["TRACE", false],
    ["POST", true],
    ["OPTIONS", true],
    ["PROPFIND", true],
  ] as const) {
    const head = requestHead(HeaderMap.from([[":method", method], ...request.slice(1)]), true)!;
    assert.equal(head.text.includes("content-length: 0\r\n"), says, method);
  }
});

test("of hostile headers only the harmless one is written, in requests, responses, interim heads and trailers", () => {
  const texts = [
    requestHead(HeaderMap.from([...request, ...hostile]), true)!.text,
    responseHead(HeaderMap.from([[":status", "200"], ...hostile]), { ...shape, end: true }).text,
    interimHead(HeaderMap.from([[":status", "103"], ...hostile])),
    trailerLines(HeaderMap.from(hostile)),
  ];
  for (const text of texts) {
    const lines = text
      .split("\r\n")
      .filter((line) => line !== "" && !line.startsWith("HTTP/1.1") && !line.startsWith("POST"));
    assert.deepEqual(
      lines.filter((line) => !/^(host|content-length): /.test(line)),
      ["x-good: 1"],
    );
  }
});

test("a length is believed where it is one number, said once or always the same", () => {
  const framed = (...values: string[]) => {
    const map = HeaderMap.from([
      ...request,
      ...values.map((value): Pair => ["content-length", value]),
    ]);
    const { framing, length } = requestHead(map, false)!;
    return [framing, length];
  };
  assert.deepEqual(framed("5"), ["length", 5]);
  assert.deepEqual(framed("5", "5"), ["length", 5]);
  for (const bad of [["5", "6"], ["-1"], ["5 "], ["0x5"], ["5,5"], [""], ["9".repeat(20)]]) {
    assert.deepEqual(framed(...bad), ["chunked", 0], bad.join("|"));
  }
});

test("a request line that would be two is none", () => {
  const bad: readonly (readonly Pair[])[] = [
    [
      [":method", "GET /x HTTP/1.1"],
      [":path", "/"],
      [":authority", "a"],
    ],
    [
      [":method", "GET"],
      [":path", "/ HTTP/1.1"],
      [":authority", "a"],
    ],
    [
      [":method", "GET"],
      [":path", ""],
      [":authority", "a"],
    ],
    [
      [":method", "CONNECT"],
      [":path", "a:1"],
      [":authority", "a"],
    ],
    [[":path", "/"]],
  ];
  for (const pairs of bad)
    assert.equal(requestHead(HeaderMap.from(pairs), true), null, String(pairs));
});

test("a status that is none becomes 500, and no interim one ends a request", () => {
  for (const status of ["", "abc", "99", "101", "600", "200 OK"]) {
    const { text } = responseHead(HeaderMap.from([[":status", status]]), { ...shape, end: true });
    assert.match(text, /^HTTP\/1\.1 500 /, status);
  }
  assert.equal(interimHead(HeaderMap.from([[":status", "101"]])), "");
});

interface Recorded {
  readonly outlet: ResponseOutlet;
  text: string;
  ends: string[];
}

function recorder(): Recorded {
  const recorded: Recorded = { text: "", ends: [], outlet: null! };
  const write = (piece: string | Uint8Array): boolean => {
    recorded.text += typeof piece === "string" ? piece : Buffer.from(piece).toString("latin1");
    return true;
  };
  const outlet: ResponseOutlet = {
    info: {} as ConnectionInfo,
    write,
    writeBoth: (before, bytes, after) => write(before) && write(bytes) && write(after),
    done: (_, reusable) => recorded.ends.push(reusable ? "reusable" : "close"),
    abort: () => recorded.ends.push("abort"),
    pause() {},
    resume() {},
    closing: false,
  };
  return Object.assign(recorded, { outlet });
}

const exchangeOn = ({ outlet }: Recorded): H1Exchange =>
  new H1Exchange(outlet, {
    headers: new HeaderMap(),
    headersOnly: true,
    started: 0,
    minor: 1,
    isHead: false,
    keepAlive: true,
  });

const withLength = (length: string): HeaderMap =>
  HeaderMap.from([
    [":status", "200"],
    ["content-length", length],
  ]);
const bytes = (text: string): Uint8Array => Buffer.from(text);

test("more bytes than were promised are cut, and the connection isn't used again", () => {
  const recorded = recorder();
  const exchange = exchangeOn(recorded);
  exchange.sendHeaders(withLength("3"), false);
  exchange.sendData(bytes("abcdef"), true);
  assert.match(recorded.text, /\r\n\r\nabc$/);
  assert.deepEqual(recorded.ends, ["close"]);
});

test("fewer bytes than were promised end the connection at once", () => {
  const recorded = recorder();
  const exchange = exchangeOn(recorded);
  exchange.sendHeaders(withLength("10"), false);
  exchange.sendData(bytes("abc"), true);
  assert.deepEqual(recorded.ends, ["abort"]);
});

test("what comes after the end is not written, nor what comes before the head", () => {
  const recorded = recorder();
  const exchange = exchangeOn(recorded);
  exchange.sendData(bytes("early"), false);
  exchange.sendHeaders(withLength("2"), false);
  exchange.sendHeaders(withLength("4"), false);
  exchange.sendData(bytes("ok"), true);
  const { text } = recorded;
  exchange.sendData(bytes("late"), true);
  exchange.sendTrailers(HeaderMap.from([["x", "1"]]));
  exchange.sendInterim(HeaderMap.from([[":status", "103"]]));
  exchange.reset();
  assert.equal(recorded.text, text);
  assert.equal(text, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  assert.deepEqual(recorded.ends, ["reusable"]);
});

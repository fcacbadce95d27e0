// Traffic files: what becomes of both forms, and that a bad one is refused at its place, without its values.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/failure.ts";
import { renderFailure } from "../errors/render.ts";
import { readTraffic } from "./read-traffic.ts";
import { trafficCaps } from "./traffic.ts";

const SECRET = "hunter2";

function refusal(text: string): string {
  try {
    readTraffic(text, "t");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const line = renderFailure(error);
    assert.ok(!line.includes(SECRET), line);
    return line;
  }
  return assert.fail("it was read");
}

const har = (entries: readonly unknown[]): string =>
  JSON.stringify({ log: { version: "1.2", entries } });

const entry = {
  startedDateTime: "2025-01-01T00:00:00.000Z",
  request: {
    method: "POST",
    url: "https://shop.test:8443/cart?id=1#x",
    headers: [
      { name: ":method", value: "POST" },
      { name: "Host", value: "shop.test" },
      { name: "X-Tenant", value: "ä" },
    ],
    postData: { mimeType: "text/plain", text: "body ä" },
  },
  response: {
    status: 201,
    headers: [
      { name: "Content-Encoding", value: "gzip" },
      { name: "Server", value: "x" },
    ],
    content: { text: "aGk=", encoding: "base64" },
  },
};

test("a HAR entry becomes the request that a proxy sees, and its response the upstream's", () => {
  const later = { ...entry, startedDateTime: "2025-01-01T00:00:02.500Z" };
  const { requests, skipped } = readTraffic(har([entry, later]), "t.har");
  assert.equal(skipped, 0);
  assert.deepEqual(requests[0]!.headers, [
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", "shop.test:8443"],
    [":path", "/cart?id=1"],
    ["x-tenant", "\u00c3\u00a4"],
  ]);
  assert.equal(Buffer.from(requests[0]!.body!).toString(), "body ä");
  const { status, headers, body } = requests[0]!.response;
  assert.deepEqual([status, headers, Buffer.from(body).toString()], [201, [["server", "x"]], "hi"]);
  assert.equal(requests[1]!.after, 2500);
});

test("entries that no proxy sees are left out and counted", () => {
  const with_ = (url: string, status: number) => ({
    ...entry,
    request: { ...entry.request, url },
    response: { ...entry.response, status },
  });
  const { requests, skipped } = readTraffic(
    har([
      with_("data:text/plain,x", 200),
      with_("https://a.test/", 0),
      with_("wss://a.test/", 101),
      entry,
    ]),
    "t.har",
  );
  assert.deepEqual([requests.length, skipped], [1, 3]);
});

test("a line says as little or as much as it likes", () => {
  const text = [
    '{"path": "/"}',
    "",
    '{"method": "PUT", "path": "/a", "authority": "x", "scheme": "http", "headers": {"A": "1", "b": ["2", "3"]}, "body": {"base64": "aGk="}, "after": 7, "response": {"status": 404}, "calls": {"geo": {"status": 403, "headers": [["a", "b"]]}, "down": null}}',
  ].join("\r\n");
  const { requests } = readTraffic(text, "t.jsonl");
  assert.deepEqual(requests[0]!.headers.slice(0, 2), [
    [":method", "GET"],
    [":scheme", "https"],
  ]);
  assert.equal(requests[0]!.response.status, 200);
  const [, second] = requests;
  assert.deepEqual(second!.headers.slice(4), [
    ["a", "1"],
    ["b", "2"],
    ["b", "3"],
  ]);
  assert.deepEqual([Buffer.from(second!.body!).toString(), second!.after], ["hi", 7]);
  assert.equal(second!.calls.get("down"), null);
  assert.deepEqual(second!.calls.get("geo")!.headers, [["a", "b"]]);
});

test("what is wrong is told by line or path, and never by value", () => {
  const bad = (request: unknown) => har([entry, { ...entry, request }]);
  const rows: readonly (readonly [string, RegExp])[] = [
    [`{"path": "/"}\n{"path": "/", "header": {"a": "${SECRET}"}}`, /t:2:1 \(header\)/],
    [`{"path": "/"}\n{"path": "/" "${SECRET}"}`, /traffic-not-json.*t:2:14/],
    [`{"path": "${SECRET}"}`, /path must be a path that begins with/],
    [`{"path": "/", "headers": {"a": "x\\r\\n${SECRET}"}}`, /headers\.a must be text on one line/],
    [`{"path": "/", "headers": {"a\\nb": "${SECRET}"}}`, /on one line/],
    [
      `{"path": "/", "headers": [["${SECRET}"]]}`,
      /headers\[0\] must be a list of a name and a value/,
    ],
    [`{"path": "/", "body": {"base64": "!${SECRET}"}}`, /body\.base64 must be base64/],
    [
      `{"path": "/", "response": {"status": 99}}`,
      /response\.status must be a whole number from 200 to 599/,
    ],
    [`{"path": "/", "after": -1}`, /after must be a whole number from 0/],
    [`{"path": ["${SECRET}"]}`, /path must be text, found a list/],
    [`"${SECRET}"`, /the whole must be a map, found text of 7 characters/],
    [`{"log": {"entries": [${SECRET}`, /traffic-not-json.*t:1:22/],
    [`{"log": {"entries": {}}}`, /log\.entries must be a list/],
    [
      bad({ ...entry.request, url: `/${SECRET}` }),
      /log\.entries\[1\]\.request\.url is no absolute/,
    ],
    [
      bad({ ...entry.request, url: `https://${SECRET}:x/` }),
      /log\.entries\[1\]\.request\.url is no abs/,
    ],
    [
      bad({ ...entry.request, headers: [{ name: SECRET }] }),
      /headers\[0\]\.value must be text, found nothing/,
    ],
    [bad({ ...entry.request, method: 7 }), /request\.method must be text, found a number/],
    ["", /traffic-empty/],
    [har([]), /traffic-empty/],
  ];
  for (const [text, expected] of rows) assert.match(refusal(text), expected, text);
});

test("a file of more requests, headers or bytes than the caps is refused, not cut", () => {
  const many = '{"path":"/"}\n'.repeat(trafficCaps.requests + 1);
  assert.match(refusal(many), /more than 100000 requests.*t:100001/);
  const headers = JSON.stringify(Array.from({ length: 1001 }, () => ["a", "b"]));
  assert.match(refusal(`{"path": "/", "headers": ${headers}}`), /traffic-too-many/);
  const long = "x".repeat(trafficCaps.bodyBytes + 1);
  assert.match(refusal(`{"path": "/", "body": "${long}"}`), /body must be text of at most/);
  const inherited = '{"path": "/", "__proto__": {"method": "PUT"}}';
  assert.match(refusal(inherited), /__proto__ must be left out/);
});

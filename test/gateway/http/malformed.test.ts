// What a client may not say: each of these gets its status and the end of its connection, and nothing of it
// reaches the upstream.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clusterOf, type Gateway, startGateway } from "./gateway.ts";
import { OK, RawClient, type RawUpstream, simpleUpstream } from "./peers.ts";

let upstream: RawUpstream;
let gateway: Gateway;

before(async () => {
  upstream = await simpleUpstream(OK);
  gateway = await startGateway({
    clusters: [clusterOf("up", [upstream.port])],
  });
});
after(async () => {
  await gateway.close();
  await upstream.close();
});

const post = "POST /bad HTTP/1.1\r\nhost: a\r\n";
const get = "GET /bad HTTP/1.1\r\nhost: a\r\n";

interface Row {
  readonly what: string;
  readonly bytes: string;
  readonly status: number;
}

const table: readonly Row[] = [
  {
    what: "both lengths",
    bytes: `${post}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "both lengths, the other way",
    bytes: `${post}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "two lengths that agree",
    bytes: `${post}content-length: 3\r\ncontent-length: 3\r\n\r\nabc`,
    status: 400,
  },
  {
    what: "two lengths that differ",
    bytes: `${post}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd`,
    status: 400,
  },
  { what: "a list of lengths", bytes: `${post}content-length: 3, 3\r\n\r\nabc`, status: 400 },
  { what: "a signed length", bytes: `${post}content-length: +3\r\n\r\nabc`, status: 400 },
  { what: "an empty length", bytes: `${post}content-length: \r\n\r\n`, status: 400 },
  {
    what: "a length beyond 64 bits",
    bytes: `${post}content-length: 99999999999999999999\r\n\r\n`,
    status: 400,
  },
  {
    what: "an unknown transfer coding",
    bytes: `${post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
    status: 501,
  },
  {
    what: "chunked that isn't last",
    bytes: `${post}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "a coding before chunked, which would be lost",
    bytes: `${post}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    status: 501,
  },
  {
    what: "a coding in a line of its own before chunked",
    bytes: `${post}transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 501,
  },
  {
    what: "an empty transfer coding",
    bytes: `${post}transfer-encoding: \r\n\r\n`,
    status: 501,
  },
  {
    what: "an empty transfer coding beside a length",
    bytes: `${post}transfer-encoding: \r\ncontent-length: 3\r\n\r\nabc`,
    status: 501,
  },
  {
    what: "chunked twice",
    bytes: `${post}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "a space before the colon",
    bytes: `${post}transfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "chunked in HTTP/1.0",
    bytes: "POST /bad HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    status: 400,
  },
  { what: "a folded header", bytes: `${get}x: a\r\n b\r\n\r\n`, status: 400 },
  { what: "bare line feeds", bytes: "GET /bad HTTP/1.1\nhost: a\n\n", status: 400 },
  { what: "one bare line feed", bytes: `${get}x: 1\ny: 2\r\n\r\n`, status: 400 },
  { what: "a bare carriage return", bytes: `${get}x: 1\ry: 2\r\n\r\n`, status: 400 },
  { what: "a NUL in a value", bytes: `${get}x: a\0b\r\n\r\n`, status: 400 },
  { what: "a control character in a value", bytes: `${get}x: a\x01b\r\n\r\n`, status: 400 },
  { what: "a space in a name", bytes: `${get}a b: c\r\n\r\n`, status: 400 },
  { what: "an empty name", bytes: `${get}: c\r\n\r\n`, status: 400 },
  { what: "no host", bytes: "GET /bad HTTP/1.1\r\n\r\n", status: 400 },
  { what: "two hosts", bytes: `${get}host: b\r\n\r\n`, status: 400 },
  { what: "a host with a slash", bytes: "GET /bad HTTP/1.1\r\nhost: a/b\r\n\r\n", status: 400 },
  {
    what: "an absolute target without a name",
    bytes: "GET http:///bad HTTP/1.1\r\nhost: a\r\n\r\n",
    status: 400,
  },
  {
    what: "an absolute target with a user",
    bytes: "GET http://u@a/bad HTTP/1.1\r\nhost: a\r\n\r\n",
    status: 400,
  },
  { what: "a fragment", bytes: "GET /bad#x HTTP/1.1\r\nhost: a\r\n\r\n", status: 400 },
  {
    what: "a star that isn't for OPTIONS",
    bytes: "GET * HTTP/1.1\r\nhost: a\r\n\r\n",
    status: 400,
  },
  { what: "a space in the target", bytes: "GET /b d HTTP/1.1\r\nhost: a\r\n\r\n", status: 400 },
  {
    what: "a byte above ASCII in the target",
    bytes: "GET /b\xff HTTP/1.1\r\nhost: a\r\n\r\n",
    status: 400,
  },
  { what: "an unknown method", bytes: "BREW /bad HTTP/1.1\r\nhost: a\r\n\r\n", status: 400 },
  { what: "a method in lower case", bytes: "get /bad HTTP/1.1\r\nhost: a\r\n\r\n", status: 400 },
  { what: "HTTP/1.2", bytes: "GET /bad HTTP/1.2\r\nhost: a\r\n\r\n", status: 400 },
  { what: "HTTP/2.0 as text", bytes: "GET /bad HTTP/2.0\r\nhost: a\r\n\r\n", status: 505 },
  { what: "HTTP/0.9", bytes: "GET /bad\r\n\r\n", status: 505 },
  { what: "a TLS hello", bytes: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", status: 400 },
  {
    what: "a websocket",
    bytes: `${get}connection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    status: 403,
  },
  { what: "CONNECT", bytes: "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n", status: 400 },
  {
    what: "Connection that strips a forwarded address",
    bytes: `${get}connection: x-forwarded-for\r\nx-forwarded-for: 1.2.3.4\r\n\r\n`,
    status: 400,
  },
  ...[":authority", ":path", ":method", ":scheme", ":other"].map((name) => ({
    what: `Connection that names ${name}`,
    bytes: `${get}connection: close, ${name}\r\n\r\n`,
    status: 400,
  })),
  { what: "a header of 61 KiB", bytes: `${get}x: ${"a".repeat(61 * 1024)}\r\n\r\n`, status: 431 },
  {
    what: "a target of 61 KiB",
    bytes: `GET /${"a".repeat(61 * 1024)} HTTP/1.1\r\nhost: a\r\n\r\n`,
    status: 431,
  },
  { what: "101 headers", bytes: `${get}${"x: 1\r\n".repeat(100)}\r\n`, status: 431 },
];

for (const { what, bytes, status } of table) {
  test(`${what}: ${status}, and the upstream hears nothing`, async () => {
    const client = new RawClient(gateway.port);
    client.send(bytes);
    const text = await client.rest();
    client.end();
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(text, /\r\nconnection: close\r\n/);
    assert.equal(text.split("HTTP/1.1 ").length, 2, "one response");
    assert.ok(!upstream.seen.join("").includes("/bad"), upstream.seen.join("\n"));
    assert.deepEqual(gateway.bugs, []);
  });
}

test("the same bytes one at a time end the same way", async () => {
  for (const { bytes, status, what } of table.filter((row) => row.bytes.length < 120)) {
    const client = new RawClient(gateway.port);
    client.socket.setNoDelay(true);
    for (const byte of bytes) {
      if (client.closed) break;
      client.send(byte);
      if (byte === "\n" || byte === ":") await new Promise((resolve) => setImmediate(resolve));
    }
    const text = await client.rest();
    client.end();
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), what);
  }
  assert.ok(!upstream.seen.join("").includes("/bad"));
  assert.deepEqual(gateway.bugs, []);
});

/** Bodies that break after a good head: the upstream has heard the head, and sees the end of its connection. */
const bodies: readonly (readonly [string, string])[] = [
  ["a chunk longer than it says", "3\r\nabcd\r\n0\r\n\r\n"],
  ["chunk lines that end in a line feed", "3\nabc\n0\n\n"],
  ["a chunk size with 0x", "0x3\r\nabc\r\n0\r\n\r\n"],
  ["a chunk size beyond 64 bits", "fffffffffffffffff\r\nabc\r\n"],
  ["a length among the trailers", "3\r\nabc\r\n0\r\ncontent-length: 5\r\n\r\n"],
  ["300 KiB of chunk extensions", `3;${"x".repeat(300 * 1024)}\r\nabc\r\n0\r\n\r\n`],
];

for (const [what, body] of bodies) {
  test(`${what}: 400, and the request is not completed`, async () => {
    const client = new RawClient(gateway.port);
    client.send(`POST /broken HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`);
    client.send(body);
    const text = await client.rest();
    client.end();
    assert.match(text, /^HTTP\/1\.1 (400|431|200) /);
    assert.deepEqual(gateway.bugs, []);
    const heard = upstream.seen.find((seen) => seen.includes("/broken"));
    assert.ok(heard === undefined || !heard.includes("\r\n0\r\n"), heard);
  });
}

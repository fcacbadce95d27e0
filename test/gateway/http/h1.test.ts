// HTTP/1 towards clients: one message after the other, however they are cut, and every end in its right form.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clusterOf, type Gateway, startGateway } from "./gateway.ts";
import { moment, OK, RawClient, type RawUpstream, rawUpstream } from "./peers.ts";

/** What the upstream answers, by path. */
const answers: Readonly<Record<string, string>> = {
  "/ok": OK,
  "/empty": "HTTP/1.1 204 No Content\r\n\r\n",
  "/same": 'HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n',
  "/length": "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n",
  "/chunked":
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
  "/trailers":
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 9\r\nConnection: x\r\n\r\n",
  "/close": "HTTP/1.1 200 OK\r\n\r\nuntil the end",
  "/hop":
    "HTTP/1.1 200 OK\r\nconnection: keep-alive, x-own\r\nx-own: 1\r\nkeep-alive: timeout=5\r\nupgrade: h2c\r\nx-kept: 1\r\ncontent-length: 2\r\n\r\nok",
  "/early":
    "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
};

let upstream: RawUpstream;
let gateway: Gateway;
const at: number[] = [];

before(async () => {
  upstream = await rawUpstream((socket, text, connection) => {
    // Answers each head once; bodies are left alone.
    for (const head of text
      .slice(at[connection] ?? 0)
      .matchAll(/(GET|HEAD|POST) (\S+) HTTP[\s\S]*?\r\n\r\n/g)) {
      at[connection] = (at[connection] ?? 0) + head.index + head[0].length;
      socket.write(answers[head[2]!] ?? OK, "latin1");
      if (head[2] === "/close") socket.end();
    }
  });
  gateway = await startGateway({
    clusters: [clusterOf("up", [upstream.port])],
    chain: { requestHeadersTimeout: 300, requestTimeout: 400, idleTimeout: 600 },
  });
});
after(async () => {
  await gateway.close();
  await upstream.close();
  assert.deepEqual(gateway.bugs, []);
});

const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n${more}\r\n`;
const count = (text: string, part: string): number => text.split(part).length - 1;

test("a hundred pipelined requests are answered in order", async () => {
  const client = new RawClient(gateway.port);
  const paths = Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? "/chunked" : "/ok"));
  client.send(paths.map((path) => get(path)).join(""));
  const text = await client.until(
    (c) => count(c.text, "HTTP/1.1 200") === 100 && /(ok|0\r\n\r\n)$/.test(c.text),
  );
  client.end();
  const got = text
    .split("HTTP/1.1 200 OK")
    .slice(1)
    .map((one) => (one.includes("chunked") ? "/chunked" : "/ok"));
  assert.deepEqual(got, paths);
});

test("a request that comes byte by byte is answered", async () => {
  const client = new RawClient(gateway.port);
  for (const byte of get("/ok", "x-long: 1 2 3  \r\n")) {
    client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.match(await client.until(/\r\n\r\nok$/), /^HTTP\/1\.1 200 OK\r\n/);
  client.end();
  assert.ok(upstream.seen.some((text) => text.includes("\r\nx-long: 1 2 3\r\n")));
});

test("204, 304 and HEAD have no body, and the connection goes on", async () => {
  const client = new RawClient(gateway.port);
  client.send(get("/empty"));
  assert.doesNotMatch(await client.until(/\r\n\r\n$/), /content-length|transfer-encoding/);
  client.text = "";
  client.send(get("/same"));
  assert.match(await client.until(/\r\n\r\n$/), /304 Not Modified\r\netag: "a"\r\n/);
  client.text = "";
  client.send("HEAD /length HTTP/1.1\r\nhost: a\r\n\r\n");
  assert.match(await client.until(/\r\n\r\n$/), /content-length: 1000\r\n/);
  client.text = "";
  client.send(get("/ok"));
  await client.until(/\r\n\r\nok$/);
  client.end();
});

test("trailers pass, without those that belong to a connection", async () => {
  const client = new RawClient(gateway.port);
  const text = await client.send(get("/trailers")).until(/x-sum: 9\r\n\r\n$/);
  assert.match(text, /transfer-encoding: chunked\r\n/);
  assert.match(text, /\r\n3\r\nabc\r\n0\r\nx-sum: 9\r\n\r\n$/);
  client.end();
});

test("a client's trailers reach the upstream", async () => {
  const client = new RawClient(gateway.port);
  client.send(
    "POST /up HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-t: 7\r\n\r\n",
  );
  await client.until(/ok$/);
  await moment();
  client.end();
  assert.ok(
    upstream.seen.some((text) => /POST \/up [\s\S]*3\r\nabc\r\n0\r\nx-t: 7\r\n\r\n/.test(text)),
  );
});

test("headers of one connection stay on it, those that Connection names too", async () => {
  const client = new RawClient(gateway.port);
  const text = await client
    .send(
      get(
        "/hop",
        "connection: x-mine\r\nx-mine: 1\r\nte: trailers, gzip\r\nproxy-connection: keep-alive\r\n",
      ),
    )
    .until(/ok$/);
  client.end();
  assert.doesNotMatch(text, /x-own|keep-alive|upgrade/);
  assert.match(text, /x-kept: 1/);
  const seen = upstream.seen.find((one) => one.includes("GET /hop"))!;
  const head = seen.slice(seen.indexOf("GET /hop")).split("\r\n\r\n")[0]!;
  assert.doesNotMatch(head, /x-mine|connection|te:/);
});

test("a response without a length is chunked for HTTP/1.1 and ends the connection for 1.0", async () => {
  const client = new RawClient(gateway.port);
  assert.match(
    await client.send(get("/close")).until(/0\r\n\r\n$/),
    /d\r\nuntil the end\r\n0\r\n\r\n$/,
  );
  client.end();
  const old = new RawClient(gateway.port);
  const text = await old.send("GET /close HTTP/1.0\r\n\r\n").rest();
  assert.match(text, /connection: close\r\n\r\nuntil the end$/);
  assert.doesNotMatch(text, /transfer-encoding/);
  old.end();
});

test("HTTP/1.0 is kept alive where it asks and the length is known", async () => {
  const client = new RawClient(gateway.port);
  client.send("GET /ok HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
  assert.match(await client.until(/ok$/), /connection: keep-alive\r\n/);
  client.text = "";
  assert.match(await client.send("GET /ok HTTP/1.0\r\n\r\n").rest(), /connection: close/);
  client.end();
});

test("Connection: close is kept, and nothing behind it is read", async () => {
  const client = new RawClient(gateway.port);
  const text = await client.send(get("/ok", "connection: close\r\n") + get("/secret")).rest();
  client.end();
  assert.equal(count(text, "HTTP/1.1 "), 1);
  assert.ok(!upstream.seen.join("").includes("/secret"));
});

test("100-continue is answered here, and the header goes no further", async () => {
  const client = new RawClient(gateway.port);
  client.send(
    "POST /cont HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n",
  );
  await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  client.send("abc");
  await client.until(/200 OK[\s\S]*ok$/);
  client.end();
  assert.ok(!upstream.seen.join("").includes("expect"));
});

test("interim responses of the upstream pass", async () => {
  const client = new RawClient(gateway.port);
  const text = await client.send(get("/early")).until(/ok$/);
  assert.match(
    text,
    /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
  );
  client.end();
});

test("an absolute target's authority counts, not the Host header", async () => {
  const client = new RawClient(gateway.port);
  await client.send("GET http://real/abs?q HTTP/1.1\r\nhost: other\r\n\r\n").until(/ok$/);
  client.end();
  assert.ok(upstream.seen.some((text) => text.includes("GET /abs?q HTTP/1.1\r\nhost: real\r\n")));
});

test("an h2c upgrade is ignored, the request is served as HTTP/1.1", async () => {
  const client = new RawClient(gateway.port);
  const more =
    "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n";
  client.send(get("/ok", more) + get("/ok"));
  const text = await client.until((c) => count(c.text, "\r\n\r\nok") === 2);
  assert.doesNotMatch(text, /101/);
  client.end();
});

test("an answer before the request is complete is readable, then the connection ends", async () => {
  const client = new RawClient(gateway.port);
  client.send("POST /ok HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nabc");
  const text = await client.rest();
  assert.match(text, /^HTTP\/1\.1 200 OK[\s\S]*ok$/);
  client.end();
});

test("a head that doesn't end in time: 408", async () => {
  const client = new RawClient(gateway.port);
  const timer = setInterval(() => client.send("x: 1\r\n"), 50);
  client.send("GET /slow HTTP/1.1\r\nhost: a\r\n");
  const text = await client.rest();
  clearInterval(timer);
  client.end();
  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.ok(!upstream.seen.join("").includes("/slow"));
});

test("a silent connection is closed when it idles", async () => {
  const client = new RawClient(gateway.port);
  assert.equal(await client.rest(), "");
  const used = new RawClient(gateway.port);
  await used.send(get("/ok")).until(/ok$/);
  assert.match(await used.rest(), /ok$/);
  assert.ok((gateway.counters.downstream_cx_idle_timeout ?? 0) >= 1);
});

test("a client that goes away takes its upstream request with it", async () => {
  const client = new RawClient(gateway.port);
  const before = gateway.clusters.snapshot()[0]!.counters.upstream_rq_cancelled!;
  client.send("POST /gone HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc");
  await moment();
  client.end();
  for (let i = 0; i < 50 && gateway.clusters.snapshot()[0]!.counters.upstream_rq_active! > 0; i++)
    await moment(20);
  assert.equal(gateway.clusters.snapshot()[0]!.counters.upstream_rq_active, 0);
  assert.ok(gateway.clusters.snapshot()[0]!.counters.upstream_rq_cancelled! >= before);
});

test("a body that doesn't end in time: 408 or the end, and the upstream is let go", async () => {
  const client = new RawClient(gateway.port);
  client.send("POST /never HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n");
  await client.rest();
  client.end();
  assert.equal(gateway.clusters.snapshot()[0]!.counters.upstream_rq_active, 0);
});

test("while draining, idle connections end and others after their response", async () => {
  const own = await startGateway({
    clusters: [clusterOf("up", [upstream.port])],
  });
  const idle = new RawClient(own.port);
  const fresh = new RawClient(own.port);
  await idle.send(get("/ok")).until(/ok$/);
  fresh.send("GET /ok HTTP/1.1\r\n");
  await moment();
  own.listener.drain();
  await idle.rest();
  assert.match(
    await fresh.send("host: a\r\n\r\n").rest(),
    /200 OK[\s\S]*connection: close[\s\S]*ok$/,
  );
  const late = new RawClient(own.port);
  assert.match(await late.send(get("/ok")).rest(), /200 OK[\s\S]*connection: close[\s\S]*ok$/);
  await own.close();
  assert.deepEqual(own.bugs, []);
});

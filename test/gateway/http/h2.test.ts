// HTTP/2 on either side, and what it needs beyond HTTP/1: many requests at once, trailers, resets of one stream.
import assert from "node:assert/strict";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { closing, clusterOf, type Gateway, startGateway } from "./gateway.ts";
import { moment, OK, RawClient, simpleUpstream } from "./peers.ts";

const closeLater = closing();

interface Answer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: http2.IncomingHttpHeaders;
}

function ask(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: string,
  trailers?: http2.OutgoingHttpHeaders,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, {
      endStream: body === undefined,
      waitForTrailers: trailers !== undefined,
    });
    let head: http2.IncomingHttpHeaders = {};
    let last: http2.IncomingHttpHeaders = {};
    let text = "";
    stream.on("wantTrailers", () => stream.sendTrailers(trailers!));
    stream.on("response", (got) => (head = got));
    stream.on("trailers", (got) => (last = got));
    stream.on("data", (bytes) => (text += String(bytes)));
    stream.on("end", () => resolve({ headers: head, body: text, trailers: last }));
    stream.on("error", reject);
    stream.on("close", () => reject(new Error(`closed with ${stream.rstCode}`)));
    if (body !== undefined) stream.end(body);
  });
}

function connect(port: number): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  closeLater({ close: () => session.destroy() });
  return session;
}

/** An HTTP/2 server that speaks like a gRPC one, or as the path says. */
async function h2Upstream(): Promise<number> {
  const server = http2.createServer();
  server.on("sessionError", () => {});
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    let text = "";
    let last: http2.IncomingHttpHeaders = {};
    stream.on("trailers", (got) => (last = got));
    stream.on("data", (bytes) => (text += String(bytes)));
    if (headers[":path"] === "/reset") {
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    if (headers[":path"] === "/only") {
      stream.respond({ ":status": 200, "grpc-status": "12" }, { endStream: true });
      return;
    }
    stream.on("end", () => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () =>
        stream.sendTrailers({ "grpc-status": "0", "x-got": String(last["x-t"] ?? "none") }),
      );
      stream.end(`${headers[":authority"]} ${text}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closeLater(server);
  return (server.address() as AddressInfo).port;
}

async function gatewayTo(port: number, http2Upstream: boolean): Promise<Gateway> {
  const gateway = await startGateway({
    clusters: [clusterOf("up", [port], { http2: http2Upstream })],
  });
  closeLater(gateway);
  return gateway;
}

test("a client of HTTP/2 with prior knowledge is served beside one of HTTP/1 on the same port", async () => {
  const upstream = await simpleUpstream(OK);
  closeLater(upstream);
  const gateway = await gatewayTo(upstream.port, false);
  const session = connect(gateway.port);
  const cookies = { ":path": "/two", cookie: ["a=1", "b=2"], "x-r": ["1", "2"] };
  const { headers, body } = await ask(session, cookies);
  assert.equal(headers[":status"], 200);
  assert.equal(body, "ok");
  const client = new RawClient(gateway.port);
  await client.send("PUT /one HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx").until(/ok$/);
  client.end();
  const seen = upstream.seen.join("");
  assert.match(seen, /GET \/two HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
  assert.match(seen, /cookie: a=1; b=2\r\n/);
  assert.match(seen, /x-r: 1(\r\nx-r: |, ?)2\r\n/);
  assert.deepEqual(gateway.bugs, []);
});

test("gRPC passes: bodies and trailers in both directions, an answer of trailers only", async () => {
  const gateway = await gatewayTo(await h2Upstream(), true);
  const session = connect(gateway.port);
  const call = { ":method": "POST", ":path": "/call", te: "trailers", ":authority": "svc" };
  const { headers, body, trailers } = await ask(session, call, "hello", { "x-t": "7" });
  assert.equal(headers["content-type"], "application/grpc");
  assert.equal(body, "svc hello");
  assert.equal(trailers["grpc-status"], "0");
  assert.equal(trailers["x-got"], "7");
  const only = await ask(session, { ":method": "POST", ":path": "/only" }, "x").catch(() => null);
  assert.equal(only?.headers["grpc-status"], "12");
  assert.deepEqual(gateway.bugs, []);
});

test("a thousand requests at once share one upstream connection, and each gets its own answer", async () => {
  const gateway = await gatewayTo(await h2Upstream(), true);
  const session = connect(gateway.port);
  await ask(session, { ":method": "POST", ":path": "/first" }, "0");
  const all = Array.from({ length: 300 }, (_, i) =>
    ask(session, { ":method": "POST", ":path": "/n", ":authority": "a" }, `body ${i}`),
  );
  for (const [i, { body }] of (await Promise.all(all)).entries()) assert.equal(body, `a body ${i}`);
  assert.ok(gateway.clusters.snapshot()[0]!.counters.upstream_cx_total! <= 10);
  assert.equal(gateway.clusters.snapshot()[0]!.counters.upstream_rq_active, 0);
  assert.deepEqual(gateway.bugs, []);
});

test("a stream that the upstream refuses is a 503 of that stream alone", async () => {
  const gateway = await gatewayTo(await h2Upstream(), true);
  const session = connect(gateway.port);
  const refused = await ask(session, { ":method": "GET", ":path": "/reset" });
  assert.equal(refused.headers[":status"], 503);
  const good = await ask(session, { ":method": "POST", ":path": "/n", ":authority": "a" }, "x");
  assert.equal(good.body, "a x");
  assert.deepEqual(gateway.bugs, []);
});

test("HTTP/1 to the client, HTTP/2 to the upstream: trailers become those of chunks", async () => {
  const gateway = await gatewayTo(await h2Upstream(), true);
  const client = new RawClient(gateway.port);
  client.send(
    "POST /n HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\nconnection: x-own\r\nx-own: 1\r\n\r\nx",
  );
  const text = await client.until(/grpc-status: 0\r\n[\s\S]*\r\n\r\n$/);
  assert.match(text, /3\r\na x\r\n0\r\ngrpc-status: 0\r\nx-got: none\r\n\r\n$/);
  client.end();
  assert.deepEqual(gateway.bugs, []);
});

test("a client that resets its streams at once costs nobody else anything", async () => {
  const gateway = await gatewayTo(await h2Upstream(), true);
  const bad = connect(gateway.port);
  for (let i = 0; i < 200; i++) {
    const stream = bad.request({ ":method": "POST", ":path": "/n" });
    stream.on("error", () => {});
    stream.close(http2.constants.NGHTTP2_CANCEL);
  }
  await moment(200);
  const good = await ask(
    connect(gateway.port),
    { ":method": "POST", ":path": "/n", ":authority": "a" },
    "x",
  );
  assert.equal(good.body, "a x");
  for (let i = 0; i < 50 && gateway.clusters.snapshot()[0]!.counters.upstream_rq_active! > 0; i++)
    await moment(20);
  assert.equal(gateway.clusters.snapshot()[0]!.counters.upstream_rq_active, 0);
  assert.deepEqual(gateway.bugs, []);
});

test("a preface with garbage behind it ends that connection", async () => {
  const gateway = await gatewayTo(await h2Upstream(), true);
  const client = new RawClient(gateway.port);
  client.send(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\xff".repeat(100)}`);
  await client.rest();
  client.end();
  const slow = new RawClient(gateway.port);
  slow.send("P");
  await moment();
  slow.send("UT /n HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
  assert.match(await slow.until(/grpc-status: 0/), /^HTTP\/1\.1 200/);
  slow.end();
  assert.deepEqual(gateway.bugs, []);
});

test("CONNECT and a path without a slash are refused", async () => {
  const gateway = await gatewayTo(await h2Upstream(), true);
  const session = connect(gateway.port);
  // node:http2 resets the stream by itself where the path has no slash.
  await assert.rejects(ask(session, { ":method": "GET", ":path": "nowhere" }), /PROTOCOL_ERROR/);
  const tunnel = await ask(session, { ":method": "CONNECT", ":authority": "a:1" }, "");
  assert.equal(tunnel.headers[":status"], 403);
  assert.deepEqual(gateway.bugs, []);
});

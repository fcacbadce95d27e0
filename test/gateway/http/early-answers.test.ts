// Upstreams that say something before they have heard everything: an answer to a request that they don't read to its
// end reaches the client, and what they say they haven't looked at is asked again elsewhere.
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { Deadlines } from "../../../src/gateway/http/deadlines.ts";
import type { UpstreamSink } from "../../../src/gateway/http/exchange.ts";
import { H1Wire } from "../../../src/gateway/upstream/h1-wire.ts";
import { H2Wire } from "../../../src/gateway/upstream/h2-wire.ts";
import { Call } from "../../../src/gateway/upstream/wire.ts";
import { HeaderMap } from "../../../src/host/header-map.ts";
import { wireLimits } from "../../../src/spec/gateway-limits.ts";
import { closing, clusterOf, type Gateway, startGateway } from "./gateway.ts";
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  framesOf,
  literal,
  OK_HEAD,
  PREFACE,
  SETTINGS,
  word,
} from "./h2-frames.ts";
import { moment, RawClient, type RawUpstream, rawUpstream } from "./peers.ts";

const closeLater = closing();

async function gatewayTo(upstream: RawUpstream, http2 = false): Promise<Gateway> {
  const gateway = await startGateway({
    clusters: [clusterOf("up", [upstream.port], { http2 })],
  });
  closeLater(upstream, gateway);
  return gateway;
}

const TOO_LARGE = "HTTP/1.1 413 Payload Too Large\r\ncontent-length: 4\r\n\r\nmuch";

/** Nothing else of this thread runs meanwhile. */
const block = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

const H2_TOO_LARGE =
  SETTINGS +
  frame(FRAME.headers, END_HEADERS, 1, literal(":status", "413")) +
  frame(FRAME.data, END_STREAM, 1, "much");

for (const [protocol, Wire, answer, opening] of [
  ["HTTP/1", H1Wire, TOO_LARGE, ""],
  ["HTTP/2", H2Wire, H2_TOO_LARGE, PREFACE],
] as const) {
  test(`an answer of ${protocol} is heard though the host has reset the connection before the next piece is written`, async () => {
    const said: string[] = [];
    let over: () => void = () => {};
    const ended = new Promise<void>((resolve) => (over = resolve));
    const sink: UpstreamSink = {
      headers: (headers) => said.push(headers.get(":status")!),
      data: (bytes, end) => {
        if (bytes.length > 0) said.push(Buffer.from(bytes).toString());
        if (end) over();
      },
      trailers: () => {},
      interim: () => {},
      connected: () => {},
      pause: () => {},
      resume: () => {},
      reset: (reason) => {
        said.push(`reset: ${reason}`);
        over();
      },
    };
    const headers = HeaderMap.from([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "a"],
    ]);
    const call = new Call(headers, false, sink, { over: () => {}, withdrawn: () => {} });
    let heard = "";
    const server = createServer((socket) => {
      socket.on("error", () => {});
      const hear = (bytes: Buffer): void => {
        heard += bytes.toString("latin1");
        const asked =
          opening === "" ||
          framesOf(heard.slice(opening.length)).some(({ type }) => type === FRAME.headers);
        if (!asked) return;
        socket.off("data", hear);
        socket.write(answer, "latin1");
        socket.resetAndDestroy();
        block(20);
        // The reset is here, and nobody has looked.
        for (let i = 0; i < 3; i++) call.sendData(Buffer.alloc(10_000), false);
      };
      socket.on("data", hear);
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const bugs: unknown[] = [];
    const wire = new Wire(
      socket,
      { address: "", port: 0, localAddress: "", localPort: 0, tls: null },
      { freed: () => {}, closed: () => {}, again: () => false },
      {
        deadlines: new Deadlines(() => performance.now()),
        random: () => 0,
        resolve: () => Promise.reject(new Error("no names")),
        onBug: (error) => bugs.push(error),
        limits: wireLimits,
      },
    );
    wire.attach(call);
    await ended;
    assert.deepEqual(said, ["413", "much"]);
    assert.deepEqual(bugs, []);
    await moment();
    assert.equal(wire.room, 0, "it is never used again");
    server.close();
  });
}

for (const [protocol, http2] of [
  ["HTTP/1", false],
  ["HTTP/2", true],
] as const) {
  test(`a client that sends much gets the answer of an upstream of ${protocol} that has refused to read it`, async () => {
    const gateway = await gatewayTo(
      await rawUpstream((socket, text) => {
        if (text.length > 100_000 || socket.destroyed) return;
        // HTTP/2: once the stream is there.
        if (http2 && !framesOf(text.slice(PREFACE.length)).some(({ type }) => type === 1)) return;
        socket.write(http2 ? H2_TOO_LARGE : TOO_LARGE, "latin1");
        socket.resetAndDestroy();
      }),
      http2,
    );
    const piece = "x".repeat(60_000);
    for (let i = 0; i < 20; i++) {
      const client = new RawClient(gateway.port);
      client.send(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3000000\r\n\r\n`);
      for (let sent = 0; sent < 50 && client.text === ""; sent++) {
        client.send(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.match(await client.until(/much(\r\n0\r\n\r\n)?$/), /^HTTP\/1\.1 413 /);
      client.end();
    }
    assert.deepEqual(gateway.bugs, []);
  });
}

test("an upstream that stops reading without an answer is still a 503", async () => {
  const gateway = await gatewayTo(await rawUpstream((socket) => socket.resetAndDestroy()));
  const client = new RawClient(gateway.port);
  client.send(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 300000\r\n\r\n${"x".repeat(300_000)}`);
  assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 503 /);
  client.end();
  assert.deepEqual(gateway.bugs, []);
});

/** What a host says to a stream it has got; by connection. */
type Says = (stream: number) => string;

const OK_ANSWER: Says = (stream) => frame(FRAME.headers, END_HEADERS | END_STREAM, stream, OK_HEAD);

/** An HTTP/2 host that answers each whole request as `says` for the connection; `bodies` is what it has heard. */
async function h2Host(
  says: (connection: number) => Says,
): Promise<{ upstream: RawUpstream; bodies: string[] }> {
  const bodies: string[] = [];
  const answered: Set<number>[] = [];
  const upstream = await rawUpstream((socket, text, connection) => {
    if (answered[connection] === undefined) {
      answered[connection] = new Set();
      socket.write(SETTINGS, "latin1");
    }
    const seen = framesOf(text.slice(PREFACE.length));
    for (const { type, flags, stream } of seen) {
      if (type > FRAME.headers || (flags & END_STREAM) === 0) continue;
      if (answered[connection]!.has(stream)) continue;
      answered[connection]!.add(stream);
      const body = seen.filter((one) => one.type === FRAME.data && one.stream === stream);
      bodies.push(`${connection} ${body.map(({ payload }) => payload).join("")}`);
      socket.write(says(connection)(stream), "latin1");
    }
  });
  return { upstream, bodies };
}

const refuse: Says = (stream) => frame(FRAME.rstStream, 0, stream, word(7));
/** Good-bye: nothing from stream 1 on has been looked at. */
const leave =
  (code: number): Says =>
  () =>
    frame(FRAME.goaway, 0, 0, word(0) + word(code));

for (const [what, first] of [
  ["refuses a stream", refuse],
  ["says good-bye before it has looked at a stream", leave(0)],
  ["says good-bye with an error before it has looked at a stream", leave(11)],
] as const) {
  test(`an HTTP/2 upstream that ${what}: the request, with its body, goes to a new connection`, async () => {
    const { upstream, bodies } = await h2Host((connection) =>
      connection === 0 ? first : OK_ANSWER,
    );
    const gateway = await gatewayTo(upstream, true);
    const client = new RawClient(gateway.port);
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello");
    assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    assert.deepEqual(bodies, ["0 hello", "1 hello"]);
    assert.equal(upstream.connections, 2);
    assert.equal(gateway.clusters.snapshot()[0]!.counters.upstream_rq_active, 0);
    client.end();
    assert.deepEqual(gateway.bugs, []);
  });
}

test("an upstream that refuses every stream is asked twice, no more", async () => {
  const { upstream, bodies } = await h2Host(() => refuse);
  const gateway = await gatewayTo(upstream, true);
  const client = new RawClient(gateway.port);
  client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 503 /);
  assert.equal(bodies.length, 2);
  client.end();
  assert.deepEqual(gateway.bugs, []);
});

test("a stream that the upstream has looked at isn't sent again when it says good-bye", async () => {
  const { upstream, bodies } = await h2Host(
    () => (stream) =>
      frame(FRAME.goaway, 0, 0, word(stream) + word(0)) +
      frame(FRAME.rstStream, 0, stream, word(2)),
  );
  const gateway = await gatewayTo(upstream, true);
  const client = new RawClient(gateway.port);
  client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nno");
  assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 503 /);
  assert.equal(bodies.length, 1);
  client.end();
  assert.deepEqual(gateway.bugs, []);
});

// Upstreams that misbehave, and those that do not: every request gets one answer, in time, and nothing of one
// answer is ever part of another.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ClusterConfig, ForwardAction } from "../../../src/mesh/envoy/lab-config.ts";
import {
  closing,
  clusterOf,
  forwardTo,
  type Gateway,
  routeTo,
  startGateway,
  virtualHost,
} from "./gateway.ts";
import { moment, OK, RawClient, type RawUpstream, rawUpstream, simpleUpstream } from "./peers.ts";

const closeLater = closing();

async function gatewayTo(
  upstreams: readonly RawUpstream[],
  action: Partial<ForwardAction> = {},
  cluster: Partial<ClusterConfig> = {},
): Promise<Gateway> {
  const gateway = await startGateway({
    clusters: [
      clusterOf(
        "up",
        upstreams.map(({ port }) => port),
        cluster,
      ),
    ],
    hosts: [virtualHost([routeTo("/", forwardTo("up", action))])],
  });
  closeLater(...upstreams, gateway);
  return gateway;
}

async function ask(
  gateway: Gateway,
  request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
): Promise<string> {
  const client = new RawClient(gateway.port);
  const text = await client.send(request).rest();
  client.end();
  assert.deepEqual(gateway.bugs, []);
  return text;
}

const counters = (gateway: Gateway): Readonly<Record<string, number>> =>
  gateway.clusters.snapshot()[0]!.counters;

/** Answers that are none: what the upstream says, and the client's status. */
const garbage: readonly (readonly [what: string, answer: string, status: number])[] = [
  ["text that isn't HTTP", "hello\r\n\r\n", 502],
  [
    "both lengths",
    "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    502,
  ],
  [
    "a coding before chunked",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    502,
  ],
  ["bare line feeds", "HTTP/1.1 200 OK\ncontent-length: 0\n\n", 502],
  ["a status of four digits", "HTTP/1.1 1000 OK\r\n\r\n", 502],
  ["a status below 100", "HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n", 502],
  ["a folded header", "HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n", 502],
  ["a NUL in a header", "HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n", 502],
  [
    "an upgrade that nobody asked for",
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    502,
  ],
  ["70 KiB of headers", `HTTP/1.1 200 OK\r\nx: ${"a".repeat(70 * 1024)}\r\n\r\n`, 502],
  ["101 headers", `HTTP/1.1 200 OK\r\n${"x: 1\r\n".repeat(101)}content-length: 0\r\n\r\n`, 502],
  ["HTTP/2.0 as text", "HTTP/2.0 200 OK\r\n\r\n", 502],
  ["a length that is no number", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", 502],
  ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", 502],
  ["the start of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 502],
  ["the start of HTTP/2", "\x00\x00\x00\x04\x00\x00\x00\x00\x00", 502],
];

for (const [what, answer, status] of garbage) {
  test(`${what} from an upstream: ${status}`, async () => {
    const gateway = await gatewayTo([await simpleUpstream(answer)]);
    assert.match(await ask(gateway), new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal(counters(gateway).upstream_cx_protocol_error, 1);
    assert.equal(counters(gateway).upstream_rq_active, 0);
  });
}

test("interim responses without end are passed on up to a point, then it is a 502", async () => {
  const gateway = await gatewayTo([
    await simpleUpstream("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(5000)),
  ]);
  const answers = (await ask(gateway)).match(/^HTTP\/1\.1 \d+/gm)!;
  assert.deepEqual([answers.length, answers.at(-1)], [101, "HTTP/1.1 502"]);
  assert.equal(counters(gateway).upstream_cx_protocol_error, 1);
});

test("random bytes from an upstream are no answer, and no part of the next one", async () => {
  let state = 99;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
  for (const prefix of [
    "",
    "HTTP/1.1 ",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
  ]) {
    for (let round = 0; round < 10; round++) {
      const noise = String.fromCharCode(...Array.from({ length: 3000 }, random));
      const gateway = await gatewayTo([
        await rawUpstream((socket) => void socket.end(Buffer.from(prefix + noise, "latin1"))),
      ]);
      const text = await ask(gateway);
      assert.match(text, /^(HTTP\/1\.1 (200|502|503) |$)/);
      assert.doesNotMatch(text, /\r\n0\r\n\r\n$/, "what is broken doesn't end well");
      assert.equal(counters(gateway).upstream_rq_active, 0);
    }
  }
});

test("headers without end and chunks of nothing but extensions are given up before they are much", async () => {
  for (const [head, more] of [
    ["HTTP/1.1 200 OK\r\n", `x-more: ${"y".repeat(1000)}\r\n`],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", `1;${"e".repeat(8000)}\r\nx\r\n`],
    [
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
      `x-trailer: ${"y".repeat(1000)}\r\n`,
    ],
  ] as const) {
    let written = 0;
    const gateway = await gatewayTo([
      await rawUpstream((socket) => {
        socket.write(head);
        const pour = (): void => {
          while (!socket.destroyed && socket.write(more)) written += more.length;
        };
        socket.on("drain", pour);
        pour();
      }),
    ]);
    // Nothing, where the head had not left when the rest turned out to be bad.
    assert.match(await ask(gateway), /^(HTTP\/1\.1 (200|502) |$)/);
    assert.ok(written < 32 * 1024 * 1024, `${written} bytes`);
    assert.equal(counters(gateway).upstream_cx_protocol_error, 1);
  }
});

test("more or fewer bytes than an upstream has promised: the client's answer is cut, the next one is whole", async () => {
  const more = await gatewayTo([
    await simpleUpstream(
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    ),
  ]);
  for (let i = 0; i < 3; i++) assert.match(await ask(more), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nok$/);
  const fewer = await gatewayTo([
    await rawUpstream(
      (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok"),
    ),
  ]);
  for (let i = 0; i < 3; i++) assert.match(await ask(fewer), /content-length: 9[\s\S]*\r\n\r\nok$/);
});

test("an upstream that closes without a word: 503", async () => {
  const gateway = await gatewayTo([await rawUpstream((socket) => socket.destroy())]);
  assert.match(await ask(gateway), /^HTTP\/1\.1 503 /);
});

test("an upstream that resets: 503", async () => {
  const gateway = await gatewayTo([await rawUpstream((socket) => socket.resetAndDestroy())]);
  assert.match(await ask(gateway), /^HTTP\/1\.1 503 /);
});

test("a response that is cut short cuts the client short too", async () => {
  const answer = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc";
  const gateway = await gatewayTo([await rawUpstream((socket) => socket.end(answer))]);
  const text = await ask(gateway);
  assert.match(text, /^HTTP\/1\.1 200 OK[\s\S]*abc$/);
  const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";
  const other = await gatewayTo([await rawUpstream((socket) => socket.end(chunked))]);
  assert.doesNotMatch(await ask(other), /0\r\n\r\n$/);
});

test("chunks that break after the head end the client's response without its end", async () => {
  const answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n";
  const gateway = await gatewayTo([await simpleUpstream(answer)]);
  assert.doesNotMatch(await ask(gateway), /\r\n0\r\n/);
});

test("nobody listens: 503, counted as a failure to connect", async () => {
  const gone = await simpleUpstream(OK);
  await gone.close();
  const gateway = await startGateway({
    clusters: [clusterOf("up", [gone.port])],
  });
  closeLater(gateway);
  assert.match(await ask(gateway), /^HTTP\/1\.1 503 /);
  assert.equal(counters(gateway).upstream_cx_connect_fail, 1);
  assert.equal(counters(gateway).upstream_cx_active, 0);
});

test("a stall before the head: 504 after the route's timeout", async () => {
  const gateway = await gatewayTo([await rawUpstream(() => {})], { timeout: 100 });
  assert.match(await ask(gateway), /^HTTP\/1\.1 504 /);
  assert.equal(counters(gateway).upstream_rq_timeout, 1);
  assert.equal(counters(gateway).upstream_cx_active, 0);
});

test("a stall within the body ends the client's connection", async () => {
  const answer = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc";
  const gateway = await gatewayTo([await simpleUpstream(answer)], { timeout: 100 });
  assert.match(await ask(gateway), /^HTTP\/1\.1 200 OK[\s\S]*abc$/);
});

test("connections are used again, and what an upstream adds to its response is nobody's", async () => {
  const clean = await simpleUpstream(OK);
  const gateway = await gatewayTo([clean]);
  for (let i = 0; i < 5; i++) assert.match(await ask(gateway), /200 OK[\s\S]*ok$/);
  assert.equal(clean.connections, 1);
  const dirty = await simpleUpstream(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison`);
  const other = await gatewayTo([dirty]);
  for (let i = 0; i < 3; i++) assert.doesNotMatch(await ask(other), /poison/);
  assert.equal(dirty.connections, 3);
});

test("what comes late on an idle connection is nobody's either", async () => {
  const upstream = await rawUpstream((socket) => {
    socket.write(OK);
    setTimeout(() => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison"), 30);
  });
  const gateway = await gatewayTo([upstream]);
  await ask(gateway);
  await moment(80);
  assert.doesNotMatch(await ask(gateway), /poison/);
  assert.equal(upstream.connections, 2);
});

test("a connection that was stale is replaced for requests that may be repeated, not for others", async () => {
  // Each connection answers once and dies of the next request.
  const upstream = await rawUpstream((socket, text) => {
    if (text.split("\r\n\r\n").length === 2) socket.write(OK);
    else socket.destroy();
  });
  const gateway = await gatewayTo([upstream]);
  assert.match(await ask(gateway), /200 OK/);
  assert.match(await ask(gateway), /200 OK/);
  assert.equal(upstream.connections, 2);
  const post = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
  assert.match(await ask(gateway, post), /^HTTP\/1\.1 503 /);
});

test("5xx is retried as often as the policy says, with the same body", async () => {
  let answers = 0;
  const upstream = await rawUpstream((socket, text) => {
    if (!text.endsWith("body!")) return;
    answers++;
    socket.end(answers < 3 ? "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n" : OK);
  });
  const retry = { on: ["5xx"], count: 2, perTryTimeout: 0 };
  const gateway = await gatewayTo([upstream], { retry });
  const post = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\n\r\nbody!";
  assert.match(await ask(gateway, post), /200 OK[\s\S]*ok$/);
  assert.equal(answers, 3);
  assert.equal(counters(gateway).upstream_rq_retry, 2);
  assert.equal(counters(gateway).upstream_rq_retry_success, 1);
});

test("the last failure is passed on when the retries are used up", async () => {
  const upstream = await simpleUpstream("HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nlast");
  const retry = { on: ["gateway-error"], count: 1, perTryTimeout: 0 };
  const gateway = await gatewayTo([upstream], { retry });
  assert.match(await ask(gateway), /^HTTP\/1\.1 503 [\s\S]*last$/);
  assert.equal(counters(gateway).upstream_rq_retry_limit_exceeded, 1);
});

test("each try has its own timeout", async () => {
  let tries = 0;
  const upstream = await rawUpstream((socket) => {
    if (++tries === 2) socket.write(OK);
  });
  const retry = { on: ["5xx"], count: 2, perTryTimeout: 80 };
  const gateway = await gatewayTo([upstream], { retry });
  assert.match(await ask(gateway), /200 OK/);
  assert.equal(counters(gateway).upstream_rq_per_try_timeout, 1);
});

test("a body that is longer than what is kept isn't sent twice", async () => {
  let heads = 0;
  const upstream = await rawUpstream((socket, text) => {
    if (text.length > 200_000) {
      heads++;
      socket.end("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
    }
  });
  const gateway = await gatewayTo([upstream], {
    retry: { on: ["5xx"], count: 3, perTryTimeout: 0 },
  });
  const body = "x".repeat(200_000);
  const post = `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  assert.match(await ask(gateway, post), /^HTTP\/1\.1 500 /);
  assert.equal(counters(gateway).upstream_rq_retry, 0);
  assert.ok(heads >= 1);
});

test("beyond the pending limit: 503 at once; within it requests wait for the connection", async () => {
  const held: (() => void)[] = [];
  const upstream = await rawUpstream((socket) => held.push(() => socket.write(OK)));
  const gateway = await gatewayTo([upstream], {}, { maxConnections: 1, maxPending: 1 });
  const first = ask(gateway);
  await moment();
  const second = ask(gateway);
  await moment();
  assert.match(await ask(gateway), /^HTTP\/1\.1 503 /);
  assert.equal(counters(gateway).upstream_rq_pending_overflow, 1);
  held.shift()!();
  assert.match(await first, /200 OK/);
  await moment();
  held.shift()!();
  assert.match(await second, /200 OK/);
  assert.equal(upstream.connections, 1);
});

test("round robin goes by weights; a request to a Unix socket is one to a host", async () => {
  const path = join(tmpdir(), `gateway-${process.pid}.sock`);
  rmSync(path, { force: true });
  const [a, b] = [await simpleUpstream(OK), await rawUpstream((socket) => socket.write(OK), path)];
  const base = clusterOf("up", [a.port, path]);
  const endpoints = base.endpoints.map((endpoint, i) => ({ ...endpoint, weight: i === 0 ? 3 : 1 }));
  const gateway = await startGateway({
    clusters: [{ ...base, endpoints }],
  });
  closeLater(a, b, gateway);
  for (let i = 0; i < 8; i++) assert.match(await ask(gateway), /200 OK/);
  const [one, two] = gateway.clusters.snapshot()[0]!.hosts;
  assert.deepEqual([one!.requests, two!.requests], [6, 2]);
});

test("all addresses of a name are used, with what the resolver says", async () => {
  const upstream = await simpleUpstream(OK);
  const base = clusterOf("up", []);
  const gateway = await startGateway({
    clusters: [
      {
        ...base,
        discovery: "strict-dns",
        endpoints: [
          {
            address: { kind: "tcp", host: "svc.test", port: upstream.port },
            weight: 1,
            hostname: "",
          },
        ],
      },
    ],
    hosts: [virtualHost([routeTo("/", forwardTo("up", { autoHostRewrite: true }))])],
    resolve: async (name) => (name === "svc.test" ? ["127.0.0.1", "127.0.0.2"] : []),
  });
  closeLater(upstream, gateway);
  assert.match(await ask(gateway), /200 OK/);
  assert.deepEqual(
    gateway.clusters.snapshot()[0]!.hosts.map(({ address }) => address),
    ["127.0.0.1", "127.0.0.2"],
  );
  assert.match(upstream.seen[0]!, /\r\nhost: svc\.test\r\n/);
});

test("a cluster whose name can't be looked up has no healthy host: 503", async () => {
  const endpoint = {
    address: { kind: "tcp", host: "nowhere.test", port: 1 },
    weight: 1,
    hostname: "",
  } as const;
  const gateway = await startGateway({
    clusters: [{ ...clusterOf("up", []), discovery: "logical-dns", endpoints: [endpoint] }],
  });
  closeLater(gateway);
  assert.match(await ask(gateway), /^HTTP\/1\.1 503 [\s\S]*no healthy upstream$/);
});

/** The number, once it has stood still for half a second: the system's own buffers take megabytes first. */
async function settled(count: () => number): Promise<number> {
  for (let before = -1; before !== count(); await moment(500)) before = count();
  return count();
}

test("a slow client stops the upstream, a slow upstream stops the client", async () => {
  const big = 256 * 1024 * 1024;
  const piece = Buffer.alloc(64 * 1024, "x");
  let sent = 0;
  const pump = (socket: import("node:net").Socket): void => {
    while (sent < big) {
      sent += piece.length;
      if (!socket.write(piece)) {
        socket.once("drain", () => pump(socket));
        return;
      }
    }
  };
  const upstream = await rawUpstream((socket, text) => {
    if (!text.startsWith("GET")) {
      socket.pause();
      return;
    }
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${big}\r\n\r\n`);
    pump(socket);
  });
  const gateway = await gatewayTo([upstream], { timeout: 0 });
  const client = new RawClient(gateway.port);
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  const taken = await settled(() => sent);
  assert.ok(taken < big / 2, `${taken} bytes were taken for a client that reads nothing`);
  client.end();

  const sender = new RawClient(gateway.port);
  sender.send(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${big}\r\n\r\n`);
  let given = 0;
  const give = (): void => {
    while (given < big && !sender.closed) {
      given += piece.length;
      if (!sender.socket.write(piece)) {
        sender.socket.once("drain", give);
        return;
      }
    }
  };
  give();
  const sentOn = await settled(() => given);
  assert.ok(sentOn < big / 2, `${sentOn} bytes were taken for an upstream that reads nothing`);
  sender.end();
  assert.deepEqual(gateway.bugs, []);
});

test("a large body arrives whole in both directions", async () => {
  const body = "0123456789abcdef".repeat(64 * 1024);
  const upstream = await rawUpstream((socket, text) => {
    if (text.endsWith("\r\n0\r\n\r\n")) {
      const sum = text.slice(text.indexOf("\r\n\r\n") + 4).replace(/(^|\r\n)[0-9a-f]+\r\n/g, "");
      socket.write(
        `HTTP/1.1 200 OK\r\nx-length: ${sum.trimEnd().length}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    }
  });
  const gateway = await gatewayTo([upstream]);
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const text = await ask(
    gateway,
    `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
  );
  assert.match(text, new RegExp(`x-length: ${body.length}\r\n`));
  assert.equal(text.slice(text.indexOf("\r\n\r\n") + 4), body);
});

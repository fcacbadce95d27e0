// Good messages with a few bytes changed, cut, doubled or moved, from a seed: whatever comes out, the gateway
// answers or ends the connection, throws nothing, and goes on serving.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../../../src/host/clock.ts";
import { closing, clusterOf, forwardTo, routeTo, startGateway, virtualHost } from "./gateway.ts";
import { OK, RawClient, rawUpstream, simpleUpstream } from "./peers.ts";

const closeLater = closing();

const random = new SeededRandom(20_261_123);
const word = new Uint8Array(4);

function below(limit: number): number {
  random.fill(word);
  return (word[0]! | (word[1]! << 8) | (word[2]! << 16)) % limit;
}

const pieces = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  ":",
  "\t",
  "0\r\n\r\n",
  "content-length: 3\r\n",
  "transfer-encoding: chunked\r\n",
  "connection: close\r\n",
  "HTTP/1.1",
  "\xff",
  "PRI * HTTP/2.0\r\n\r\n",
  "expect: 100-continue\r\n",
  "upgrade: h2c\r\nconnection: upgrade\r\n",
];

/** A few random edits of a text. */
function mutate(text: string): string {
  let out = text;
  for (let edits = 1 + below(4); edits > 0; edits--) {
    const at = below(out.length + 1);
    const to = Math.min(out.length, at + below(12));
    const kind = below(4);
    if (kind === 0) out = out.slice(0, at) + pieces[below(pieces.length)]! + out.slice(at);
    else if (kind === 1) out = out.slice(0, at) + out.slice(to);
    else if (kind === 2) out = out.slice(0, to) + out.slice(at);
    else out = out.slice(0, at) + String.fromCharCode(below(256)) + out.slice(at + 1);
  }
  return out;
}

const requests = [
  "GET /a?b=c HTTP/1.1\r\nhost: a.test\r\naccept: */*\r\n\r\n",
  "POST /a HTTP/1.1\r\nhost: a.test\r\ncontent-length: 5\r\n\r\nhello",
  "POST /a HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n",
  "GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\nHEAD /b HTTP/1.1\r\nhost: a\r\n\r\n",
];
const responses = [
  OK,
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.0 200 OK\r\n\r\nuntil the end",
];
const good = "GET /good HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

test("mutated requests: an answer or the end, and the next client is served", async () => {
  const upstream = await simpleUpstream(OK);
  const gateway = await startGateway({
    clusters: [clusterOf("up", [upstream.port])],
    hosts: [virtualHost([routeTo("/", forwardTo("up", { timeout: 300 }))])],
    chain: {
      requestHeadersTimeout: 200,
      requestTimeout: 200,
      idleTimeout: 200,
      streamIdleTimeout: 400,
    },
  });
  closeLater(upstream, gateway);
  for (let batch = 0; batch < 6; batch++) {
    const clients = Array.from({ length: 50 }, () => {
      const text = mutate(requests[below(requests.length)]!);
      const client = new RawClient(gateway.port);
      const cut = below(text.length + 1);
      client.send(text.slice(0, cut));
      setImmediate(() => client.send(text.slice(cut)));
      return { client, text };
    });
    for (const { client, text } of clients) {
      const said = await client
        .rest()
        .catch((error: unknown) => assert.fail(`${String(error)} after ${JSON.stringify(text)}`));
      assert.match(said, /^(HTTP\/1\.1 \d{3} |$)|^\0\0/, JSON.stringify(text));
      client.end();
    }
    assert.deepEqual(gateway.bugs, []);
  }
  const client = new RawClient(gateway.port);
  assert.match(await client.send(good).rest(), /^HTTP\/1\.1 200 /);
  client.end();
  assert.equal(gateway.clusters.snapshot()[0]!.counters.upstream_rq_active, 0);
});

test("mutated responses: an answer in time, and no part of one in another", async () => {
  let answer = OK;
  const upstream = await rawUpstream((socket) => socket.write(answer, "latin1"));
  const gateway = await startGateway({
    clusters: [clusterOf("up", [upstream.port])],
    hosts: [virtualHost([routeTo("/", forwardTo("up", { timeout: 60 }))])],
  });
  closeLater(upstream, gateway);
  for (let i = 0; i < 300; i++) {
    answer = mutate(responses[below(responses.length)]!);
    const client = new RawClient(gateway.port);
    const said = await client.send(good).rest();
    // Nothing, where the body broke in the same packet as its head: the connection's end says it.
    assert.match(said, /^(HTTP\/1\.1 \d{3} |$)/, JSON.stringify(answer));
    client.end();
    assert.deepEqual(gateway.bugs, []);
  }
  answer = OK;
  const client = new RawClient(gateway.port);
  assert.match(await client.send(good).rest(), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nok$/);
  client.end();
  assert.equal(gateway.clusters.snapshot()[0]!.counters.upstream_rq_active, 0);
});

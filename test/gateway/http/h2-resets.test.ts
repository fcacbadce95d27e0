// Clients of HTTP/2 that reset their streams: a request that was cut short is never taken for a whole one, and who
// goes on resetting before there was an answer loses the connection, with whatever code it resets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { closing, clusterOf, type Gateway, startGateway } from "./gateway.ts";
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  framesOf,
  GET,
  POST,
  PREFACE,
  SETTINGS,
  word,
} from "./h2-frames.ts";
import { moment, OK, RawClient, type RawUpstream, rawUpstream, simpleUpstream } from "./peers.ts";

const closeLater = closing();

async function gatewayTo(upstream: RawUpstream): Promise<Gateway> {
  const gateway = await startGateway({ clusters: [clusterOf("up", [upstream.port])] });
  closeLater(upstream, gateway);
  return gateway;
}

const get = (stream: number): string => frame(FRAME.headers, END_HEADERS | END_STREAM, stream, GET);
const reset = (stream: number, code: number): string =>
  frame(FRAME.rstStream, 0, stream, word(code));
const active = (gateway: Gateway): number =>
  gateway.clusters.snapshot()[0]!.counters.upstream_rq_active!;
const cutOff = (gateway: Gateway): number =>
  gateway.counters.downstream_rq_too_many_premature_resets ?? 0;

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await moment(10);
  assert.ok(holds());
}

for (const [what, code] of [
  ["no error", 0],
  ["a refusal", 7],
  ["a cancellation", 8],
] as const) {
  test(`250 streams that are reset with ${what} before an answer end the connection, 249 do not`, async () => {
    const gateway = await gatewayTo(await rawUpstream(() => {}));
    const client = new RawClient(gateway.port);
    client.send(PREFACE + SETTINGS);
    const pairs = (from: number, to: number): string => {
      let text = "";
      for (let i = from; i < to; i++) text += get(2 * i + 1) + reset(2 * i + 1, code);
      return text;
    };
    client.send(pairs(0, 249));
    await moment(100);
    assert.equal(cutOff(gateway), 0);
    assert.ok(!client.closed);
    client.send(pairs(249, 250));
    await client.until((c) => c.closed);
    assert.equal(cutOff(gateway), 1);
    client.end();
    await until(() => active(gateway) === 0);
    assert.deepEqual(gateway.bugs, []);
  });
}

test("streams that are reset after their answer has begun cost a client nothing", async () => {
  const started = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc";
  const gateway = await gatewayTo(await simpleUpstream(started));
  const client = new RawClient(gateway.port);
  client.send(PREFACE + SETTINGS);
  const heads = (): number => framesOf(client.text).filter(({ type }) => type === 1).length;
  for (let i = 0; i < 300; i++) {
    client.send(get(2 * i + 1));
    await client.until(() => heads() === i + 1);
    client.send(reset(2 * i + 1, 8));
  }
  await until(() => active(gateway) === 0);
  assert.equal(cutOff(gateway), 0);
  assert.ok(!client.closed);
  client.end();
  assert.deepEqual(gateway.bugs, []);
});

for (const [code, when] of [
  [0, "later"],
  [8, "later"],
  [0, "in the same packet"],
] as const) {
  test(`a body that ends with RST_STREAM(${code}) ${when} isn't whole: the upstream never sees its end`, async () => {
    const upstream = await rawUpstream((socket, text) => {
      if (text.endsWith("\r\n0\r\n\r\n")) socket.write(OK);
    });
    const gateway = await gatewayTo(upstream);
    const client = new RawClient(gateway.port);
    const half = frame(FRAME.headers, END_HEADERS, 1, POST) + frame(FRAME.data, 0, 1, "half of it");
    if (when === "later") {
      client.send(PREFACE + SETTINGS + half);
      await until(() => upstream.seen.join("").includes("half of it"));
      client.send(reset(1, code));
    } else client.send(PREFACE + SETTINGS + half + reset(1, code));
    await until(() => active(gateway) === 0);
    await moment();
    assert.ok(!upstream.seen.join("").includes("\r\n0\r\n"), upstream.seen.join("\n"));
    client.end();
    assert.deepEqual(gateway.bugs, []);
  });
}

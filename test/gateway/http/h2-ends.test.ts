// Connections of HTTP/2 that ought to end: whatever their client does about it, they are gone in bounded time, and one
// that only rests is left alone.
import assert from "node:assert/strict";
import * as http2 from "node:http2";
import { test } from "node:test";
import { h2Limits } from "../../../src/spec/gateway-limits.ts";
import { closing, clusterOf, type Gateway, startGateway } from "./gateway.ts";
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  GET,
  PREFACE,
  SETTINGS,
  word,
} from "./h2-frames.ts";
import { moment, OK, RawClient, simpleUpstream } from "./peers.ts";

const closeLater = closing();

/** A gateway whose clock can be put forward. */
async function start(): Promise<{ gateway: Gateway; forward: (by: number) => Promise<void> }> {
  const upstream = await simpleUpstream(OK);
  let ahead = 0;
  const gateway = await startGateway({
    clusters: [clusterOf("up", [upstream.port])],
    now: () => performance.now() + ahead,
  });
  closeLater(upstream, gateway);
  const forward = async (by: number): Promise<void> => {
    ahead += by;
    await moment(100);
  };
  return { gateway, forward };
}

const get = frame(FRAME.headers, END_HEADERS | END_STREAM, 1, GET);

/** What ends a connection, said by a client that then neither reads nor ends its side. */
const ends: readonly (readonly [what: string, bytes: string])[] = [
  ["a frame that is too short", frame(FRAME.ping, 0, 0, "123")],
  ["padding longer than its frame", frame(FRAME.headers, 0x8 | END_HEADERS, 1, `\xff${GET}`)],
  ["an index that no table has", frame(FRAME.headers, END_HEADERS, 1, "\xff\xff\xff\x7f")],
  ["a window of nothing more", frame(8, 0, 0, word(0))],
  ["headers without a stream", frame(FRAME.headers, END_HEADERS, 0, GET)],
  ["good-bye", frame(FRAME.goaway, 0, 0, word(0) + word(0))],
];

for (const [what, bytes] of ends) {
  test(`${what}: a client that keeps its side open is cut off in the end`, async () => {
    const { gateway, forward } = await start();
    const client = new RawClient(gateway.port);
    client.send(PREFACE + SETTINGS + bytes);
    await moment(100);
    for (let i = 0; i < 3; i++) await forward(h2Limits.probe);
    assert.equal(gateway.listener.connections, 0);
    client.end();
    assert.deepEqual(gateway.bugs, []);
  });
}

test("a client that rests, and answers when it is asked whether it is there, stays", async () => {
  const { gateway, forward } = await start();
  const session = http2.connect(`http://127.0.0.1:${gateway.port}`);
  closeLater({ close: () => session.destroy() });
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  for (let i = 0; i < 5; i++) await forward(h2Limits.probe);
  assert.equal(gateway.listener.connections, 1);
  const stream = session.request({ ":path": "/" });
  const status = await new Promise((resolve) =>
    stream.once("response", (headers) => resolve(headers[":status"])),
  );
  assert.equal(status, 200);
  assert.deepEqual(gateway.bugs, []);
});

test("a client that has vanished without a word is let go", async () => {
  const { gateway, forward } = await start();
  const client = new RawClient(gateway.port);
  client.send(PREFACE + SETTINGS + get);
  await client.until(/ok/);
  // It never answers the question.
  for (let i = 0; i < 3; i++) await forward(h2Limits.probe);
  assert.equal(gateway.listener.connections, 0);
  client.end();
});

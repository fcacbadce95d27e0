// Connections that come and go, whole requests and broken ones: when they are gone, nothing of them is left.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { closing, clusterOf, startGateway } from "./gateway.ts";
import { END_HEADERS, END_STREAM, FRAME, frame, GET, PREFACE, SETTINGS } from "./h2-frames.ts";
import { OK, simpleUpstream } from "./peers.ts";

const closeLater = closing();

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of objects that something still holds. */
async function live(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

/** What clients say before they go. */
const clients: readonly string[] = [
  "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
  "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
  "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf",
  "GARBAGE\r\n\r\n",
  "GET / HT",
  `${PREFACE}${SETTINGS}${frame(FRAME.headers, END_HEADERS | END_STREAM, 1, GET)}`,
];

/** One client: gone with the first thing it hears, or at once where it will hear nothing. */
function visit(port: number, number: number): Promise<void> {
  return new Promise((resolve) => {
    const says = clients[number % clients.length]!;
    const socket = connect(port, "127.0.0.1");
    const go = (): void => void socket.destroy();
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.on("data", go);
    socket.write(says, "latin1", () => {
      if (says.endsWith("half") || says.endsWith("HT")) setImmediate(go);
    });
  });
}

async function visits(port: number, count: number): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) await visit(port, next++);
  };
  await Promise.all(Array.from({ length: 8 }, one));
}

test("thousands of clients that come and go leave no memory, no socket and no request behind", async () => {
  const upstream = await simpleUpstream(OK);
  const gateway = await startGateway({
    clusters: [clusterOf("up", [upstream.port])],
  });
  closeLater(gateway, upstream);
  const counters = (): Readonly<Record<string, number>> => gateway.clusters.snapshot()[0]!.counters;
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 500; i++) {
      const busy = gateway.listener.connections + counters().upstream_rq_active!;
      if (busy === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.fail(`${gateway.listener.connections} connections are still open`);
  };
  // What is compiled and kept for good is there after these; the upstream's record of what it heard isn't ours.
  const round = 900;
  await visits(gateway.port, round);
  await settled();
  upstream.seen.fill("");
  const before = await live();
  const open = sockets();
  await visits(gateway.port, round);
  await settled();
  upstream.seen.fill("");
  const more = (await live()) - before;
  // A connection that is kept takes many kilobytes.
  assert.ok(more < round * 600, `${Math.round(more / round)} bytes for each connection`);
  assert.ok(sockets() <= open + 20, `${sockets()} sockets, ${open} before`);
  assert.equal(counters().upstream_rq_pending_active, 0);
  assert.equal(gateway.counters.downstream_cx_active, 0);
  assert.deepEqual(gateway.bugs, []);
});

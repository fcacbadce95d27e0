// A cell takes what any listener has taken.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpChain, ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import { cellListener } from "./cell-listener.ts";

const chain = (more: Partial<HttpChain>): HttpChain =>
  ({
    kind: "http",
    codec: "auto",
    maxRequestHeaders: 100,
    maxRequestHeaderBytes: 1,
    ...more,
  }) as HttpChain;
const listener = (of: object): ListenerConfig =>
  ({ name: "a", tls: null, chain: of }) as ListenerConfig;

test("a cell speaks HTTP/1 and has room for the largest requests of any listener and the way to it", () => {
  const made = cellListener([
    listener({ kind: "tcp" }),
    listener(chain({ codec: "http2", requestTimeout: 5 })),
    listener(chain({ maxRequestHeaders: 200, maxRequestHeaderBytes: 90_000 })),
  ]);
  const { codec, maxRequestHeaders, maxRequestHeaderBytes, requestTimeout } = made!
    .chain as HttpChain;
  assert.deepEqual([codec, requestTimeout], ["http1", 0]);
  assert.ok(maxRequestHeaders > 200 && maxRequestHeaderBytes > 90_000);
});

test("without an HTTP listener there is nothing to listen for", () => {
  assert.equal(cellListener([listener({ kind: "tcp" })]), null);
});

// What the connection manager adds by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { managerHeaders } from "../../src/gateway/chain/manager-headers.ts";
import { HeaderMap } from "../../src/host/header-map.ts";
import { Client } from "./fakes.ts";

const { connection } = new Client([]);
const make = (useRemoteAddress: boolean) =>
  managerHeaders(
    { serverName: "envoy", useRemoteAddress },
    () => 1_750_000_000_999,
    () => "id-1",
  );

test("a request gets an id and its protocol; what it brings is kept", () => {
  const bare = new HeaderMap();
  make(false).request(bare, connection);
  assert.deepEqual(bare.pairs(), [
    ["x-forwarded-proto", "http"],
    ["x-request-id", "id-1"],
  ]);
  const brought = HeaderMap.from([
    ["x-request-id", "mine"],
    ["x-forwarded-proto", "https"],
    ["x-forwarded-for", "1.2.3.4"],
  ]);
  make(false).request(brought, connection);
  assert.deepEqual(brought.pairs(), [
    ["x-request-id", "mine"],
    ["x-forwarded-proto", "https"],
    ["x-forwarded-for", "1.2.3.4"],
  ]);
});

test("what only the proxies of a mesh tell each other isn't taken from a client", () => {
  const headers = HeaderMap.from([
    ["x-envoy-retry-on", "5xx"],
    ["x-request-id", "1"],
    ["x-envoy-upstream-rq-timeout-ms", "1"],
    ["x-envoy-upstream-rq-timeout-ms", "2"],
    ["x-envoy-internal", "true"],
    ["x-forwarded-proto", "http"],
    ["x-envoy-decorator-operation", "kept"],
    ["x-envoy-max-retries", "9"],
  ]);
  make(false).request(headers, connection);
  assert.deepEqual(
    headers.pairs().map(([name]) => name),
    ["x-request-id", "x-forwarded-proto", "x-envoy-decorator-operation"],
  );
});

test("at the edge the client's own address is added, and its word on the protocol isn't believed", () => {
  const headers = HeaderMap.from([
    ["x-forwarded-for", "1.2.3.4"],
    ["x-forwarded-proto", "https"],
  ]);
  make(true).request(headers, connection);
  assert.equal(headers.get("x-forwarded-for"), "1.2.3.4,10.0.0.1");
  assert.equal(headers.get("x-forwarded-proto"), "http");
});

test("an answer says who answered, when, and how long the upstream took", () => {
  const headers = HeaderMap.from([
    [":status", "200"],
    ["server", "nginx"],
  ]);
  make(false).response(headers, 12.4);
  assert.equal(headers.get("server"), "envoy");
  assert.equal(headers.get("date"), "Sun, 15 Jun 2025 15:06:40 GMT");
  assert.equal(headers.get("x-envoy-upstream-service-time"), "12");
  const own = HeaderMap.from([
    [":status", "404"],
    ["date", "then"],
  ]);
  make(false).response(own, null);
  assert.deepEqual(own.pairs(), [
    [":status", "404"],
    ["date", "then"],
    ["server", "envoy"],
  ]);
});

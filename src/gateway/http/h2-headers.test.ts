// What of a header map reaches HTTP/2: nothing that node:http2 would throw for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderMap } from "../../host/header-map.ts";
import { joinedInRequests } from "../../spec/joined-headers.ts";
import { fromH2, toH2 } from "./h2-headers.ts";

const map = HeaderMap.from([
  [":status", "200"],
  [":path", "/"],
  [":made-up", "x"],
  ["te", "gzip"],
  ["connection", "close"],
  ["x-a", "1"],
]);

test("headers of which Envoy has one line are joined, cookies in their own way", () => {
  const raw = [":path", "/", "accept", "a", "cookie", "a=1", "x-a", "1", "accept", "b"];
  const headers = fromH2([...raw, "cookie", "b=2", "x-a", "2"], joinedInRequests);
  assert.deepEqual(headers.pairs(), [
    [":path", "/"],
    ["accept", "a,b"],
    ["cookie", "a=1; b=2"],
    ["x-a", "1"],
    ["x-a", "2"],
  ]);
});

test("pseudo-headers that a message of its kind can't have are left out, whoever set them", () => {
  const kept = (of: "request" | "response" | "trailers") => Object.keys(toH2(map, of));
  assert.deepEqual(kept("request"), [":path", "x-a"]);
  assert.deepEqual(kept("response"), [":status", "x-a"]);
  assert.deepEqual(kept("trailers"), ["x-a"]);
});

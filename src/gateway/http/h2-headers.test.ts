// What of a header map reaches HTTP/2: nothing that node:http2 would throw for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderMap } from "../../host/header-map.ts";
import { toH2 } from "./h2-headers.ts";

const map = HeaderMap.from([
  [":status", "200"],
  [":path", "/"],
  [":made-up", "x"],
  ["te", "gzip"],
  ["connection", "close"],
  ["x-a", "1"],
]);

test("pseudo-headers that a message of its kind can't have are left out, whoever set them", () => {
  const kept = (of: "request" | "response" | "trailers") => Object.keys(toH2(map, of));
  assert.deepEqual(kept("request"), [":path", "x-a"]);
  assert.deepEqual(kept("response"), [":status", "x-a"]);
  assert.deepEqual(kept("trailers"), ["x-a"]);
});

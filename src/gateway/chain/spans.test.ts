// Which trace a request belongs to, by the header that came with it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderMap } from "../../host/header-map.ts";
import { beginSpan } from "./spans.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const random = (bytes: number): string => "ab".repeat(bytes);

function begun(traceparent: string) {
  const headers = HeaderMap.from([
    ["traceparent", traceparent],
    ["tracestate", "a=1"],
  ]);
  const { traceId, parentId, sampled } = beginSpan(headers, random);
  return {
    traceId,
    parentId,
    sampled,
    told: headers.get("traceparent"),
    state: headers.get("tracestate"),
  };
}

test("a caller's trace goes on, sampled as the caller says; later versions may say more", () => {
  for (const [text, sampled] of [
    [`00-${TRACE}-${PARENT}-01`, true],
    [`00-${TRACE}-${PARENT}-00`, false],
    [`01-${TRACE}-${PARENT}-03-more`, true],
  ] as const) {
    const told = `00-${TRACE}-${random(8)}-${sampled ? "01" : "00"}`;
    assert.deepEqual(
      begun(text),
      { traceId: TRACE, parentId: PARENT, sampled, told, state: "a=1" },
      text,
    );
  }
});

test("what is no traceparent begins a new trace, without the state of the old one", () => {
  for (const text of [
    ...["", "garbage", `00-${TRACE}-${PARENT}`, `00-${TRACE}-${PARENT}-1`, "x".repeat(5000)],
    ...[`ff-${TRACE}-${PARENT}-01`, `00-${"0".repeat(32)}-${PARENT}-01`],
    ...[`00-${TRACE}-${"0".repeat(16)}-01`, `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ...[`00-${TRACE}-${PARENT}-01-more`, `00-${TRACE}-${PARENT}-01-`, `01-${TRACE}-${PARENT}-01x`],
  ]) {
    const { traceId, parentId, sampled, state } = begun(text);
    assert.deepEqual([traceId, parentId, sampled], [random(16), "", true], text);
    assert.equal(state, undefined, text);
  }
});

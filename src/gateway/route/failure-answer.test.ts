// The words of an answer that stands for none, as an Envoy 1.40 was seen to say them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureAnswer } from "./failure-answer.ts";

test("each way to fail has Envoy's status, flags, details and words", () => {
  const told = (...args: Parameters<typeof failureAnswer>): string => {
    const { status, flags, details, body } = failureAnswer(...args);
    return `${status} ${flags} ${details} ${Buffer.from(body).toString()}`;
  };
  const broken = "upstream connect error or disconnect/reset before headers.";
  assert.equal(
    told("remote-reset"),
    `503 UC upstream_reset_before_response_started{connection_termination} ${broken} reset reason: connection termination`,
  );
  assert.equal(
    told("connect-failure", true, true),
    `503 URX,UF upstream_reset_before_response_started{remote_connection_failure} ${broken} retried and the latest reset reason: remote connection failure`,
  );
  assert.match(told("protocol-error"), /^502 UPE /);
  assert.equal(told("timeout"), "504 UT response_timeout upstream request timeout");
  assert.equal(
    told("per-try-timeout", true, true),
    "504 URX,UT upstream_per_try_timeout upstream request timeout",
  );
  assert.equal(told("idle-timeout"), "504 SI stream_idle_timeout stream timeout");
});

test("a client is told where an upstream has had too much", () => {
  assert.deepEqual(failureAnswer("overflow").headers, [["x-envoy-overloaded", "true"]]);
  assert.deepEqual(failureAnswer("connect-timeout").headers, []);
});

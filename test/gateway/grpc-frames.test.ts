// gRPC's framing: messages in any pieces, none that is too long.
import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, GrpcReader } from "../../src/gateway/worker/grpc-frames.ts";

test("messages are read whole, however they are cut", () => {
  const stream = Buffer.concat([
    frame(Buffer.from("one")),
    frame(Buffer.alloc(0)),
    frame(Buffer.from("three")),
  ]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = new GrpcReader(100);
    const messages = [
      ...reader.read(stream.subarray(0, cut))!,
      ...reader.read(stream.subarray(cut))!,
    ];
    assert.deepEqual(
      messages.map((one) => Buffer.from(one).toString()),
      ["one", "", "three"],
    );
  }
});

test("a message beyond the limit, or a compressed one, is refused by its head", () => {
  assert.equal(new GrpcReader(2).read(frame(Buffer.from("abc")).subarray(0, 5)), null);
  assert.equal(new GrpcReader(2).read(Buffer.from([1, 0, 0, 0, 0])), null);
});

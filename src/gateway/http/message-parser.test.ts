// Bodies as the parser tells them: a peer's choice of chunks is no lever on what a thread has to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageParser } from "./message-parser.ts";

function bodies(...reads: readonly string[]): readonly (readonly [bytes: number, end: boolean])[] {
  const told: [number, boolean][] = [];
  const parser = new MessageParser(
    "request",
    { headerBytes: 1000, headerCount: 10 },
    {
      head: () => false,
      body: (bytes, end) => void told.push([bytes.length, end]),
      trailers: () => {},
      complete: () => true,
    },
  );
  const head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
  for (const read of [head, ...reads]) parser.execute(Buffer.from(read));
  parser.close();
  return told;
}

const chunk = (size: number): string => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`;

test("chunks of one read are one piece, however small they are", () => {
  const small = chunk(1).repeat(5000);
  assert.deepEqual(bodies(small, small, `${small}0\r\n\r\n`), [
    [5000, false],
    [5000, false],
    [5000, true],
  ]);
});

test("large chunks are told by themselves, in order with the small ones", () => {
  assert.deepEqual(bodies(chunk(1) + chunk(2) + chunk(9000) + chunk(3)), [
    [3, false],
    [9003, false],
  ]);
});

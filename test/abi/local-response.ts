// Local responses: from which phases, with what, and which one counts.
import assert from "node:assert/strict";
import { call, pairs, quiet } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";
import type { Played } from "./play.ts";

const extra = pairs(["x-why", "because"], [":status", "200"]);
const bad = pairs(["x-why", "a\nb"]);
const claims = pairs(["content-length", "9"], ["content-type", "a/b"]);
const own = pairs(["grpc-status", "3"]);
const data = [
  [0, "because"],
  [8, "no entry"],
  [200, extra.text],
  [300, bad.text],
  [400, claims.text],
  [500, "content-type"],
  [512, "application/grpc"],
  [532, ":method"],
  [540, "HEAD"],
  [600, own.text],
] as const;
const grpcSay = (status: number, headers = 0, size = 0): string =>
  call("proxy_send_local_response", 200, 0, 7, 8, 8, headers, size, status);
const H = "proxy_on_request_headers" as const;
const say = (status: number, body = 8, headers = 200, size = extra.size): string =>
  call("proxy_send_local_response", status, 0, 7, body, 8, headers, size, -1);

function answered(...expected: readonly (readonly [string, string])[]): (played: Played) => void {
  return ({ stream }) => {
    const { out } = stream.response;
    assert.deepEqual(out.headers?.pairs(), expected);
    assert.equal(Buffer.from(out.body.view()).toString(), "no entry");
    assert.equal(stream.request.out.headers, null);
  };
}
const plain = [
  [":status", "403"],
  ["x-why", "because"],
  ["content-length", "8"],
  ["content-type", "text/plain"],
] as const;

export const localResponses: Subject = {
  name: "local-response",
  cells: [
    ...of(
      "proxy_send_local_response",
      H,
      { data, answer: 1 },
      [
        "right",
        "answers instead of the upstream, with its headers and never another status",
        [say(403)],
        [0],
        { check: answered(...plain) },
      ],
      [
        "right",
        "from the body as well, while the headers wait",
        [say(403)],
        [0],
        {
          phase: "proxy_on_request_body",
          options: {
            more: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))`,
            allowHeadersStop: true,
          },
          check: answered(...plain),
        },
      ],
      [
        "misuse",
        "bad addresses",
        [say(403, FAR), say(403, 8, FAR), say(403, 8, 200, -1)],
        [6, 6, 6],
        { options: { answer: 0 }, check: ({ stream }) => assert.equal(stream.local, null) },
      ],
      [
        "misuse",
        "a header that can't be one is left out",
        [say(403, 8, 300, bad.size)],
        [0],
        {
          check: answered(
            [":status", "403"],
            ["content-length", "8"],
            ["content-type", "text/plain"],
          ),
        },
      ],
      ...[0, 99, 101, 600, -1].map(
        (status) =>
          [
            "edge",
            `a status that no response has (${status}) is 500, and never lets the request pass`,
            [say(status)],
            [0],
            { options: { answer: 0 }, check: answered([":status", "500"], ...plain.slice(1)) },
          ] as const,
      ),
      [
        "edge",
        "the first one counts",
        [say(403), quiet("proxy_send_local_response", 500, 0, 0, 0, 0, 0, 0, -1)],
        [0],
        { check: answered(...plain) },
      ],
      [
        "edge",
        "once the answer has begun the stream is cut off",
        [say(403)],
        [0],
        {
          phase: "proxy_on_response_body",
          check: ({ stream }) => assert.equal(stream.reset, true),
        },
      ],
      [
        "edge",
        "without a body it has neither length nor type, whatever it says",
        [call("proxy_send_local_response", 200, 0, 0, 0, 0, 400, claims.size, -1)],
        [0],
        {
          check: ({ stream }) =>
            assert.deepEqual(stream.response.out.headers?.pairs(), [[":status", "200"]]),
        },
      ],
      [
        "edge",
        "a gRPC request is answered in headers alone; a status that gRPC doesn't know is none",
        [quiet("proxy_replace_header_map_value", 0, 500, 12, 512, 16), grpcSay(17)],
        [0],
        {
          check: ({ stream }) => {
            assert.deepEqual(stream.response.out.headers?.pairs(), [
              [":status", "200"],
              ["content-type", "application/grpc"],
              ["grpc-status", "2"],
              ["grpc-message", "no entry"],
            ]);
            assert.equal(stream.response.out.body.length, 0);
          },
        },
      ],
      [
        "edge",
        "a gRPC status among its headers counts",
        [quiet("proxy_replace_header_map_value", 0, 500, 12, 512, 16), grpcSay(5, 600, own.size)],
        [0],
        {
          check: ({ stream }) => assert.equal(stream.response.out.headers?.get("grpc-status"), "3"),
        },
      ],
      [
        "edge",
        "a HEAD request is told the length of a body that it isn't sent",
        [quiet("proxy_replace_header_map_value", 0, 532, 7, 540, 4), say(403)],
        [0],
        {
          check: ({ stream }) => {
            assert.equal(stream.response.out.headers?.get("content-length"), "8");
            assert.deepEqual(
              [stream.response.out.body.length, stream.response.out.ended],
              [0, true],
            );
          },
        },
      ],
      [
        "edge",
        "spaces of its details become underscores",
        [call("proxy_send_local_response", 403, 8, 8, 0, 0, 0, 0, -1)],
        [0],
        { check: ({ stream }) => assert.equal(stream.local?.details, "no_entry") },
      ],
      [
        "edge",
        "at the end of a request it changes nothing",
        [say(403)],
        [],
        {
          phase: "proxy_on_log",
          check: ({ stream }) => assert.deepEqual([stream.local, stream.reset], [null, false]),
        },
      ],
      [
        "edge",
        "in a timer there is nobody to answer",
        [say(403)],
        [0],
        { phase: "proxy_on_tick", check: ({ stream }) => assert.equal(stream.local, null) },
      ],
    ),
  ],
};

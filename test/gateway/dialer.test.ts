// What becomes of a plugin's calls in the lab, by what the upstream does: told to the plugin as Envoy tells it. A
// cluster of the test's own hands out its sinks; no socket is opened.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResetReason, UpstreamSink, Upstreams } from "../../src/gateway/http/exchange.ts";
import { dialerOf } from "../../src/gateway/worker/dialer.ts";
import { HeaderMap, type Pair } from "../../src/host/header-map.ts";
import type { Plugin } from "../../src/host/plugin.ts";
import { show } from "../abi/play.ts";
import { call, guest, load, noteFunctions, pairs, quiet, run, texts } from "../host/guest.ts";

const wire = pairs([":method", "GET"], [":path", "/"], ["host", "a"]);
const text = (bytes: string): Uint8Array => Buffer.from(bytes);
const map = (...list: Pair[]): HeaderMap => HeaderMap.from(list);

/** A gRPC frame. */
const framed = (message: string): Uint8Array => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, text(message)]);
};

/** Notes a number that says which callback this is, then what it was told. */
const told = (what: number, ...more: string[]): string =>
  `(call $note (i32.const ${what})) ${more.join(" ")}`;
const third = "(call $note (local.get 2))";

function plugged(calls: string): { plugin: Plugin; sinks: UpstreamSink[]; asked: HeaderMap[] } {
  const sinks: UpstreamSink[] = [];
  const asked: HeaderMap[] = [];
  const upstreams = {
    has: (name: string) => name !== "none",
    hostCount: (name: string) => (name === "void" ? 0 : 1),
    open: (_name: string, headers: HeaderMap, _end: boolean, sink: UpstreamSink) => {
      sinks.push(sink);
      asked.push(headers);
      return { sendData: () => true, sendTrailers: () => {}, reset: () => {} };
    },
  } as unknown as Upstreams;
  const dialer = dialerOf(
    () => upstreams,
    (tell) => tell(),
  );
  const bytes = guest({
    imports: [
      "proxy_log",
      "proxy_http_call",
      "proxy_grpc_call",
      "proxy_grpc_stream",
      "proxy_get_status",
      "proxy_get_header_map_value",
      "proxy_get_buffer_bytes",
    ],
    body: `${noteFunctions} (data (i32.const 0) "auth") (data (i32.const 8) "none") (data (i32.const 16) "void")
      (data (i32.const 24) ":status") (data (i32.const 200) "${wire.text}")
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32) ${calls} (i32.const 1))
      (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
        ${told(1, third, quiet("proxy_get_header_map_value", 6, 24, 7, 400, 404))}
        (if (local.get 2) (then ${show(400, 404)} ${quiet("proxy_get_buffer_bytes", 4, 0, 999, 400, 404)} ${show(400, 404)}))
        ${quiet("proxy_get_status", 408, 400, 404)} ${load(408)} ${show(400, 404)})
      (func (export "proxy_on_grpc_receive_initial_metadata") (param i32 i32 i32) ${told(2, third)})
      (func (export "proxy_on_grpc_receive") (param i32 i32 i32) ${told(3, third)})
      (func (export "proxy_on_grpc_receive_trailing_metadata") (param i32 i32 i32) ${told(4, third)})
      (func (export "proxy_on_grpc_close") (param i32 i32 i32) ${told(5, third)})`,
  });
  return { plugin: run(bytes, { dialer }), sinks, asked };
}

const http = (name: number, size = 4): string =>
  call("proxy_http_call", name, size, 200, wire.size, 0, 0, 0, 0, 500, 100);
const unary = call("proxy_grpc_call", 0, 4, 0, 1, 0, 1, 0, 0, 0, 0, 500, 100);
const stream = call("proxy_grpc_stream", 0, 4, 0, 1, 0, 1, 0, 0, 100);

/** What the plugin was told after its call, which was taken. */
function after(calls: string, act: (sink: UpstreamSink) => void): string[] {
  const { plugin, sinks } = plugged(calls);
  assert.deepEqual([texts(plugin), sinks.length], [["0"], 1]);
  act(sinks[0]!);
  assert.equal(plugin.calls.size, 0, "nothing of the call is left");
  return texts(plugin).slice(1);
}

test("a cluster that isn't there is BAD_ARGUMENT, one without hosts INTERNAL_FAILURE, and nothing leaves", () => {
  const { plugin, sinks } = plugged(`${http(8)} ${http(16)}`);
  assert.deepEqual([texts(plugin), sinks.length, plugin.calls.size], [["2", "10"], 0, 0]);
  const grpc = plugged(call("proxy_grpc_call", 8, 4, 0, 1, 0, 1, 0, 0, 0, 0, 500, 100));
  assert.deepEqual([texts(grpc.plugin), grpc.sinks.length], [["4"], 0]);
});

test("a call's host header is its authority", () => {
  const { asked } = plugged(http(0));
  assert.equal(asked[0]!.get(":authority"), "a");
  assert.equal(asked[0]!.get("host"), undefined);
});

test("an upstream that fails before it answers is a response of the proxy's own, with the reason", () => {
  const words = "upstream connect error or disconnect/reset before headers. reset reason: ";
  const seen = (reason: ResetReason): string[] => after(http(0), (sink) => sink.reset(reason));
  assert.deepEqual(seen("connect-failure"), [
    ...["1", "3", "503", `${words}remote connection failure`],
    ...["0", ""],
  ]);
  assert.deepEqual(seen("protocol-error").slice(1, 3), ["3", "502"]);
});

test("an answer that breaks off is a failed call without headers, and its status says so", () => {
  assert.deepEqual(
    after(http(0), (sink) => {
      sink.headers(map([":status", "200"]), false);
      sink.data(text("abc"), false);
      sink.reset("remote-reset");
    }),
    ["1", "0", "11", "reset"],
  );
});

test("a unary gRPC call is told its message and nothing else, or else how it failed and nothing else", () => {
  const ok = map([":status", "200"]);
  const answered = (status: string, ...parts: Uint8Array[]): string[] =>
    after(unary, (sink) => {
      sink.headers(ok, false);
      for (const part of parts) sink.data(part, false);
      sink.trailers(map(["grpc-status", status]));
    });
  assert.deepEqual(answered("0", framed("hello")), ["3", "5"]);
  assert.deepEqual(answered("5", framed("hello")), ["5", "5"]);
  assert.deepEqual(answered("0"), ["5", "13"], "OK without a message is none");
  assert.deepEqual(answered("99", framed("hello")), ["5", "4294967295"]);
});

test("a gRPC stream hears every step, also where there was no metadata", () => {
  const only = map([":status", "200"], ["grpc-status", "7"]);
  assert.deepEqual(
    after(stream, (sink) => sink.headers(only, true)),
    ["2", "0", "4", "2", "5", "7"],
  );
  assert.deepEqual(
    after(stream, (sink) => {
      sink.headers(map([":status", "200"], ["x", "y"]), false);
      sink.data(framed("hi"), false);
      sink.trailers(map(["grpc-status", "0"]));
    }),
    ["2", "2", "3", "2", "4", "1", "5", "0"],
  );
});

test("what is no gRPC ends a call with the status that Envoy gives it", () => {
  const garbage = (sink: UpstreamSink): void => {
    sink.headers(map([":status", "200"]), false);
    sink.data(Buffer.from([9, 9, 9, 9, 9, 9]), false);
  };
  assert.deepEqual(after(unary, garbage), ["5", "13"]);
  const missing = (sink: UpstreamSink): void => {
    sink.headers(map([":status", "200"]), false);
    sink.data(framed("hi"), true);
  };
  assert.deepEqual(after(unary, missing), ["5", "2"]);
  const http404 = (sink: UpstreamSink): void => sink.headers(map([":status", "404"]), true);
  assert.deepEqual(after(unary, http404), ["5", "12"]);
  assert.deepEqual(
    after(unary, (sink) => sink.reset("remote-reset")),
    ["5", "14"],
  );
});

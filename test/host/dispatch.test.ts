// Calls that leave: HTTP, gRPC, DNS. Recorded, answered by the caller, told to the plugin's own context.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answerCall, answerGrpc, failCall } from "../../src/host/answer.ts";
import { runRequest } from "../../src/host/request.ts";
import {
  call,
  guest,
  headers,
  load,
  noteFunctions,
  pairs,
  probe,
  quiet,
  run,
  texts,
} from "./guest.ts";

const FAR = 0x7fff0000;
const wire = pairs([":method", "POST"], [":path", "/check"], [":authority", "auth"]);
const incomplete = pairs([":method", "POST"], [":path", "/check"]);
const data = [
  [0, "auth"],
  [16, "body"],
  [200, wire.text],
  [400, incomplete.text],
] as const;
const dispatch = (
  cluster: [number, number],
  headers: [number, number],
  timeout = 1000,
  token = 100,
): string => call("proxy_http_call", ...cluster, ...headers, 16, 4, 0, 0, timeout, token);

test("a call is recorded as it leaves, with a token, and only after the guest has returned", () => {
  const { notes, result, plugin } = probe([dispatch([0, 4], [200, wire.size]), load(100)], {
    data,
  });
  assert.deepEqual(notes, [0, 4]);
  assert.deepEqual(result.calls, [
    {
      kind: "http",
      token: 4,
      cluster: "auth",
      timeout: 1000,
      trailers: [],
      headers: [
        [":method", "POST"],
        [":path", "/check"],
        [":authority", "auth"],
      ],
      body: new Uint8Array(Buffer.from("body")),
    },
  ]);
  assert.deepEqual([...plugin.telemetry.dispatches], [["auth", 1]]);
});

test("a call without its three headers, to no cluster, or with bad numbers is refused and not recorded", () => {
  const { notes, result } = probe(
    [
      dispatch([0, 4], [400, incomplete.size]),
      dispatch([0, 3], [200, wire.size]),
      dispatch([0, 4], [200, wire.size], -1),
      dispatch([FAR, 4], [200, wire.size]),
      dispatch([0, 4], [FAR, wire.size]),
      dispatch([0, 4], [200, wire.size], 1, FAR),
    ],
    { data, clusters: ["auth"] },
  );
  assert.deepEqual(notes, [2, 2, 2, 6, 6, 6]);
  assert.deepEqual(result.calls, []);
});

test("the number of calls in flight is bounded", () => {
  const { notes, plugin } = probe(
    [
      "(local.set 0 (i32.const 1024))",
      `(loop $again ${dispatch([0, 4], [200, wire.size]).replace("call $note", "drop")}
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))`,
      dispatch([0, 4], [200, wire.size]),
    ],
    { data },
  );
  assert.deepEqual(notes, [10]);
  assert.equal(plugin.calls.size, 1024);
});

const external = guest({
  imports: [
    "proxy_log",
    "proxy_http_call",
    "proxy_get_header_map_value",
    "proxy_get_buffer_bytes",
    "proxy_set_effective_context",
    "proxy_continue_stream",
    "proxy_send_local_response",
    "proxy_get_status",
  ],
  body: `${noteFunctions} ${data.map(([at, text]) => `(data (i32.const ${at}) "${text}")`).join(" ")}
    (data (i32.const 32) ":status") (global $stream (mut i32) (i32.const 0))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (global.set $stream (local.get 0)) ${quiet("proxy_http_call", 0, 4, 200, wire.size, 16, 4, 0, 0, 1000, 100)} (i32.const 1))
    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
      (call $note (local.get 0)) (call $note (local.get 1)) (call $note (local.get 2)) (call $note (local.get 3)) (call $note (local.get 4))
      (if (i32.eqz (local.get 2)) (then ${call("proxy_get_status", 100, 104, 108)} ${load(100)} ${load(108)} (return)))
      ${call("proxy_set_effective_context", "(global.get $stream)")}
      ${call("proxy_get_header_map_value", 6, 32, 7, 100, 104)}
      ${call("proxy_get_buffer_bytes", 4, 0, 99, 108, 112)}
      (if (i32.eq (i32.load8_u (i32.load (i32.const 100))) (i32.const 50))
        (then ${quiet("proxy_continue_stream", 0)})
        (else ${quiet("proxy_send_local_response", 401, 0, 0, 0, 0, 0, 0, -1)})))`,
});

test("a request waits for its call; a good answer lets it go on, another one ends it, the root context is told", () => {
  const plugin = run(external);
  const good = runRequest(plugin, {
    headers: headers(),
    body: "payload",
    answer: () => ({ headers: [[":status", "200"]], body: "xyz" }),
  });
  assert.deepEqual(
    [good.outcome, good.status, Buffer.from(good.upstream!.body).toString()],
    ["continue", 200, "payload"],
  );
  assert.deepEqual(texts(plugin), ["1", "4", "1", "3", "0", "0", "0", "0"]);
  const bad = runRequest(plugin, {
    headers: headers(),
    answer: () => ({ headers: [[":status", "503"]] }),
  });
  assert.deepEqual([bad.outcome, bad.status, bad.upstream], ["local", 401, null]);
  const open = runRequest(plugin, { headers: headers(), answer: () => undefined });
  assert.equal(open.outcome, "paused");
});

test("a request that waits is answered, or goes on, when the plugin dies in the answer of its call", () => {
  const dying = guest({
    imports: ["proxy_http_call"],
    body: `${data.map(([at, text]) => `(data (i32.const ${at}) "${text}")`).join(" ")}
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        ${quiet("proxy_http_call", 0, 4, 200, wire.size, 16, 4, 0, 0, 1000, 100)} (i32.const 1))
      (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) unreachable)`,
  });
  const input = { headers: headers(), body: "kept", answer: () => ({ headers: [] }) };
  const closed = runRequest(run(dying), input);
  assert.deepEqual([closed.outcome, closed.status, closed.upstream], ["local", 503, null]);
  const open = runRequest(run(dying, { failure: "open" }), input);
  assert.deepEqual([open.outcome, open.status, open.skipped], ["continue", 200, true]);
  assert.equal(Buffer.from(open.upstream!.body).toString(), "kept");
});

test("a call that fails is told without headers, and why is in the status", () => {
  const plugin = run(external);
  const result = runRequest(plugin, { headers: headers(), answer: () => null });
  assert.equal(result.outcome, "paused");
  assert.deepEqual(texts(plugin), [
    "1",
    "4",
    "0",
    "0",
    "0",
    "0",
    "11",
    String("the call failed".length),
  ]);
});

test("an answer is open only while it is told, and only once", () => {
  const plugin = run(external);
  runRequest(plugin, { headers: headers() });
  assert.equal(answerCall(plugin, 4, { headers: [[":status", "200"]] }), true);
  assert.equal(answerCall(plugin, 4, { headers: [[":status", "200"]] }), false);
  assert.equal(failCall(plugin, 77, ""), false);
  assert.equal(plugin.root.answer, null);
});

test("gRPC calls and streams are recorded, answered step by step, and refuse the wrong kind", () => {
  const plugin = run({
    imports: [
      "proxy_log",
      "proxy_grpc_call",
      "proxy_grpc_stream",
      "proxy_grpc_send",
      "proxy_grpc_cancel",
      "proxy_grpc_close",
      "proxy_get_buffer_bytes",
      "proxy_get_header_map_value",
      "proxy_get_status",
    ],
    body: `${noteFunctions} (data (i32.const 0) "svcnamemethodkmsg")
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        ${call("proxy_grpc_call", 0, 3, 3, 4, 7, 6, 0, 0, 14, 3, 500, 100)} ${load(100)}
        ${call("proxy_grpc_stream", 0, 3, 3, 4, 7, 6, 0, 0, 100)} ${load(100)}
        ${call("proxy_grpc_send", 6, 14, 3, 0)} ${call("proxy_grpc_send", 6, 14, 3, 1)} ${call("proxy_grpc_send", 6, 14, 3, 1)}
        ${call("proxy_grpc_send", 5, 14, 3, 0)} ${call("proxy_grpc_send", 10, 14, 3, 0)} ${call("proxy_grpc_send", 4, 14, 3, 0)} ${call("proxy_grpc_send", 6, FAR, 3, 0)}
        ${call("proxy_grpc_cancel", 9)} ${call("proxy_grpc_close", 6)} (i32.const 0))
      (func (export "proxy_on_grpc_receive_initial_metadata") (param i32 i32 i32) (call $note (i32.add (i32.const 500) (local.get 2))) ${call("proxy_get_header_map_value", 4, 13, 1, 100, 104)})
      (func (export "proxy_on_grpc_receive") (param i32 i32 i32) (call $note (i32.add (i32.const 600) (local.get 2))) ${call("proxy_get_buffer_bytes", 5, 0, 9, 100, 104)} ${load(104)})
      (func (export "proxy_on_grpc_receive_trailing_metadata") (param i32 i32 i32) (call $note (i32.add (i32.const 700) (local.get 2))))
      (func (export "proxy_on_grpc_close") (param i32 i32 i32) (call $note (i32.add (i32.const 800) (local.get 2))) ${call("proxy_get_status", 100, 104, 108)} ${load(100)} ${load(108)})`,
  });
  const result = runRequest(plugin, { headers: headers() });
  assert.deepEqual(texts(plugin), [
    "0",
    "5",
    "0",
    "6",
    "0",
    "0",
    "2",
    "2",
    "1",
    "2",
    "6",
    "1",
    "0",
  ]);
  assert.deepEqual(
    result.calls.map((one) => [one.kind, "methodName" in one ? one.methodName : ""]),
    [
      ["grpc-call", "method"],
      ["grpc-stream", "method"],
    ],
  );
  const stream = result.calls[1]!;
  assert.deepEqual(
    "messages" in stream ? stream.messages.map((one) => Buffer.from(one).toString()) : [],
    ["msg", "msg"],
  );
  const before = texts(plugin).length;
  assert.equal(
    answerGrpc(plugin, 5, {
      initialMetadata: [["k", "v"]],
      messages: ["four"],
      trailingMetadata: [],
      status: 7,
      message: "no",
    }),
    true,
  );
  assert.deepEqual(texts(plugin).slice(before), [
    "501",
    "0",
    "604",
    "0",
    "4",
    "700",
    "807",
    "0",
    "7",
    "2",
  ]);
  assert.equal(answerGrpc(plugin, 5, { status: 0 }), false);
});

test("a DNS look-up is recorded, though no capability list gates it", () => {
  const { notes, result } = probe(
    [
      call("envoy_resolve_dns", 0, 11, 100),
      call("envoy_resolve_dns", FAR, 11, 100),
      call("envoy_resolve_dns", 0, 300, 100),
    ],
    {
      data: [[0, "leak.secret"]],
      capabilities: ["proxy_log", "proxy_on_request_headers"],
    },
  );
  assert.deepEqual(notes, [0, 6, 2]);
  assert.deepEqual(result.calls, [{ kind: "dns", token: 7, name: "leak.secret" }]);
});

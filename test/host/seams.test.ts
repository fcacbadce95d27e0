// What a gateway stands on: draining piece by piece, news of what happened elsewhere, limits, dialling, timers, ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answerCall, answerGrpc } from "../../src/host/answer.ts";
import type { ManualClock } from "../../src/host/clock.ts";
import type { CallHandle, Dialer } from "../../src/host/dialer.ts";
import type { OutgoingCall } from "../../src/host/effects.ts";
import { FilterState } from "../../src/host/filter-state.ts";
import { HeaderMap } from "../../src/host/header-map.ts";
import type { OutflowSink } from "../../src/host/outflow.ts";
import type { Plugin } from "../../src/host/plugin.ts";
import type { StreamContext, StreamLimits, StreamListener } from "../../src/host/stream-context.ts";
import { call, guest, headers, noteFunctions, pairs, quiet, run, texts } from "./guest.ts";

const wire = pairs([":method", "POST"], [":path", "/check"], [":authority", "auth"]);
const bytes = (text: string): Uint8Array => Buffer.from(text);

function open(plugin: Plugin, limits?: StreamLimits): StreamContext {
  const admission = plugin.open(undefined, limits);
  assert.equal(admission.as, "stream");
  return (admission as { stream: StreamContext }).stream;
}

/** Writes down what it is given. */
function recorder(): OutflowSink & { readonly said: string[] } {
  const said: string[] = [];
  return {
    said,
    headers: (map, end) => said.push(`headers ${map.size}${end ? " end" : ""}`),
    data: (data, end) => said.push(`${Buffer.from(data).toString()}${end ? " end" : ""}`),
    trailers: (map) => said.push(`trailers ${map.size}`),
  };
}

function listen(stream: StreamContext): string[] {
  const said: string[] = [];
  const listener: StreamListener = {
    released: (half) => said.push(`released ${half}`),
    localReply: (reply) => said.push(`local ${reply.status}`),
    reset: () => said.push("reset"),
  };
  stream.listener = listener;
  return said;
}

const pausing = (kind: string, answer: number): Uint8Array =>
  guest({
    body: `(func (export "proxy_on_${kind}") (param i32 i32 i32) (result i32) (i32.const ${answer}))`,
  });

/** Pauses every request, and lets the last one go, answers it or cuts it off on a tick. */
const onTick = (what: string): Uint8Array =>
  guest({
    imports: [
      "proxy_set_effective_context",
      "proxy_continue_stream",
      "proxy_send_local_response",
      "proxy_close_stream",
      "proxy_set_tick_period_milliseconds",
    ],
    body: `(global $stream (mut i32) (i32.const 0))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        ${quiet("proxy_set_tick_period_milliseconds", 10)} (i32.const 1))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (global.set $stream (local.get 0)) (i32.const 1))
      (func (export "proxy_on_tick") (param i32)
        ${quiet("proxy_set_effective_context", "(global.get $stream)")} ${what})`,
  });

const goOn = quiet("proxy_continue_stream", 0);

function tick(plugin: Plugin): void {
  (plugin.services.clock as ManualClock).advance(10);
  plugin.poll();
}

test("what passes is given once: headers, pieces as they come, trailers, and one end", () => {
  const stream = open(run({ body: "" }));
  const sink = recorder();
  stream.request.onHeaders(HeaderMap.from(headers()), false);
  stream.request.out.drain(sink);
  stream.request.out.drain(sink);
  stream.request.onBody(bytes("one"), false);
  stream.request.out.drain(sink);
  stream.request.onBody(bytes("two"), false);
  stream.request.onTrailers(HeaderMap.from([["t", "1"]]));
  stream.request.out.drain(sink);
  stream.request.out.drain(sink);
  assert.deepEqual(sink.said, ["headers 4", "one", "two", "trailers 1"]);
  assert.equal(stream.request.out.complete, true);
});

test("the end comes with the last thing there is, or alone where that has gone already", () => {
  const ends = (feed: (stream: StreamContext, drain: () => void) => void): string[] => {
    const stream = open(run({ body: "" }));
    const sink = recorder();
    feed(stream, () => stream.request.out.drain(sink));
    stream.request.out.drain(sink);
    return sink.said;
  };
  const map = (): HeaderMap => HeaderMap.from(headers());
  assert.deepEqual(
    ends(({ request }) => request.onHeaders(map(), true)),
    ["headers 4 end"],
  );
  assert.deepEqual(
    ends(({ request }) => {
      request.onHeaders(map(), false);
      request.onBody(bytes("x"), true);
    }),
    ["headers 4", "x end"],
  );
  assert.deepEqual(
    ends(({ request }, drain) => {
      request.onHeaders(map(), false);
      drain();
      request.onBody(new Uint8Array(0), true);
    }),
    ["headers 4", " end"],
  );
});

test("a piece of a body that nobody holds is passed on and not copied", () => {
  const stream = open(run(pausing("request_body", 0)));
  stream.request.onHeaders(HeaderMap.from(headers()), false);
  const piece = bytes("piece");
  stream.request.onBody(piece, true);
  assert.equal(stream.request.out.body.take().buffer, piece.buffer);
});

test("a stream that goes on from another callback is told once no guest runs, and can be fed at once", () => {
  const plugin = run(onTick(goOn));
  const stream = open(plugin);
  const said = listen(stream);
  stream.request.onHeaders(HeaderMap.from(headers()), false);
  stream.request.onBody(bytes("held"), false);
  assert.deepEqual([said, stream.request.paused], [[], true]);
  const sink = recorder();
  stream.listener!.released = () => {
    stream.request.out.drain(sink);
    stream.request.onBody(bytes("more"), true);
    stream.request.out.drain(sink);
  };
  tick(plugin);
  assert.deepEqual(sink.said, ["headers 4", "held", "more end"]);
});

test("what happens inside of the gateway's own call is not told again", () => {
  const plugin = run({
    imports: ["proxy_send_local_response"],
    body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      ${quiet("proxy_send_local_response", 403, 0, 0, 0, 0, 0, 0, -1)} (i32.const 1))`,
  });
  const stream = open(plugin);
  const said = listen(stream);
  stream.request.onHeaders(HeaderMap.from(headers()), true);
  plugin.poll();
  assert.deepEqual([said, stream.local?.status], [[], 403]);
  const sink = recorder();
  stream.response.out.drain(sink);
  assert.deepEqual(sink.said, ["headers 1 end"]);
});

test("a local reply, a reset and the death of the plugin reach a waiting stream", () => {
  const after = (what: string, failure: "closed" | "open" = "closed"): string[] => {
    const plugin = run(onTick(what), { failure });
    const stream = open(plugin);
    const said = listen(stream);
    stream.request.onHeaders(HeaderMap.from(headers()), true);
    tick(plugin);
    return said;
  };
  const reply = quiet("proxy_send_local_response", 429, 0, 0, 0, 0, 0, 0, -1);
  assert.deepEqual(after(reply), ["local 429", "released response"]);
  assert.deepEqual(after(quiet("proxy_close_stream", 0)), ["reset"]);
  assert.deepEqual(after("unreachable"), ["local 503", "released response"]);
  assert.deepEqual(after("unreachable", "open"), ["released request"]);
});

test("a listener hears of a request only when the one that is being fed is through", () => {
  const plugin = run({
    imports: ["proxy_set_effective_context", "proxy_send_local_response"],
    body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.eq (local.get 0) (i32.const 2)) (then (return (i32.const 1))))
      ${quiet("proxy_set_effective_context", 2)}
      ${quiet("proxy_send_local_response", 429, 0, 0, 0, 0, 0, 0, -1)} (i32.const 0))`,
  });
  const waiting = open(plugin);
  const fed = open(plugin);
  const said = listen(waiting);
  waiting.listener!.localReply = (reply) =>
    said.push(`${reply.status} ${String(fed.request.out.ended)}`);
  waiting.request.onHeaders(HeaderMap.from(headers()), true);
  fed.request.onHeaders(HeaderMap.from(headers()), true);
  assert.deepEqual(said, ["429 true", "released response"]);
});

test("a dialer or listener that throws is the gateway's mistake, and others are told all the same", () => {
  const plugin = run(caller, {
    dialer: {
      dial: () => {
        throw new Error("broken dialer");
      },
    },
  });
  const stream = open(plugin);
  assert.throws(() => stream.request.onHeaders(HeaderMap.from(headers()), true), /broken dialer/);
  const third = run(onTick("unreachable"));
  const [four, five] = [open(third), open(third)];
  for (const each of [four, five]) each.request.onHeaders(HeaderMap.from(headers()), true);
  listen(four);
  four.listener!.localReply = () => {
    throw new Error("broken listener");
  };
  const heard = listen(five);
  assert.throws(() => tick(third), /broken listener/);
  four.finish();
  assert.deepEqual(heard, ["local 503", "released response"]);
});

test("what a plugin buffers beyond the limit of its stream is 413 or 500; what it only stops, stops the sender", () => {
  const limits = { request: 4, response: 4 };
  const buffered = open(run(pausing("request_body", 1)), limits);
  buffered.request.onHeaders(HeaderMap.from(headers()), false);
  buffered.request.onBody(bytes("1234"), false);
  assert.equal(buffered.stopped("request"), false);
  buffered.request.onBody(bytes("5"), false);
  assert.deepEqual([buffered.local?.status, buffered.request.full], [413, true]);
  const answer = open(run(pausing("response_headers", 3)), limits);
  answer.response.onHeaders(HeaderMap.from([[":status", "200"]]), false);
  answer.response.onBody(bytes("12345"), false);
  assert.equal(answer.local?.status, 500);
  const stopped = open(run(pausing("request_body", 2)), limits);
  stopped.request.onHeaders(HeaderMap.from(headers()), false);
  stopped.request.onBody(bytes("123"), false);
  assert.equal(stopped.request.full, false);
  stopped.request.onBody(bytes("45678"), false);
  assert.deepEqual([stopped.local, stopped.request.full], [null, true]);
});

test("a full direction is told when it has room again", () => {
  const plugin = run(onTick(goOn));
  const stream = open(plugin, { request: 4, response: 4 });
  stream.request.onHeaders(HeaderMap.from(headers()), false);
  stream.request.onBody(bytes("12345"), false);
  assert.deepEqual([stream.request.full, stream.local], [true, null]);
  const said = listen(stream);
  tick(plugin);
  assert.deepEqual([said, stream.request.full], [["released request"], false]);
});

test("a continue inside of the callback that pauses holds where nothing more comes, and for bodies", () => {
  const early = (callback: string): Plugin =>
    run({
      imports: ["proxy_continue_stream"],
      body: `(func (export "${callback}") (param i32 i32 i32) (result i32)
        ${quiet("proxy_continue_stream", 0)} (i32.const 1))`,
    });
  const whole = open(early("proxy_on_request_headers"));
  whole.request.onHeaders(HeaderMap.from(headers()), true);
  assert.deepEqual([whole.request.paused, whole.request.out.ended], [false, true]);
  const more = open(early("proxy_on_request_headers"));
  more.request.onHeaders(HeaderMap.from(headers()), false);
  assert.equal(more.request.paused, true);
  const body = open(early("proxy_on_request_body"));
  body.request.onHeaders(HeaderMap.from(headers()), false);
  body.request.onBody(bytes("all"), true);
  assert.deepEqual([body.request.paused, body.request.out.ended], [false, true]);
  assert.equal(Buffer.from(body.request.out.body.view()).toString(), "all");
});

/** A dialer that keeps what it was given; `none`: nobody is there. */
class TestDialer implements Dialer {
  readonly calls: OutgoingCall[] = [];
  readonly said: string[] = [];
  none = false;

  dial(_plugin: Plugin, outgoing: OutgoingCall): CallHandle | null {
    this.calls.push(outgoing);
    if (this.none) return null;
    return {
      cancel: () => this.said.push("cancel"),
      send: (message, end) =>
        this.said.push(
          `${message === null ? "close" : Buffer.from(message).toString()} ${String(end)}`,
        ),
    };
  }
}

const callerBody = `(data (i32.const 0) "auth") (data (i32.const 200) "${wire.text}") ${noteFunctions}
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    ${quiet("proxy_http_call", 0, 4, 200, wire.size, 0, 0, 0, 0, 100, 100)} (i32.const 1))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (call $note (local.get 2)))`;
const caller = guest({ imports: ["proxy_log", "proxy_http_call"], body: callerBody });

test("a call is dialled with its deadline, and given up when its time is over", () => {
  const dialer = new TestDialer();
  const plugin = run(caller, { dialer });
  assert.equal(plugin.nextDeadline(), null);
  let due = 0;
  plugin.observer = { call: () => {}, trap: () => {}, due: () => due++ };
  open(plugin).request.onHeaders(HeaderMap.from(headers()), true);
  const now = plugin.services.clock.monotonic();
  assert.deepEqual([dialer.calls.length, due, plugin.nextDeadline()! - now], [1, 1, 100_000_000n]);
  (plugin.services.clock as ManualClock).advance(100);
  plugin.poll();
  assert.deepEqual([dialer.said, texts(plugin), plugin.nextDeadline()], [["cancel"], ["3"], null]);
});

test("an answer ends a call, and nobody cancels it; one that nobody can perform fails at once", () => {
  const dialer = new TestDialer();
  const plugin = run(caller, { dialer });
  open(plugin).request.onHeaders(HeaderMap.from(headers()), true);
  answerCall(plugin, dialer.calls[0]!.token, { headers: [[":status", "200"]] });
  assert.deepEqual([dialer.said, texts(plugin)], [[], ["1"]]);
  dialer.none = true;
  open(plugin).request.onHeaders(HeaderMap.from(headers()), true);
  assert.deepEqual([texts(plugin), plugin.calls.size], [["1", "0"], 0]);
});

test("a plugin that dies or ends leaves no call behind", () => {
  const dialer = new TestDialer();
  const plugin = run(caller, { dialer });
  open(plugin).request.onHeaders(HeaderMap.from(headers()), true);
  plugin.close();
  assert.deepEqual([dialer.said, plugin.calls.size, plugin.ended], [["cancel"], 0, true]);
  const dying = run(
    guest({
      imports: ["proxy_log", "proxy_http_call"],
      body: `${callerBody} (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) unreachable)`,
    }),
    { dialer },
  );
  const one = open(dying);
  one.request.onHeaders(HeaderMap.from(headers()), false);
  const other = open(dying);
  assert.equal(dying.calls.size, 1);
  one.finish();
  other.request.onHeaders(HeaderMap.from(headers()), false);
  other.request.resume();
  other.request.onBody(bytes("x"), true);
  assert.deepEqual([dying.trap?.reason, dying.calls.size], ["unreachable", 0]);
  assert.deepEqual(dialer.said, ["cancel", "cancel", "cancel"]);
});

test("a gRPC stream carries what is sent before and after it was dialled, and its events come step by step", () => {
  const dialer = new TestDialer();
  const plugin = run(
    {
      imports: [
        "proxy_log",
        "proxy_grpc_stream",
        "proxy_grpc_send",
        "proxy_grpc_close",
        "proxy_grpc_cancel",
      ],
      body: `${noteFunctions} (data (i32.const 0) "abcd")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          ${quiet("proxy_grpc_stream", 0, 1, 0, 1, 0, 1, 0, 0, 100)}
          ${quiet("proxy_grpc_send", 6, 0, 1, 0)} (i32.const 0))
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
          ${call("proxy_grpc_send", 6, 1, 2, 0)} ${call("proxy_grpc_close", 6)}
          ${call("proxy_grpc_send", 6, 1, 2, 0)} (i32.const 0))
        (func (export "proxy_on_grpc_receive") (param i32 i32 i32) (call $note (local.get 2))
          ${quiet("proxy_grpc_cancel", 6)})`,
    },
    { dialer },
  );
  const stream = open(plugin);
  stream.request.onHeaders(HeaderMap.from(headers()), false);
  const [dialled] = dialer.calls;
  assert.deepEqual(dialled?.kind === "grpc-stream" && dialled.messages.map(String), ["97"]);
  const before = plugin.callBytes;
  stream.request.onBody(bytes("x"), true);
  assert.deepEqual(dialer.said, ["bc false", "close true"]);
  assert.equal(plugin.callBytes, before);
  assert.equal(answerGrpc(plugin, 6, { messages: ["12345", "never"] }), false);
  assert.deepEqual(texts(plugin), ["0", "0", "2", "5"]);
  assert.deepEqual([dialer.said.at(-1), plugin.calls.size, plugin.callBytes], ["cancel", 0, 0]);
});

test("ticks say when they are due, and a plugin that retires ends with its last stream", () => {
  const plugin = run(onTick(goOn));
  assert.equal(plugin.nextTick! - plugin.services.clock.monotonic(), 10_000_000n);
  assert.equal(plugin.nextDeadline(), plugin.nextTick);
  const stream = open(plugin);
  stream.request.onHeaders(HeaderMap.from(headers()), true);
  plugin.retire();
  assert.deepEqual([plugin.ended, plugin.openContexts], [false, 1]);
  stream.finish();
  assert.deepEqual([plugin.ended, plugin.openContexts, plugin.nextTick], [true, 0, null]);
});

test("the plugins of one request share its filter state, where the gateway says so", () => {
  const writer = run({
    imports: ["proxy_set_property"],
    body: `(data (i32.const 0) "keyvalue") (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      ${quiet("proxy_set_property", 0, 3, 3, 5)} (i32.const 0))`,
  });
  const state = new FilterState();
  const admission = writer.open(undefined, undefined, state);
  assert.equal(admission.as, "stream");
  if (admission.as === "stream") admission.stream.request.onHeaders(new HeaderMap(), true);
  assert.equal(String(Buffer.from(state.get("key")!)), "value");
  const reader = run({ body: "" }).open(undefined, undefined, state);
  const property = reader.as === "stream" ? reader.stream.property("filter_state\0wasm.key") : null;
  assert.equal(String(Buffer.from(property!)), "value");
});

test("a parser's own list becomes a header map without a copy", () => {
  const raw = ["Host", "example.test", "X-Two", "1", "x-two", "2"];
  const map = HeaderMap.fromRaw(raw);
  assert.deepEqual(map.pairs(), [
    ["host", "example.test"],
    ["x-two", "1"],
    ["x-two", "2"],
  ]);
  assert.deepEqual([map.size, map.bytes, map.all("x-two")], [3, 28, ["1", "2"]]);
  map.set("x-two", "three");
  map.remove("host");
  assert.deepEqual([map.pairs(), map.bytes, raw.length], [[["x-two", "three"]], 10, 2]);
});

// Buffers, properties, shared data, queues, metrics, foreign functions, status, contexts, log, time.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManualClock } from "../../src/host/clock.ts";
import { runRequest } from "../../src/host/request.ts";
import { createServices } from "../../src/host/services.ts";
import { call, headers, load, noteFunctions, probe, quiet, run, texts } from "./guest.ts";

const FAR = 0x7fff0000;

test("a body is read from a start, clamped at its end, empty beyond it", () => {
  const { notes } = probe(
    [
      call("proxy_get_buffer_bytes", 0, 1, 100, 100, 104),
      load(104),
      call("proxy_get_buffer_bytes", 0, 9, 1, 100, 104),
      load(104),
      load(100),
      call("proxy_get_buffer_bytes", 0, -1, 2, 100, 104),
      call("proxy_get_buffer_bytes", 9, 0, 1, 100, 104),
      call("proxy_get_buffer_bytes", 4, 0, 1, 100, 104),
      call("proxy_get_buffer_bytes", 7, 0, 1, 100, 104),
      call("proxy_get_buffer_bytes", 0, 0, 1, FAR, 104),
      call("proxy_get_buffer_status", 0, 100, 104),
      load(100),
      call("proxy_get_buffer_status", 0, 100, FAR),
    ],
    { phase: "proxy_on_request_body", input: { body: "abcde" } },
  );
  assert.deepEqual(notes, [0, 4, 0, 0, 0, 0, 2, 1, 1, 6, 0, 5, 6]);
});

test("a body is replaced, prepended or appended; a write in its middle is BAD_ARGUMENT", () => {
  const changed = (start: number, length: number): string => {
    const { notes, result } = probe([call("proxy_set_buffer_bytes", 0, start, length, 0, 2)], {
      data: [[0, "XY"]],
      phase: "proxy_on_request_body",
      input: { body: "abc" },
    });
    return `${notes[0]} ${Buffer.from(result.upstream!.body).toString()}`;
  };
  assert.equal(changed(0, 3), "0 XY");
  assert.equal(changed(0, 0xffff), "0 XY");
  assert.equal(changed(0, 0), "0 XYabc");
  assert.equal(changed(3, 0), "0 abcXY");
  assert.equal(changed(1, 1), "2 abc");
  assert.equal(changed(0, 2), "0 XYc");
  assert.equal(changed(1, 0), "2 abc");
});

test("configuration is readable while configuring, and only then; the VM's always; neither can be written", () => {
  const read = [
    call("proxy_get_buffer_bytes", 7, 0, 99, 100, 104),
    load(104),
    call("proxy_get_buffer_bytes", 6, 0, 99, 100, 104),
    load(104),
    call("proxy_set_buffer_bytes", 6, 0, 0, 0, 1),
  ];
  const options = { configuration: "plugin", vmConfiguration: "vm" };
  assert.deepEqual(probe(read, { ...options, phase: "proxy_on_configure" }).notes, [0, 6, 0, 2, 2]);
  assert.deepEqual(probe(read, options).notes, [1, 0, 0, 2, 2]);
});

test("ABI 0.1.0 reads its configuration by a call of its own", () => {
  const { notes } = probe([call("proxy_get_configuration", 100, 104), load(104)], {
    abi: "0_1_0",
    phase: "proxy_on_configure",
    configuration: "abc",
  });
  assert.deepEqual(notes, [0, 3]);
});

test("properties come from the request's attributes, from what the host knows, and from the plugin", () => {
  const ask = (path: string, attributes = {}): string => {
    const { notes, plugin } = probe(
      [
        call("proxy_get_property", 0, path.length, 100, 104),
        "(drop (call $proxy_log (i32.const 5) (i32.load (i32.const 100)) (i32.load (i32.const 104))))",
      ],
      {
        data: [[0, path.replaceAll("\0", "\\00")]],
        input: { attributes, headers: headers("/p?q=1", [["X-Foo", "bar"]]) },
        rootId: "root",
      },
    );
    return `${notes[0]} ${plugin.services.log.lines().findLast((line) => line.level === 5)?.text}`;
  };
  assert.equal(ask("request\0path"), "0 /p?q=1");
  assert.equal(ask("request\0url_path"), "0 /p");
  assert.equal(ask("request\0query"), "0 q=1");
  assert.equal(ask("request\0headers\0x-foo"), "0 bar");
  assert.equal(ask("source\0address", { "source.address": "10.0.0.1:5" }), "0 10.0.0.1:5");
  assert.equal(ask("request\0path", { "request.path": "/given" }), "0 /given");
  assert.equal(ask("connection\0mtls", { "connection.mtls": true }), "0 \x01");
  assert.equal(ask("source\0port", { "source.port": 258 }), "0 \x02\x01\0\0\0\0\0\0");
  assert.equal(ask("plugin_root_id"), "0 root");
  assert.equal(ask("metadata\0a", { metadata: { a: "deep" } }), "0 deep");
  assert.equal(ask("metadata\0constructor", { metadata: { a: "deep" } }).slice(0, 1), "1");
  assert.equal(ask("request.path").slice(0, 1), "1");
});

test("a property that was set is filter state of the stream, and bad addresses are refused", () => {
  const { notes } = probe(
    [
      call("proxy_set_property", 0, 3, 8, 4),
      call("proxy_get_property", 0, 3, 100, 104),
      load(104),
      call("proxy_get_property", FAR, 3, 100, 104),
      call("proxy_set_property", 0, 3, FAR, 4),
      call("proxy_get_property", 0, 3, FAR, 104),
    ],
    {
      data: [
        [0, "key"],
        [8, "four"],
      ],
    },
  );
  assert.deepEqual(notes, [0, 0, 4, 6, 6, 6]);
});

test("shared data swaps only with the right number, and is not found elsewhere", () => {
  const services = createServices();
  const { notes } = probe(
    [
      call("proxy_get_shared_data", 0, 1, 100, 104, 108),
      call("proxy_set_shared_data", 0, 1, 8, 3, 77),
      call("proxy_get_shared_data", 0, 1, 100, 104, 108),
      load(104),
      load(108),
      call("proxy_set_shared_data", 0, 1, 8, 2, 99),
      call("proxy_set_shared_data", 0, 1, 8, 2, 1),
      call("proxy_set_shared_data", 0, 1, 8, 2, 1),
      call("proxy_get_shared_data", 0, 1, 100, 104, FAR),
      call("proxy_set_shared_data", FAR, 1, 8, 2, 0),
    ],
    {
      data: [
        [0, "k"],
        [8, "abc"],
      ],
      services,
      vmId: "one",
    },
  );
  assert.deepEqual(notes, [1, 0, 0, 3, 1, 8, 0, 8, 6, 6]);
  const elsewhere = [call("proxy_get_shared_data", 0, 1, 100, 104, 108)];
  assert.deepEqual(probe(elsewhere, { data: [[0, "k"]], services, vmId: "one" }).notes.at(-1), 0);
  assert.deepEqual(probe(elsewhere, { data: [[0, "k"]], services, vmId: "two" }).notes.at(-1), 1);
});

test("a namespace that is full refuses more, and the plugin is told", () => {
  const { notes } = probe([
    call("proxy_set_shared_data", 0, 1, 0, 65536, 0),
    "(local.set 0 (i32.const 300))",
    `(loop $again
    (i32.store8 (i32.const 0) (i32.add (i32.const 1) (i32.load8_u (i32.const 0)))) (i32.store8 (i32.const 1) (local.get 0))
    (drop (call $proxy_set_shared_data (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 65536) (i32.const 0)))
    (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))`,
    call("proxy_set_shared_data", 500, 8, 0, 65536, 0),
  ]);
  assert.deepEqual(notes, [0, 10]);
});

test("queues hand items over in order, tell the one who registered, and say empty and unknown", () => {
  const plugin = run({
    imports: [
      "proxy_log",
      "proxy_register_shared_queue",
      "proxy_enqueue_shared_queue",
      "proxy_dequeue_shared_queue",
      "proxy_resolve_shared_queue",
    ],
    body: `${noteFunctions} (data (i32.const 0) "qab")
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        ${call("proxy_register_shared_queue", 0, 1, 100)} ${load(100)} (i32.const 1))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        ${call("proxy_resolve_shared_queue", 0, 0, 0, 1, 104)} ${load(104)}
        ${call("proxy_enqueue_shared_queue", 1, 1, 1)} ${call("proxy_enqueue_shared_queue", 1, 2, 1)}
        ${call("proxy_enqueue_shared_queue", 9, 2, 1)} ${call("proxy_dequeue_shared_queue", 9, 100, 104)}
        ${call("proxy_resolve_shared_queue", 0, 0, 1, 1, 104)} (i32.const 0))
      (func (export "proxy_on_queue_ready") (param i32 i32)
        (call $note (i32.add (i32.const 700) (local.get 1)))
        ${call("proxy_dequeue_shared_queue", 1, FAR, 104)}
        ${call("proxy_dequeue_shared_queue", 1, 100, 104)}
        (call $note (i32.load8_u (i32.load (i32.const 100)))))`,
  });
  runRequest(plugin, { headers: headers() });
  assert.deepEqual(texts(plugin), [
    "0",
    "1",
    "0",
    "1",
    "0",
    "0",
    "1",
    "1",
    "1",
    "701",
    "6",
    "0",
    "97",
    "701",
    "6",
    "0",
    "98",
  ]);
});

test("a plugin that enqueues from its queue callback is served a bounded number of times a poll", () => {
  const plugin = run({
    imports: ["proxy_register_shared_queue", "proxy_enqueue_shared_queue"],
    body: `(global $n (mut i32) (i32.const 0))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        ${quiet("proxy_register_shared_queue", 0, 1, 100)} ${quiet("proxy_enqueue_shared_queue", 1, 0, 1)} (i32.const 1))
      (func (export "proxy_on_queue_ready") (param i32 i32)
        ${quiet("proxy_enqueue_shared_queue", 1, 0, 1)} ${quiet("proxy_enqueue_shared_queue", 1, 0, 1)})`,
  });
  for (let i = 0; i < 4; i++) plugin.poll();
  const calls = plugin.telemetry.callbacks.get("proxy_on_queue_ready")!.calls;
  assert.equal(calls, 1 + 2 + 4 + 8);
  for (let i = 0; i < 20; i++) plugin.poll();
  assert.ok(plugin.telemetry.callbacks.get("proxy_on_queue_ready")!.calls <= calls + 20 * 256);
});

test("metrics have ids by type, refuse what their type can't do, and add up", () => {
  const { notes, plugin } = probe(
    [
      call("proxy_define_metric", 0, 0, 4, 100),
      load(100),
      call("proxy_define_metric", 1, 0, 4, 104),
      load(104),
      call("proxy_define_metric", 2, 0, 4, 108),
      load(108),
      call("proxy_define_metric", 3, 0, 4, 108),
      call("proxy_define_metric", 0, FAR, 4, 108),
      call("proxy_increment_metric", 4, 5n),
      call("proxy_increment_metric", 4, -1n),
      call("proxy_record_metric", 4, 2n),
      call("proxy_increment_metric", 5, -3n),
      call("proxy_record_metric", 5, 9n),
      call("proxy_increment_metric", 6, 1n),
      call("proxy_record_metric", 6, 8n),
      call("proxy_increment_metric", 8, 1n),
      call("proxy_get_metric", 4, 112),
      load(112),
      call("proxy_get_metric", 6, 112),
      call("proxy_get_metric", 400, 112),
      call("proxy_get_metric", 4, FAR),
    ],
    { data: [[0, "name"]] },
  );
  assert.deepEqual(notes, [0, 4, 0, 5, 0, 6, 2, 6, 0, 2, 0, 0, 0, 2, 0, 1, 0, 7, 2, 1, 6]);
  assert.deepEqual(
    plugin.services.metrics.all().map((one) => [one.type, one.value, one.sum]),
    [
      [0, 7n, 0n],
      [1, 9n, 0n],
      [2, 1n, 8n],
    ],
  );
});

test("a foreign function that is not there is NOT_FOUND; one that is answers bytes or a status", () => {
  const foreign = { twice: (bytes: Uint8Array) => Buffer.concat([bytes, bytes]), no: () => 12 };
  const { notes } = probe(
    [
      call("proxy_call_foreign_function", 0, 5, 8, 3, 100, 104),
      load(104),
      call("proxy_call_foreign_function", 16, 2, 8, 3, 100, 104),
      call("proxy_call_foreign_function", 20, 8, 8, 3, 100, 104),
      call("proxy_call_foreign_function", 0, 5, FAR, 3, 100, 104),
      call("proxy_call_foreign_function", 0, 5, 8, 3, 0, 104),
      load(104),
    ],
    {
      data: [
        [0, "twice"],
        [8, "abc"],
        [16, "no"],
        [20, "toString"],
      ],
      foreign,
    },
  );
  assert.deepEqual(notes, [0, 6, 12, 1, 6, 0, 6]);
});

test("an unknown context is BAD_ARGUMENT, and proxy_done outside a shutdown is NOT_FOUND", () => {
  const { notes } = probe([
    call("proxy_set_effective_context", 99),
    call("proxy_set_effective_context", 1),
    call("proxy_get_header_map_size", 0, 100),
    call("proxy_done"),
  ]);
  assert.deepEqual(notes, [2, 0, 2, 1]);
});

test("log levels beyond critical are BAD_ARGUMENT, lines below the level are dropped, long lines are cut", () => {
  const { notes, plugin } = probe(
    [
      call("proxy_log", 6, 0, 1),
      call("proxy_log", 1, 0, 1),
      call("proxy_log", 5, 0, 65536),
      call("proxy_log", 5, 1, 65536),
      call("proxy_get_log_level", 100),
      load(100),
    ],
    { logLevel: 2 },
  );
  assert.deepEqual(notes, [2, 0, 0, 6, 0, 2]);
  const cut = plugin.services.log.lines().find((line) => line.level === 5)!.text;
  assert.equal(cut.length, 16 * 1024 + " … (cut)".length);
});

test("time is the clock's, and a tick comes when it is due and not before", () => {
  const plugin = run({
    imports: [
      "proxy_log",
      "proxy_set_tick_period_milliseconds",
      "proxy_get_current_time_nanoseconds",
    ],
    body: `${noteFunctions}
      (func (export "proxy_on_configure") (param i32 i32) (result i32) ${call("proxy_set_tick_period_milliseconds", 50)} (i32.const 1))
      (func (export "proxy_on_tick") (param i32)
        ${call("proxy_get_current_time_nanoseconds", 8)} (call $note (i32.wrap_i64 (i64.div_u (i64.sub (i64.load (i32.const 8)) (i64.const 1750000000000000000)) (i64.const 1000000)))))`,
  });
  const clock = plugin.services.clock as ManualClock;
  clock.advance(49);
  plugin.poll();
  assert.deepEqual(texts(plugin), ["0"]);
  clock.advance(1);
  plugin.poll();
  plugin.poll();
  assert.deepEqual(texts(plugin), ["0", "0", "50"]);
});

test("every call answers a status in every phase: none throws, none is a mistake of the host", () => {
  for (const phase of [
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_response_headers",
    "proxy_on_log",
  ]) {
    const { plugin } = probe(
      [
        call("proxy_continue_stream", 0),
        call("proxy_continue_stream", 3),
        call("proxy_continue_stream", 4),
        call("proxy_close_stream", 5),
        call("proxy_send_local_response", 99, 0, 0, 0, 0, 0, 0, -1),
        call("proxy_get_status", 100, 104, 108),
        call("proxy_http_call", 0, 0, 0, 0, 0, 0, 0, 0, 1, 100),
        call("proxy_grpc_send", 4, 0, 0, 0),
        call("proxy_grpc_close", 5),
        call("proxy_grpc_cancel", 6),
      ],
      { phase, input: { body: "x" } },
    );
    assert.deepEqual(plugin.traps, [], phase);
  }
});

// What keeps a guest in: load checks, the capability list, restricted phases, traps and the failure table.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManualClock } from "../../src/host/clock.ts";
import type { FailurePolicy, Semantics } from "../../src/host/failure.ts";
import { loadPlugin } from "../../src/host/load.ts";
import { runRequest } from "../../src/host/request.ts";
import { sha256 } from "../../src/util/digest.ts";
import { wat } from "../wat.ts";
import { call, guest, headers, noteFunctions, pairs, probe, quiet, run, texts } from "./guest.ts";

const load = (bytes: Uint8Array) => () => loadPlugin(bytes, { name: "x" });
const allocator = `(memory (export "memory") 1) (func (export "malloc") (param i32) (result i32) (i32.const 0))`;
const marker = `(func (export "proxy_abi_version_0_2_1"))`;

test("what no host would load is refused with its own code, before anything runs", () => {
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["host-no-abi", wat(`(module ${allocator})`)],
    ["host-no-abi", guest({ abi: "0_9_9", body: "" })],
    [
      "host-missing-import",
      wat(`(module (import "env" "proxy_new" (func)) ${allocator} ${marker})`),
    ],
    [
      "host-missing-import",
      wat(
        `(module (import "other" "proxy_log" (func (param i32 i32 i32) (result i32))) ${allocator} ${marker})`,
      ),
    ],
    [
      "host-import-type",
      wat(
        `(module (import "env" "proxy_log" (func (param i32 i32) (result i32))) ${allocator} ${marker})`,
      ),
    ],
    ["host-import-kind", wat(`(module (import "env" "g" (global i32)) ${allocator} ${marker})`)],
    [
      "host-export-type",
      guest({
        body: `(func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0))`,
      }),
    ],
    ["host-no-allocator", wat(`(module (memory (export "memory") 1) ${marker})`)],
    [
      "host-compile",
      wat(`(module ${allocator} ${marker} (func (export "f") (result i32) (i32.const 1)))`).map(
        (byte, i, all) => (i === all.length - 3 ? 0xff : byte),
      ),
    ],
  ];
  for (const [code, bytes] of cases) {
    assert.throws(load(bytes), (error: Error & { code?: string }) => error.code === code, code);
  }
});

test("registration follows the module's own marker", () => {
  const needs = (abi: string, name: string) => () => run({ abi, imports: [name], body: "" });
  assert.doesNotThrow(needs("0_2_1", "proxy_get_log_level"));
  assert.throws(
    needs("0_2_0", "proxy_get_log_level"),
    /no host of ABI 0\.2\.0 offers env\.proxy_get_log_level/,
  );
  assert.doesNotThrow(needs("0_2_0", "proxy_continue_stream"));
  assert.throws(needs("0_1_0", "proxy_continue_stream"), /ABI 0\.1\.0/);
  assert.doesNotThrow(needs("0_1_0", "proxy_continue_request"));
  assert.throws(needs("0_2_1", "proxy_clear_route_cache"), /ABI 0\.2\.1/);
});

test("ABI 0.1.0 header callbacks take two parameters", () => {
  const { notes } = probe([`(call $note (local.get 1))`], { abi: "0_1_0" });
  assert.deepEqual(notes, [4]);
});

test("bytes whose digest is not the pinned one are refused before they are compiled", () => {
  const garbage = new Uint8Array([1, 2, 3]);
  assert.throws(
    () => loadPlugin(garbage, { name: "x", sha256: "0".repeat(64) }),
    (error: Error & { code?: string }) => error.code === "host-digest",
  );
  const bytes = guest({ body: "" });
  assert.doesNotThrow(() => loadPlugin(bytes, { name: "x", sha256: sha256(bytes) }));
});

const wire = pairs([":method", "GET"], [":path", "/"], [":authority", "a"]);
const out = call("proxy_http_call", 0, 1, 200, wire.size, 0, 0, 0, 0, 1, 100);

test("a denied call answers 10, leaves nothing, and says so in the article's words; stock says it in Envoy's", () => {
  const capabilities = ["proxy_log", "proxy_on_request_headers"];
  const data = [
    [0, "c"],
    [200, wire.text],
  ] as const;
  const ours = probe([out], { data, capabilities });
  assert.deepEqual(
    [ours.notes, ours.result.calls, [...ours.plugin.telemetry.denied]],
    [[10], [], [["proxy_http_call", 1]]],
  );
  assert.ok(
    texts(ours.plugin).includes(
      "WASM filter capability denied: proxy_http_call (proxy_dispatch_http_call)",
    ),
  );
  const stock = probe([out], { data, capabilities, semantics: "stock" });
  assert.deepEqual(stock.notes, [10]);
  assert.ok(
    texts(stock.plugin).includes(
      "Attempted call to restricted proxy-wasm capability: proxy_http_call",
    ),
  );
});

test("an empty list denies nothing, and a list of wrong names denies everything, callbacks too", () => {
  const data = [
    [0, "c"],
    [200, wire.text],
  ] as const;
  assert.deepEqual(probe([out], { data, capabilities: [] }).notes, [0]);
  const { notes, result } = probe([out], { data, capabilities: ["proxy_dispatch_http_call"] });
  assert.deepEqual([notes, result.status, result.skipped], [[], 200, false]);
});

test("denied WASI answers 76, or what hosts answer anyway; denied exit only logs", () => {
  const capabilities = ["proxy_log", "proxy_on_request_headers"];
  const calls = [
    call("random_get", 0, 4),
    call("fd_prestat_get", 3, 0),
    "(call $proc_exit (i32.const 1))",
  ];
  assert.deepEqual(probe(calls, { capabilities }).notes, [76, 8]);
  assert.deepEqual(probe(calls, { capabilities, semantics: "stock" }).notes, [76, 76]);
});

test("during start only the calls of the reference host's list are answered; the others trap", () => {
  assert.deepEqual(probe([call("clock_time_get", 0, 0n, 0)], { phase: "_initialize" }).notes, [0]);
  for (const forbidden of [
    call("proxy_get_current_time_nanoseconds", 0),
    "(call $proc_exit (i32.const 0))",
    call("proxy_define_metric", 0, 0, 1, 100),
    call("proxy_http_call", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  ]) {
    const { plugin, result } = probe([forbidden], { phase: "_initialize" });
    assert.deepEqual(
      [plugin.state.at, plugin.traps[0]?.reason, result.status],
      ["trapped", "restricted-call", 503],
    );
  }
});

test("inside the allocator nothing but log, clock and poll is answered", () => {
  const evil = (what: string): Uint8Array =>
    wat(`(module
    (import "env" "proxy_log" (func $proxy_log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_done" (func $proxy_done (result i32)))
    (memory (export "memory") 1) (data (i32.const 0) ":path") ${marker}
    (func (export "malloc") (param i32) (result i32) (drop ${what}) (i32.const 1024))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $get (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 100) (i32.const 104))) (i32.const 0)))`);
  const fine = run(evil("(call $proxy_log (i32.const 2) (i32.const 0) (i32.const 1))"));
  assert.equal(runRequest(fine, { headers: headers() }).status, 200);
  const bad = run(evil("(call $proxy_done)"));
  assert.deepEqual(
    [runRequest(bad, { headers: headers() }).status, bad.trap?.reason],
    [503, "restricted-call"],
  );
});

test("an allocator that lies gives INVALID_MEMORY_ACCESS; one that grows memory is followed", () => {
  const plugin = run(
    wat(`(module
    (import "env" "proxy_log" (func $proxy_log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 0) ":path") ${marker} (global $lie (mut i32) (i32.const 1))
    ${noteFunctions}
    (func (export "malloc") (param i32) (result i32)
      (if (global.get $lie) (then (return (i32.const 0x7fffff00))))
      (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $note (call $get (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 100) (i32.const 104)))
      (global.set $lie (i32.const 0))
      (call $note (call $get (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 100) (i32.const 104)))
      (call $note (i32.load (i32.const 100)))
      (call $note (i32.load8_u (i32.load (i32.const 100)))) (i32.const 0)))`),
  );
  runRequest(plugin, { headers: headers("/x") });
  assert.deepEqual(texts(plugin), ["6", "0", "65536", String("/".charCodeAt(0))]);
  assert.equal(plugin.memoryPages, 2);
});

const traps: readonly (readonly [string, string])[] = [
  ["unreachable", "unreachable"],
  ["oob", "(drop (i32.load (i32.const -1)))"],
  ["div", "(drop (i32.div_u (i32.const 1) (i32.const 0)))"],
  ["div", "(drop (i32.trunc_f32_u (f32.const -5)))"],
  ["indirect", "(call_indirect (i32.const 0))"],
  ["engine-stack", "(call $deep)"],
];
const trapper = (what: string): Uint8Array =>
  guest({
    body: `(table 1 funcref) (func $deep (call $deep) (call $deep))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.eq (local.get 1) (i32.const 5)) (then ${what})) (i32.const 0))`,
  });
const bad = { headers: headers("/", [["x", "y"]]) };
const good = { headers: headers() };

test("every way to trap is a value with its reason, and the process goes on", () => {
  for (const [reason, what] of traps) {
    const plugin = run(trapper(what));
    const result = runRequest(plugin, bad);
    assert.deepEqual(
      [result.status, result.traps[0]?.reason, result.traps[0]?.callback],
      [503, reason, "proxy_on_request_headers"],
    );
    assert.equal(result.details, "wasm_fail_stream");
  }
});

/** Statuses: the request that traps, the next one, one a second later, after a second trap at once, and whether it was skipped. */
function story(semantics: Semantics, failure: FailurePolicy): string {
  const plugin = run(trapper("unreachable"), { semantics, failure });
  const show = (input: typeof good | typeof bad): string => {
    const result = runRequest(plugin, input);
    return `${result.status}${result.skipped ? " skipped" : ""}`;
  };
  const told = [show(good), show(bad), show(good), show(bad), show(good)];
  // Envoy's second, and up to half of one at random.
  (plugin.services.clock as ManualClock).advance(1501);
  return [...told, show(good)].join(", ");
}

test("the failure table, lived through: request, trap, request, trap, request at once, request a second later", () => {
  assert.equal(story("glovebox", "closed"), "200, 503, 200, 503, 200, 200");
  assert.equal(story("glovebox", "open"), "200, 200 skipped, 200, 200 skipped, 200, 200");
  assert.equal(story("glovebox", "reload"), "200, 503, 200, 503, 200, 200");
  assert.equal(story("stock", "closed"), "200, 503, 503, 503, 503, 503");
  assert.equal(
    story("stock", "open"),
    "200, 503, 200 skipped, 200 skipped, 200 skipped, 200 skipped",
  );
  assert.equal(
    story("stock", "legacy-open"),
    "200, 200 skipped, 200 skipped, 200 skipped, 200 skipped, 200 skipped",
  );
  assert.equal(story("stock", "reload"), "200, 503, 200, 503, 503, 200");
});

test("a skipped request goes on as it stood: headers, body and trailers all reach the upstream", () => {
  const plugin = run(
    guest({
      body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
      (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
        (if (local.get 2) (then (unreachable))) (i32.const 1))`,
    }),
    { failure: "open" },
  );
  const result = runRequest(plugin, { headers: headers(), body: ["ab", "cd", "ef"] });
  assert.deepEqual(
    [result.status, result.skipped, Buffer.from(result.upstream!.body).toString()],
    [200, true, "abcdef"],
  );
  const trailers = runRequest(plugin, { headers: headers(), body: ["ab"], trailers: [["t", "1"]] });
  assert.deepEqual(
    [Buffer.from(trailers.upstream!.body).toString(), trailers.upstream!.trailers],
    ["ab", [["t", "1"]]],
  );
});

test("what a plugin asked for before it trapped is not done; in stock semantics the call has left", () => {
  const body = `(data (i32.const 0) "c") (data (i32.const 200) "${wire.text}")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      ${quiet("proxy_http_call", 0, 1, 200, wire.size, 0, 0, 0, 0, 1, 100)} (unreachable))`;
  assert.equal(runRequest(run({ imports: ["proxy_http_call"], body }), good).calls.length, 0);
  assert.equal(
    runRequest(run({ imports: ["proxy_http_call"], body }, { semantics: "stock" }), good).calls
      .length,
    1,
  );
});

test("a start section that needs the memory: bad memory with us, the end of the process in stock", () => {
  const bytes = guest({
    imports: ["proxy_log"],
    body: `(func $s ${quiet("proxy_log", 2, 0, 1)}) (start $s)`,
  });
  assert.equal(run(bytes).state.at, "running");
  const stock = run(bytes, { semantics: "stock" });
  assert.deepEqual([stock.state.at, stock.trap?.reason], ["trapped", "process-crash"]);
});

test("a loop that is caught by no budget is not this host's to end, but a trap during start is kept", () => {
  const plugin = run({ body: `(func (export "_initialize") unreachable)` });
  assert.deepEqual([plugin.state.at, plugin.trap?.callback], ["trapped", "_initialize"]);
  plugin.reload();
  assert.equal(plugin.telemetry.traps.get("unreachable"), 2);
});

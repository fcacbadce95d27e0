// Regression tests 8 to 11 and 15 of docs/containment-rules.md, as hardened modules and the lab's host show them
// together: what fuel bounds at the wall, and what the lab's host answers. What guards and quotas decide by
// themselves stands in test/harden/guards.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { runRequest } from "../../src/host/request.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { costTables } from "../../src/spec/costs.ts";
import { ERRNO, STATUS } from "../../src/spec/status.ts";
import { type Export, outcome, runHardened } from "../harden/instance.ts";
import { call, guest, headers, noteFunctions, pairs, probe, run } from "../host/guest.ts";
import { BUDGET, modes, smallPolicy } from "../oracle/bounded.ts";

const marker = `(func (export "proxy_abi_version_0_2_1"))`;
const allowing = (policy: Policy, ...names: string[]): Policy => ({
  ...policy,
  allow: new Set(names),
});

for (const mode of modes) {
  test(`8 (A9, A10): a vector of 2^32-1 entries is refused before anything is charged for it, ${mode}`, () => {
    const text = `(module
      (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1) ${marker}
      (func (export "proxy_on_done") (param i32) (result i32)
        (call $w (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0))))`;
    const plugin = runHardened(text, allowing(smallPolicy(mode), "fd_write"), {
      fd_write: () => assert.fail("the host must not be reached"),
    });
    assert.equal(outcome(plugin, "proxy_on_done", 1), `= ${ERRNO.inval}`);
    assert.ok(Number(plugin.global("glovebox_spent")) < BUDGET.callback / 4);
  });

  test(`8 (A9): the bytes that one callback hands to the host are bounded by its fuel, ${mode}`, () => {
    const small = smallPolicy(mode);
    const host = { ...small.limits.host, headerBytes: null };
    const limits = { ...small.limits, host };
    const policy = allowing({ ...small, limits }, "proxy_add_header_map_value");
    const { hostShift } = costTables[policy.limits.fuel.costs];
    const text = (size: number): string => `(module
      (import "env" "proxy_add_header_map_value" (func $a (param i32 i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 16) ${marker}
      (func (export "proxy_on_tick") (param i32) (loop $again
        (drop (call $a (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8) (i32.const ${size})))
        (br $again))))`;
    for (const size of [1, 1000, 900_000]) {
      let bytes = 0;
      const add: Export = (_map, _name, length, _value, valueLength) => {
        bytes += Number(length) + Number(valueLength);
        return 0;
      };
      const plugin = runHardened(text(size), policy, { proxy_add_header_map_value: add });
      assert.match(outcome(plugin, "proxy_on_tick", 1), /unreachable/);
      assert.ok(bytes <= BUDGET.callback * 2 ** hostShift, `${bytes} bytes in pieces of ${size}`);
      assert.equal(bytes > 0, size < 900_000);
    }
  });
}

test("9 (A12): a call goes to the cluster that it named, wherever its token is written", () => {
  const cluster = "backend";
  const wire = pairs([":method", "GET"], [":path", "/"], [":authority", "a"]);
  const data = [
    [0, cluster],
    [200, wire.text],
  ] as const;
  const under = [
    ...Array.from({ length: cluster.length }, (_, k) => k),
    ...Array.from({ length: wire.size }, (_, k) => 200 + k),
  ];
  for (const token of under) {
    const out = call("proxy_http_call", 0, cluster.length, 200, wire.size, 0, 0, 0, 0, 100, token);
    const { notes, result } = probe([out], { data, clusters: [cluster] });
    assert.deepEqual(notes, [STATUS.ok], `token at ${token}`);
    const [sent] = result.calls;
    assert.ok(sent?.kind === "http");
    assert.equal(sent.cluster, cluster);
    assert.deepEqual(sent.headers[0], [":method", "GET"]);
  }
});

const PAGE = 65_536;
const names = ["proxy_get_header_map_value", "proxy_add_header_map_value", "proxy_get_property"];

/** A plugin that makes every call with every pair of address and length, in one page and then in two. */
function asking(): Uint8Array {
  const odd = [0, 1, PAGE - 1, PAGE, 2 ** 31, 2 ** 32 - 1].map((value) => value | 0);
  const all = odd.flatMap((ptr) =>
    odd.flatMap((len) => [
      call(names[0]!, 0, ptr, len, 100, 104),
      call(names[1]!, 0, ptr, len, ptr, len),
      call(names[2]!, ptr, len, 100, 104),
    ]),
  );
  return guest({
    imports: ["proxy_log", ...names],
    body: `${noteFunctions} (func $all ${all.join("\n")})
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $all) (drop (memory.grow (i32.const 1))) (call $all) (i32.const 0))`,
  });
}

test("10 (A13): under the default budget odd addresses and lengths get a plugin the same answers hardened as not", () => {
  const statuses = (bytes: Uint8Array): string[] => {
    const plugin = run(bytes);
    const result = runRequest(plugin, { headers: headers() });
    assert.deepEqual(result.traps, []);
    return plugin.services.log.lines().flatMap(({ text }) => (/^\d+$/.test(text) ? [text] : []));
  };
  const original = asking();
  const plain = statuses(original);
  assert.equal(plain.length, 2 * 36 * names.length);
  assert.ok(new Set(plain).size > 2);
  for (const mode of modes) {
    const own = policyFromRole("logging", {
      "spec.telemetry": false,
      "spec.limits.fuel.mode": mode,
    });
    const limits = { ...own.limits, host: { ...own.limits.host, headerBytes: null } };
    const { bytes } = contain(
      original,
      allowing({ ...own, limits, callbacks: "all" }, "proxy_log", ...names),
    );
    assert.deepEqual(statuses(bytes), plain, mode);
  }
});

test("11 (A14): a thousand queue tokens that nobody registered are not found", () => {
  const body = `${noteFunctions} (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (local $token i32) (local $others i32)
    (loop $next
      (local.set $token (i32.add (local.get $token) (i32.const 1)))
      (local.set $others (i32.add (local.get $others) (i32.or
        (i32.ne (call $proxy_enqueue_shared_queue (local.get $token) (i32.const 0) (i32.const 1)) (i32.const ${STATUS.notFound}))
        (i32.ne (call $proxy_dequeue_shared_queue (local.get $token) (i32.const 8) (i32.const 12)) (i32.const ${STATUS.notFound})))))
      (br_if $next (i32.lt_u (local.get $token) (i32.const 1000))))
    (call $note (local.get $others)) (i32.const 0))`;
  const imports = ["proxy_log", "proxy_enqueue_shared_queue", "proxy_dequeue_shared_queue"];
  const plugin = run({ imports, body });
  runRequest(plugin, { headers: headers() });
  assert.deepEqual(
    plugin.services.log.lines().map(({ text }) => text),
    ["0"],
  );
});

test("15 (A29): ten thousand open streams, interleaved, deleted, told late and used again: no call knows of another", () => {
  const text = `(module (memory (export "memory") 1) ${marker}
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (local $i i32)
      (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))
      (i32.const 0))
    (func (export "proxy_on_done") (param i32) (result i32) (i32.const 0))
    (func (export "proxy_on_log") (param i32))
    (func (export "proxy_on_delete") (param i32)))`;
  const STREAMS = 10_000;
  const ids = Array.from({ length: STREAMS }, (_, k) => k + 2);
  for (const mode of modes) {
    const plugin = runHardened(text, { ...smallPolicy(mode), callbacks: "all" });
    const memory = plugin.memory.slice();
    const spent = new Map<string, Set<unknown>>();
    const told = (name: string, ...args: number[]): void => {
      plugin.call(name, ...args);
      const own = spent.get(name) ?? new Set();
      spent.set(name, own.add(plugin.global("glovebox_spent")));
    };
    plugin.call("proxy_on_context_create", 1, 0);
    for (let round = 0; round < 2; round++) {
      for (const id of ids) told("proxy_on_context_create", id, 1);
      for (const id of [...ids, ...ids.toReversed()]) told("proxy_on_request_headers", id, 1, 1);
      for (const id of ids) told("proxy_on_done", id);
      for (const id of ids) told("proxy_on_delete", id);
      for (const id of ids) told("proxy_on_log", id);
    }
    for (const [name, units] of spent) assert.equal(units.size, 1, name);
    assert.deepEqual(plugin.memory, memory);
  }
});

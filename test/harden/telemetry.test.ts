// What a hardened module tells its host of itself (rules A30 to A32), before a host that keeps metrics as hosts do; and
// what a request meets whose account is empty (docs/telemetry.md).
import assert from "node:assert/strict";
import { test } from "node:test";
import { harden } from "../../src/harden/harden.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { verify } from "../../src/verify/verify.ts";
import { wat } from "../wat.ts";
import { policyOf } from "./guards/lab.ts";
import { outcome, type Running, run } from "./instance.ts";

interface Metric {
  readonly type: number;
  readonly values: bigint[];
}

/** The plugin: burns param 1 loops, makes the calls that param 2 has bits for, grows by param 3. */
const guest = (imports = ""): Uint8Array =>
  wat(`(module
    (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    ${imports}
    (memory (export "memory") 1)
    (data (i32.const 16) "the window's own bytes, that nobody may lose ............................................................................")
    (data (i32.const 512) "one")
    (data (i32.const 520) "three")
    (func (export "proxy_abi_version_0_2_1"))
    (func $burn (param i32)
      (loop $again
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $again (i32.gt_s (local.get 0) (i32.const 0)))))
    (func (export "malloc") (param i32) (result i32) (call $burn (local.get 0)) (i32.const 2048))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (call $burn (local.get 1)) (i32.const 1))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $burn (local.get 1))
      (if (i32.and (local.get 2) (i32.const 1))
        (then (drop (call $property (i32.const 512) (i32.const 3) (i32.const 1024) (i32.const 1028)))))
      (if (i32.and (local.get 2) (i32.const 2))
        (then (drop (call $call (i32.const 512) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 1032)))))
      (if (i32.and (local.get 2) (i32.const 4))
        (then (drop (call $call (i32.const 520) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 1032)))))
      (i32.const 0))
    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
      (drop (memory.grow (local.get 1))) (i32.const 0))
    (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) (call $burn (local.get 1)) (i32.const 0))
    (func (export "proxy_on_tick") (param i32) (call $burn (i32.const 3)))
    (func (export "proxy_on_log") (param i32) (i32.store (i32.const 2000) (local.get 0)))
    (func (export "proxy_on_delete") (param i32) (i32.store (i32.const 2004) (local.get 0)))
    ${
      imports === ""
        ? ""
        : `
    (func (export "define") (param i32 i32) (result i32) (call $define (i32.const 0) (local.get 0) (local.get 1) (i32.const 3000)))
    (func (export "increment") (param i32) (result i32) (call $increment (local.get 0) (i64.const 1)))
    (func (export "record") (param i32) (result i32) (call $record (local.get 0) (i64.const 1)))
    (func (export "get") (param i32) (result i32) (call $get (local.get 0) (i32.const 3008)))`
    })`);

const METRICS = `
    (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
    (import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))
    (import "env" "proxy_get_metric" (func $get (param i32 i32) (result i32)))`;

class Host {
  readonly metrics = new Map<string, Metric>();
  readonly responses: number[] = [];
  readonly running: Running;
  readonly #byId: string[] = [];
  readonly policy: Policy;

  constructor(parts: Partial<Policy>, limits: Parameters<typeof policyOf>[1] = {}, imports = "") {
    const names = ["proxy_http_call"];
    if (imports !== "")
      names.push(
        "proxy_define_metric",
        "proxy_increment_metric",
        "proxy_record_metric",
        "proxy_get_metric",
      );
    const base = policyOf(names, limits);
    this.policy = { ...base, name: "shop", telemetry: true, ...parts };
    const { bytes } = harden(guest(imports), this.policy);
    assert.deepEqual(verify(bytes, this.policy), []);
    this.running = run(bytes, {
      proxy_define_metric: (type, at, length, out) => {
        const { memory } = this.running;
        const name = new TextDecoder().decode(
          memory.slice(Number(at), Number(at) + Number(length)),
        );
        this.metrics.set(name, { type: Number(type), values: [] });
        this.#byId.push(name);
        new DataView(memory.buffer).setUint32(Number(out), this.#byId.length * 4, true);
        return 0;
      },
      proxy_increment_metric: (id, by) => this.#note(Number(id), BigInt(by)),
      proxy_record_metric: (id, value) => this.#note(Number(id), BigInt(value)),
      proxy_send_local_response: (status) => {
        this.responses.push(Number(status));
        return 0;
      },
    });
  }

  #note(id: number, value: bigint): number {
    const name = this.#byId[id / 4 - 1];
    if (name === undefined) return 2;
    this.metrics.get(name)!.values.push(value);
    return 0;
  }

  start(): this {
    this.running.call("proxy_on_context_create", 1, 0);
    this.running.call("proxy_on_vm_start", 1, 0);
    this.running.call("proxy_on_configure", 1, 0);
    return this;
  }

  stream(id: number): void {
    this.running.call("proxy_on_context_create", id, 1);
  }

  request(id: number, loops = 1, calls = 0): string {
    return outcome(this.running, "proxy_on_request_headers", id, loops, calls);
  }

  end(id: number): void {
    this.running.call("proxy_on_log", id);
    this.running.call("proxy_on_delete", id);
  }

  values(name: string): readonly bigint[] {
    return this.metrics.get(`glovebox.shop.${name}`)?.values ?? [];
  }

  get window(): string {
    return new TextDecoder().decode(this.running.memory.slice(16, 144));
  }
}

const request = (fuel: number, callback = 1_000_000) => ({
  limits: { fuel: { request: fuel, callback, start: 1_000_000 }, streams: 4 },
});
const MUCH = Number.MAX_SAFE_INTEGER;

test("metrics are named once, after the plugin has started, and the window is as it was", () => {
  const host = new Host({}, request(MUCH));
  const before = host.window;
  host.running.call("proxy_on_context_create", 1, 0);
  assert.equal(host.metrics.size, 0);
  host.running.call("proxy_on_vm_start", 1, 0);
  const names = [...host.metrics.keys()];
  assert.deepEqual(
    names,
    [
      ...["fuel", "memory_pages", "callbacks", "budget_exhausted", "memory_refused", "unslotted"],
      ...["denied.proxy_get_property", "denied.proxy_http_call"],
    ].map((name) => `glovebox.shop.${name}`),
  );
  assert.deepEqual(
    [...host.metrics.values()].slice(0, 4).map(({ type }) => type),
    [2, 1, 0, 0],
  );
  host.running.call("proxy_on_configure", 1, 0);
  assert.equal(host.metrics.size, names.length);
  assert.equal(host.window, before);
});

test("a stream's fuel, its callbacks, denied calls and pages are told when it is deleted", () => {
  const host = new Host({}, request(MUCH)).start();
  const before = host.window;
  host.stream(2);
  host.request(2, 100, 1);
  const first = Number(host.running.global("glovebox_spent"));
  host.request(2, 1, 1);
  const second = Number(host.running.global("glovebox_spent"));
  assert.deepEqual(host.values("fuel"), []);
  host.running.call("proxy_on_log", 2);
  const third = Number(host.running.global("glovebox_spent"));
  host.running.call("proxy_on_delete", 2);
  const [fuel] = host.values("fuel");
  const least = first + second + third;
  assert.ok(Number(fuel) >= least && Number(fuel) < least + 200, `${fuel}, ${least}`);
  assert.deepEqual(host.values("callbacks"), [4n]);
  assert.deepEqual(host.values("denied.proxy_get_property"), [2n]);
  assert.deepEqual(host.values("denied.proxy_http_call"), []);
  assert.deepEqual(host.values("memory_pages"), [1n]);
  host.stream(3);
  host.end(3);
  assert.deepEqual(host.values("memory_pages"), [1n]);
  assert.deepEqual(host.values("callbacks"), [4n, 2n]);
  assert.equal(host.values("fuel").length, 2);
  assert.equal(host.window, before);
});

test("calls that the host took are counted by cluster, denied ones as denied", () => {
  const rules = { dispatch: { clusters: ["one", "two"] } };
  const host = new Host({}, { ...request(MUCH), rules }).start();
  host.stream(2);
  host.request(2, 1, 2);
  host.request(2, 1, 6);
  host.end(2);
  assert.deepEqual(host.values("dispatches.one"), [2n]);
  assert.deepEqual(host.values("dispatches.two"), []);
  assert.deepEqual(host.values("denied.proxy_http_call"), [1n]);
});

test("a trap for want of fuel is told before it comes, once; in start and allocators nothing is", () => {
  for (const mode of ["bound", "exact"] as const) {
    const limits = request(MUCH);
    const host = new Host(
      {},
      { limits: { ...limits.limits, fuel: { ...limits.limits.fuel, mode } } },
    ).start();
    host.stream(2);
    assert.match(host.request(2, 10_000_000), /unreachable/);
    assert.deepEqual(host.values("budget_exhausted"), [1n], mode);
    assert.match(host.request(2), /unreachable/);
    assert.deepEqual(host.values("budget_exhausted"), [1n], mode);
  }
  const starting = new Host({}, request(MUCH));
  assert.match(outcome(starting.running, "proxy_on_vm_start", 1, 10_000_000), /unreachable/);
  assert.equal(starting.metrics.size, 0);
});

test("refused memory is told, whether it traps or not", () => {
  const refusing = new Host(
    {},
    { limits: { ...request(MUCH).limits, memoryPages: 2, onMemoryCap: "refuse" } },
  ).start();
  refusing.stream(2);
  refusing.running.call("proxy_on_response_headers", 2, 5, 0);
  refusing.running.call("proxy_on_response_headers", 2, 1, 0);
  refusing.end(2);
  assert.deepEqual(refusing.values("memory_refused"), [1n]);
  assert.deepEqual(refusing.values("memory_pages"), [2n]);
  const trapping = new Host({}, { limits: { ...request(MUCH).limits, memoryPages: 2 } }).start();
  trapping.stream(2);
  assert.match(outcome(trapping.running, "proxy_on_response_headers", 2, 5, 0), /unreachable/);
  assert.deepEqual(trapping.values("memory_refused"), [1n]);
});

test("a recursion that asks for memory is charged for the refusal's telling too", () => {
  const bytes = wat(`(module
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func $down (param i32) (result i32)
      (drop (memory.grow (i32.const 1)))
      (if (result i32) (local.get 0)
        (then (call $down (i32.sub (local.get 0) (i32.const 1))))
        (else (i32.const 0))))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $down (local.get 1))))`);
  const { limits: given } = request(400_000);
  const base = policyOf([], { limits: { ...given, stackBytes: 2 ** 20, callDepth: 10_000 } });
  for (const telemetry of [false, true]) {
    const policy: Policy = { ...base, name: "shop", telemetry };
    const limits = { ...policy.limits, onMemoryCap: "trap" as const };
    const trapping = { ...policy, limits };
    assert.deepEqual(verify(harden(bytes, trapping).bytes, trapping), [], String(telemetry));
  }
});

test("streams without a slot are told", () => {
  const host = new Host({}, request(MUCH)).start();
  for (let id = 2; id < 8; id++) host.stream(id);
  host.end(2);
  assert.deepEqual(host.values("unslotted"), [2n]);
});

test("a plugin may keep metrics of its own and touches none of ours (A31)", () => {
  const host = new Host({}, request(MUCH), METRICS).start();
  const put = (text: string): number => {
    host.running.memory.set(new TextEncoder().encode(text), 4096);
    return text.length;
  };
  const call = (name: string, ...args: number[]) => Number(host.running.call(name, ...args));
  assert.equal(call("define", 4096, put("shop.own")), 0);
  const reserved = [
    "glovebox.shop.fuel",
    "glovebox.",
    "glovebox",
    "glovebox_shop_fuel",
    "gloveboxes",
  ];
  for (const name of [...reserved, "glovebox.other.fuel"])
    assert.equal(call("define", 4096, put(name)), 10, name);
  for (const name of ["glovebo", "glovebos.x", "x.glovebox"])
    assert.equal(call("define", 4096, put(name)), 0, name);
  const ours = [...host.metrics.keys()].indexOf("shop.own");
  for (let id = 4; id <= 4 * ours; id += 4) {
    for (const verb of ["increment", "record", "get"])
      assert.equal(call(verb, id), 2, `${verb} ${id}`);
  }
  const own = 4 * (ours + 1);
  for (const verb of ["increment", "record", "get"]) assert.equal(call(verb, own), 0, verb);
  assert.deepEqual(host.metrics.get("shop.own")!.values, [1n, 1n]);
});

test("deny: an empty account is answered once with 503, and nobody else is harmed", () => {
  const host = new Host({ onExhaustion: "deny" }, request(400_000, 400_000)).start();
  for (const id of [2, 3]) host.stream(id);
  assert.equal(host.request(2, 22_000), "= 0");
  assert.equal(host.request(2, 22_000), "= 1");
  assert.deepEqual(host.responses, [503]);
  assert.equal(outcome(host.running, "proxy_on_response_headers", 2, 0, 0), "= 1");
  assert.deepEqual(host.responses, [503]);
  assert.deepEqual(host.values("budget_exhausted"), [1n]);
  assert.equal(host.request(3, 22_000), "= 0");
  host.end(2);
  const told = new DataView(host.running.memory.buffer);
  assert.deepEqual([told.getInt32(2000, true), told.getInt32(2004, true)], [2, 2]);
  host.end(3);
  host.stream(2);
  assert.equal(host.request(2, 22_000), "= 0");
  assert.equal(host.values("fuel").length, 2);
});

test("pass: an empty account lets the request by, without the plugin", () => {
  const host = new Host(
    { onExhaustion: "pass", telemetry: false },
    request(400_000, 400_000),
  ).start();
  host.stream(2);
  assert.equal(host.request(2, 22_000), "= 0");
  const spent = host.running.global("glovebox_spent");
  assert.equal(host.request(2, 22_000), "= 0");
  assert.equal(host.running.global("glovebox_spent"), spent);
  assert.deepEqual(host.responses, []);
  host.end(2);
  assert.equal(host.metrics.size, 0);
});

test("a connection's data is landed like a request: an empty account buys no callback", () => {
  for (const onExhaustion of ["deny", "pass"] as const) {
    const host = new Host({ onExhaustion, telemetry: false }, request(400_000, 400_000)).start();
    host.stream(2);
    const data = () => outcome(host.running, "proxy_on_downstream_data", 2, 22_000, 0);
    assert.equal(data(), "= 0");
    const spent = host.running.global("glovebox_spent");
    for (let i = 0; i < 20; i++) assert.equal(data(), onExhaustion === "deny" ? "= 1" : "= 0");
    assert.equal(host.running.global("glovebox_spent"), spent);
  }
});

test("a single callback beyond its own budget traps all the same", () => {
  for (const onExhaustion of ["deny", "pass"] as const) {
    const host = new Host({ onExhaustion }, request(400_000, 400_000)).start();
    host.stream(2);
    assert.match(host.request(2, 1_000_000), /unreachable/);
    assert.deepEqual(host.responses, []);
  }
});

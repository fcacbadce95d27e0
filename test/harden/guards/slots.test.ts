// Request slots (rule A29): a stream pays for all its callbacks from one account, streams do not share, and a stream
// without a slot has the callback budget alone and is counted. Ten thousand streams at once, a greedy one among
// them; ids that come again; callbacks after the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { harden } from "../../../src/harden/harden.ts";
import type { Policy } from "../../../src/policy/policy.ts";
import { SLOT_PROBES } from "../../../src/spec/layout.ts";
import { verify } from "../../../src/verify/verify.ts";
import { wat } from "../../wat.ts";
import { type Export, outcome, type Running, run } from "../instance.ts";
import { policyOf } from "./lab.ts";

const callbacks = `
  (func (export "proxy_on_context_create") (param i32 i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
  (func (export "proxy_on_delete") (param i32)
    (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1))))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 0))`;

const guest = (own: string): Uint8Array =>
  wat(`(module (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    ${own}
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (loop $again
        (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (br_if $again (i32.gt_s (local.get 1) (i32.const 0))))
      (call $log (i32.const 2) (i32.const 8) (local.get 2)))
    (func (export "proxy_on_log") (param i32) (i32.store (i32.const 12) (local.get 0)))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (call $log (i32.const 2) (i32.const 8) (local.get 1)))
    (func (export "proxy_on_tick") (param i32) (drop (call $log (i32.const 2) (i32.const 8) (i32.const 60)))))`);

interface Options {
  readonly streams: number;
  readonly request: number;
  readonly bytes?: number | null;
  readonly callbacks?: Policy["callbacks"];
  readonly own?: string;
  readonly mode?: "bound" | "exact";
}

class Streams {
  readonly running: Running;

  constructor({ streams, request, bytes = null, mode = "bound", ...rest }: Options) {
    const policy: Policy = {
      ...policyOf(["proxy_log"], {
        limits: { streams, fuel: { request, callback: 1_000_000, mode }, log: { bytes } },
      }),
      callbacks: rest.callbacks ?? "all",
    };
    const { bytes: hardened } = harden(guest(rest.own ?? callbacks), policy);
    assert.deepEqual(verify(hardened, policy), []);
    const log: Export = () => 0;
    this.running = run(hardened, { proxy_log: log });
    this.running.call("proxy_on_context_create", 1, 0);
  }

  create(id: number): void {
    this.running.call("proxy_on_context_create", id, 1);
  }

  /** A callback that loops; answers "= 0", "= 10" where the line is denied, or the trap. */
  request(id: number, loops = 1, line = 0): string {
    return outcome(this.running, "proxy_on_request_headers", id, loops, line);
  }

  /** Tells the end; hosts call proxy_on_log between the two. */
  end(id: number): void {
    this.running.call("proxy_on_done", id);
    this.running.call("proxy_on_log", id);
    this.running.call("proxy_on_delete", id);
  }

  get unslotted(): number {
    return Number(this.running.global("glovebox_unslotted"));
  }

  get spent(): number {
    return Number(this.running.global("glovebox_spent"));
  }
}

const MANY = 2 ** 40;

/** What the account pays for one callback with so many loops. */
function priceOf(loops: number, options: Partial<Options> = {}): number {
  const streams = new Streams({ streams: 1, request: MANY, ...options });
  streams.create(2);
  streams.request(2, loops);
  return streams.spent;
}

for (const mode of ["bound", "exact"] as const) {
  test(`a request's budget is paid by all its callbacks together, to the unit, ${mode}`, () => {
    const price = priceOf(50, { mode });
    for (const [more, calls] of [
      [0, 3],
      [-1, 2],
      [price - 1, 3],
      [price, 4],
    ] as const) {
      const streams = new Streams({ streams: 4, request: 3 * price + more, mode });
      streams.create(2);
      for (let n = 0; n < calls; n++) assert.equal(streams.request(2, 50), "= 0", `${more}: ${n}`);
      assert.match(streams.request(2, 50), /unreachable/);
    }
  });
}

test("one stream's account is no other's, and a stream's creation is on nobody's", () => {
  const price = priceOf(50);
  const streams = new Streams({ streams: 8, request: 2 * price });
  for (const id of [2, 3, 4]) streams.create(id);
  for (let n = 0; n < 2; n++)
    for (const id of [2, 3, 4]) assert.equal(streams.request(id, 50), "= 0");
  streams.create(5);
  assert.equal(streams.request(5, 50), "= 0");
  // The plugin's own context has no account, however often it runs.
  for (let n = 0; n < 10; n++) streams.running.call("proxy_on_tick", 1);
  assert.equal(streams.request(5, 50), "= 0");
  assert.match(streams.request(4, 50), /unreachable/);
});

test("an id that comes again begins with a whole account, one that is created twice does not", () => {
  const price = priceOf(50);
  const streams = new Streams({ streams: 2, request: 2 * price });
  for (let round = 0; round < 5; round++) {
    streams.create(2);
    assert.equal(streams.request(2, 50), "= 0");
    assert.equal(streams.request(2, 50), "= 0");
    streams.running.call("proxy_on_delete", 2);
  }
  streams.create(2);
  assert.equal(streams.request(2, 50), "= 0");
  streams.create(2);
  assert.equal(streams.request(2, 50), "= 0");
  assert.match(streams.request(2, 50), /unreachable/);
});

test("log quotas are a stream's over all its callbacks, and a callback's where there is no stream", () => {
  const streams = new Streams({ streams: 4, request: MANY, bytes: 100 });
  streams.create(2);
  streams.create(3);
  assert.equal(streams.request(2, 1, 60), "= 0");
  assert.equal(streams.request(3, 1, 100), "= 0");
  assert.equal(streams.request(2, 1, 41), "= 10");
  assert.equal(streams.request(2, 1, 40), "= 0");
  assert.equal(streams.request(2, 1, 1), "= 10");
  assert.equal(streams.request(3, 1, 1), "= 10");
  // Neither the plugin's own callbacks nor its configuration inherit what the last stream has used.
  for (let n = 0; n < 3; n++)
    assert.equal(outcome(streams.running, "proxy_on_configure", 1, 100), "= 0");
  assert.equal(outcome(streams.running, "proxy_on_configure", 1, 101), "= 10");
  for (let n = 0; n < 3; n++) assert.equal(streams.request(9, 1, 100), "= 0");
  assert.equal(streams.request(9, 1, 101), "= 10");
});

test("15 (A29): N-1 and N streams have a slot each, the next one has the callback budget and is counted", () => {
  const price = priceOf(50);
  for (const n of [1, 2, 3, 4, 5, 64, 2048]) {
    const streams = new Streams({ streams: n, request: 2 * price });
    for (let id = 2; id < n + 1; id++) streams.create(id);
    assert.equal(streams.unslotted, 0, `${n - 1} of ${n}`);
    streams.create(n + 1);
    assert.equal(streams.unslotted, 0, `${n} of ${n}`);
    streams.create(n + 2);
    assert.equal(streams.unslotted, 1, `${n + 1} of ${n}`);
    for (let k = 0; k < 6; k++)
      assert.equal(streams.request(n + 2, 50), "= 0", "no account, no end");
    for (let id = 2; id < n + 2; id++) {
      assert.equal(streams.request(id, 50), "= 0");
      assert.equal(streams.request(id, 50), "= 0", `${id}`);
    }
    assert.match(streams.request(n + 1, 50), /unreachable/);
  }
});

for (const slots of [256, 2048]) {
  test(`15 (A29): ten thousand streams at once over ${slots} slots, one of them greedy: none fails, none leaks a slot`, () => {
    const bytes = 1000;
    const price = priceOf(10, { bytes });
    const streams = new Streams({ streams: slots, request: 40 * price, bytes });
    const ids = Array.from({ length: 10_000 }, (_, k) => k + 2);
    const greedy = 77;
    for (let round = 0; round < 2; round++) {
      const before = streams.unslotted;
      for (const id of ids) streams.create(id);
      assert.equal(
        streams.unslotted - before,
        ids.length - slots,
        "as many as there are slots have one",
      );
      for (const order of [ids, ids.toReversed(), ids]) {
        for (const id of order) {
          if (id === greedy) {
            for (let k = 0; k < 9; k++) streams.request(greedy, 10, 500);
            assert.equal(streams.request(greedy, 10, 500), "= 10", "its own quota is gone");
            continue;
          }
          assert.equal(streams.request(id, 10, 300), "= 0", `stream ${id}`);
        }
      }
      for (const id of ids) streams.end(id);
      // Told late, after the end: no slot is taken for it.
      const after = streams.unslotted;
      for (const id of ids) streams.running.call("proxy_on_log", id);
      assert.equal(streams.unslotted, after);
    }
    const before = streams.unslotted;
    for (let k = 0; k < slots; k++) streams.create(50_000 + k);
    assert.equal(streams.unslotted, before, "every slot is free again");
    // The greedy one ends by its own account, and not earlier.
    const last = 50_000;
    let calls = 0;
    while (streams.request(last, 10) === "= 0") calls++;
    assert.equal(calls, 40);
  });
}

test("ids that fall on one slot find their neighbours, as many as are looked at", () => {
  const streams = new Streams({ streams: 64, request: MANY });
  for (let k = 0; k < SLOT_PROBES; k++) streams.create(64 * (k + 1));
  assert.equal(streams.unslotted, 0);
  streams.create(64 * 9);
  assert.equal(streams.unslotted, 1);
  streams.end(64 * 2);
  streams.create(64 * 10);
  assert.equal(streams.unslotted, 1);
  // Ids as large as they get: the sum wraps, and is the same sum each time.
  streams.create(-1);
  assert.equal(streams.request(-1), "= 0");
  streams.end(-1);
  assert.equal(streams.unslotted, 1);
});

test("context 0 is in no slot, neither free nor taken", () => {
  const price = priceOf(50);
  const streams = new Streams({ streams: 2, request: 2 * price });
  streams.create(2);
  streams.request(2, 50);
  streams.request(2, 50);
  streams.running.call("proxy_on_delete", 2);
  for (let n = 0; n < 5; n++) assert.equal(streams.request(0, 50), "= 0");
  streams.create(0);
  streams.running.call("proxy_on_delete", 0);
  assert.equal(streams.unslotted, 0);
});

test("the two callbacks that slots need are there where the guest has none, or the policy keeps it from its own", () => {
  const price = priceOf(50);
  const none = '(func (export "proxy_on_done") (param i32) (result i32) (i32.const 0))';
  const named = new Set(["proxy_on_request_headers", "proxy_on_done", "proxy_on_log"]);
  for (const options of [{ own: none }, { callbacks: named }]) {
    const streams = new Streams({ streams: 2, request: 2 * price, ...options });
    for (let round = 0; round < 3; round++) {
      for (const id of [2, 3]) streams.create(id);
      for (const id of [2, 3]) assert.equal(streams.request(id, 50), "= 0");
      for (const id of [2, 3]) streams.running.call("proxy_on_delete", id);
    }
    assert.equal(streams.unslotted, 0);
    streams.create(2);
    assert.equal(streams.request(2, 50), "= 0");
    assert.equal(streams.request(2, 50), "= 0");
    assert.match(streams.request(2, 50), /unreachable/);
    assert.equal(streams.running.memory[0], 0, "the guest's own are not called");
    assert.equal(streams.running.memory[4], 0);
  }
  const plain = new Streams({ streams: 2, request: MANY });
  plain.create(2);
  plain.running.call("proxy_on_delete", 2);
  assert.deepEqual([...plain.running.memory.slice(0, 8)], [2, 0, 0, 0, 1, 0, 0, 0]);
});

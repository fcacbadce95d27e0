// Answers to a plugin's own calls (rule A8): hosts deliver them in the plugin's context, and the plugin says for which
// stream it acts. From there on that stream's account pays, whatever is left of it is all there is, and nobody else's
// account is touched. Root callbacks that bring no answer (ticks, queues) move to no account.
import assert from "node:assert/strict";
import { test } from "node:test";
import { harden } from "../../../src/harden/harden.ts";
import type { Policy } from "../../../src/policy/policy.ts";
import { answers } from "../../../src/spec/callbacks.ts";
import { verify } from "../../../src/verify/verify.ts";
import { wat } from "../../wat.ts";
import { outcome, type Running, run } from "../instance.ts";
import { policyOf } from "./lab.ts";

/** Callbacks read what to do from memory: loops before, the contexts to act for, loops after, bytes to log. */
const work = `
  (func $loop (param i32)
    (loop $again
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get 0) (i32.const 0)))))
  (func $act
    (call $loop (i32.load (i32.const 0)))
    (if (i32.load (i32.const 4)) (then (i32.store (i32.const 20) (call $act_for (i32.load (i32.const 4))))))
    (if (i32.load (i32.const 8)) (then (drop (call $act_for (i32.load (i32.const 8))))))
    (call $loop (i32.load (i32.const 12)))
    (if (i32.load (i32.const 16))
      (then (i32.store (i32.const 24) (call $log (i32.const 2) (i32.const 64) (i32.load (i32.const 16)))))))`;

const arity: Readonly<Record<string, number>> = {
  proxy_on_http_call_response: 5,
  envoy_on_resolve_dns: 3,
};
const doors = [...answers].map((name) => {
  const params = "i32 ".repeat(arity[name] ?? 3);
  return `(func (export "${name}") (param ${params}) (call $act))`;
});

const guest = wat(`(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $act_for (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  ${work} ${doors.join("\n")}
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_delete") (param i32))
  (func (export "proxy_on_tick") (param i32) (call $act))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $act) (i32.const 0)))`);

const REQUEST = 200_000;
const CALLBACK = 100_000;

class Plugin {
  readonly running: Running;
  /** Contexts that the host knows. */
  readonly known = new Set([1, 2, 3, 9]);

  constructor(parts: Partial<Policy> = {}, bytes: number | null = null) {
    const policy: Policy = {
      ...policyOf(["proxy_log", "proxy_set_effective_context"], {
        limits: { streams: 4, fuel: { request: REQUEST, callback: CALLBACK }, log: { bytes } },
      }),
      ...parts,
    };
    const { bytes: hardened } = harden(guest, policy);
    assert.deepEqual(verify(hardened, policy), []);
    this.running = run(hardened, {
      proxy_log: () => 0,
      proxy_set_effective_context: (id) => (this.known.has(Number(id)) ? 0 : 2),
    });
    this.running.call("proxy_on_context_create", 1, 0);
    for (const id of [2, 3]) this.running.call("proxy_on_context_create", id, 1);
  }

  /** One callback; answers its outcome. */
  act(
    name: string,
    context: number,
    does: { before?: number; actsFor?: readonly number[]; after?: number; logs?: number },
  ): string {
    const [first = 0, second = 0] = does.actsFor ?? [];
    const words = [does.before ?? 0, first, second, does.after ?? 0, does.logs ?? 0];
    this.running.memory.set(new Uint8Array(Uint32Array.from(words).buffer), 0);
    const params = name === "proxy_on_tick" ? 1 : (arity[name] ?? 3);
    const rest = new Array<number>(params - 1).fill(0);
    return outcome(this.running, name, context, ...rest);
  }

  /** How much one callback of a stream may still use before it traps, to a few hundred units. */
  get spent(): number {
    return Number(this.running.global("glovebox_spent"));
  }

  get loggedAnswer(): number {
    return new DataView(this.running.memory.buffer).getInt32(24, true);
  }
}

const LOOPS = 500;
/** What so many loops cost, without a budget in the way. */
const price = ((): number => {
  const plugin = new Plugin();
  plugin.act("proxy_on_tick", 1, {});
  const empty = plugin.spent;
  plugin.act("proxy_on_tick", 1, { after: LOOPS });
  return plugin.spent - empty;
})();

/** How many callbacks with LOOPS loops a stream's account pays for, until the plugin traps. */
function callbacksOf(plugin: Plugin, stream: number): number {
  for (let k = 0; k < 1_000; k++) {
    if (plugin.act("proxy_on_request_headers", stream, { after: LOOPS }) !== "= 0") return k;
  }
  return assert.fail("the account never ends");
}

const whole = callbacksOf(new Plugin(), 2);

test("a stream's account bounds its callbacks before anything is attributed", () => {
  assert.ok(whole > 5 && whole < REQUEST / price + 1, `${whole} callbacks at ${price}`);
});

for (const name of answers) {
  test(`${name}: what runs after the plugin has named the stream is on that stream's account, what ran before is not`, () => {
    const plugin = new Plugin();
    const some = Math.floor(whole / 2);
    for (let k = 0; k < some; k++)
      assert.equal(plugin.act(name, 1, { before: LOOPS, actsFor: [2] }), "= undefined");
    assert.ok(whole - callbacksOf(plugin, 2) <= 2, "before");
    const after = new Plugin();
    for (let k = 0; k < some; k++) after.act(name, 1, { actsFor: [2], after: LOOPS });
    const left = callbacksOf(after, 2);
    assert.ok(left >= whole - some && left <= whole - some + 2, `${left} of ${whole} less ${some}`);
    const other = new Plugin();
    for (let k = 0; k < some; k++) other.act(name, 1, { actsFor: [2], after: LOOPS });
    assert.equal(callbacksOf(other, 3), whole, "nobody else pays");
  });
}

test("an answer can use no more than its stream has left, and no more than a callback may", () => {
  const loops = (units: number): number => Math.floor((units / price) * LOOPS);
  const plugin = new Plugin();
  const answer = "proxy_on_http_call_response";
  assert.equal(
    plugin.act(answer, 1, { actsFor: [2], after: loops(0.9 * CALLBACK) }),
    "= undefined",
  );
  assert.equal(
    plugin.act(answer, 1, { actsFor: [2], after: loops(0.9 * CALLBACK) }),
    "= undefined",
  );
  const twin = new Plugin();
  assert.match(twin.act(answer, 1, { actsFor: [2], after: loops(1.1 * CALLBACK) }), /unreachable/);
  // 0.2 of a callback is left on the account; the callback budget alone would allow it.
  assert.match(
    plugin.act(answer, 1, { actsFor: [2], after: loops(0.4 * CALLBACK) }),
    /unreachable/,
  );
});

test("what an answer has used is told in whole, by whichever account it was paid", () => {
  const plugin = new Plugin();
  plugin.act("proxy_on_http_call_response", 1, { before: LOOPS, after: LOOPS });
  const alone = plugin.spent;
  plugin.act("proxy_on_http_call_response", 1, { before: LOOPS, actsFor: [2], after: LOOPS });
  const named = plugin.spent;
  assert.ok(named >= alone && named < alone + price, `${alone} ${named}`);
});

test("a tick, a stream's own callback and an unknown context move to no account; the first named stream keeps an answer", () => {
  const cases: readonly (readonly [string, number, readonly number[]])[] = [
    ["proxy_on_tick", 1, [2]],
    ["proxy_on_request_headers", 3, [2]],
    ["proxy_on_http_call_response", 1, [8]],
    ["proxy_on_http_call_response", 1, [9]],
    ["proxy_on_http_call_response", 1, [3, 2]],
  ];
  for (const [name, context, actsFor] of cases) {
    const plugin = new Plugin();
    for (let k = 0; k < 3; k++) plugin.act(name, context, { actsFor, after: LOOPS });
    assert.equal(callbacksOf(plugin, 2), whole, `${name} for ${actsFor}`);
  }
  const second = new Plugin();
  for (let k = 0; k < 3; k++)
    second.act("proxy_on_http_call_response", 1, { actsFor: [8, 2], after: LOOPS });
  assert.ok(callbacksOf(second, 2) < whole, "a context that the host refuses names no stream");
});

test("a callback after an answer that named nobody, and one that named somebody, begins anew", () => {
  for (const actsFor of [[], [2]]) {
    const plugin = new Plugin();
    plugin.act("proxy_on_http_call_response", 1, { actsFor });
    for (let k = 0; k < 3; k++) plugin.act("proxy_on_tick", 1, { actsFor: [3], after: LOOPS });
    assert.equal(callbacksOf(plugin, 3), whole);
  }
});

test("what an answer logs is on the stream's quota, not on a fresh one", () => {
  const plugin = new Plugin({}, 100);
  const log = (name: string, context: number, actsFor: readonly number[], logs: number): number => {
    plugin.act(name, context, { actsFor, logs });
    return plugin.loggedAnswer;
  };
  assert.equal(log("proxy_on_request_headers", 2, [], 90), 0);
  assert.equal(log("proxy_on_http_call_response", 1, [2], 20), 10, "denied");
  assert.equal(log("proxy_on_http_call_response", 1, [3], 60), 0);
  assert.equal(log("proxy_on_http_call_response", 1, [3], 60), 10, "it was kept");
  assert.equal(
    log("proxy_on_request_headers", 3, [], 60),
    10,
    "for the stream's own callbacks too",
  );
  assert.equal(
    log("proxy_on_http_call_response", 1, [], 60),
    0,
    "without a stream it is a callback's",
  );
});

test("a stream that is out is answered for by onExhaustion, and its answers still run", () => {
  const plugin = new Plugin({ onExhaustion: "pass" });
  const headers = () => plugin.act("proxy_on_request_headers", 2, { after: LOOPS });
  for (let k = 0; k < whole + 20; k++) assert.equal(headers(), "= 0");
  for (let k = 0; k < 3; k++)
    assert.equal(
      plugin.act("proxy_on_http_call_response", 1, { actsFor: [2], after: LOOPS }),
      "= undefined",
    );
  assert.equal(plugin.act("proxy_on_request_headers", 3, { after: LOOPS }), "= 0");
});

// Regression tests 5 and 6 of docs/containment-rules.md: what a host can still enter after a trap, and what it
// reaches round the wrappers. On hardened plugins in the engine at hand, counted in the interpreter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { callback, callbackSignature } from "../../src/spec/callbacks.ts";
import { injectedGlobals } from "../../src/spec/layout.ts";
import { verify } from "../../src/verify/verify.ts";
import { type Export, run } from "../harden/instance.ts";
import { modes, smallPolicy, staysTrapped } from "../oracle/bounded.ts";
import { generatedOf } from "../oracle/hardened.ts";
import { Machine } from "../oracle/machine.ts";
import { trap } from "../oracle/value.ts";
import { name, u32 } from "../verify/assemble.ts";
import { forge, policy } from "../verify/forge.ts";
import { wat } from "../wat.ts";

const allocators = ["malloc", "proxy_on_memory_allocate"];
const others = [
  "_initialize",
  "proxy_on_context_create",
  "proxy_on_configure",
  "proxy_on_request_headers",
  "proxy_on_http_call_response",
  "proxy_on_foreign_function",
  "proxy_on_log",
  "proxy_on_done",
  "proxy_on_delete",
];
const BUDGET = 1_000_000;

/** Every export counts itself in the first word of memory. */
const counting = (what: string): string => {
  const { params, result } = callbackSignature(callback(what)!, "0.2.1");
  const type = `${params.map(() => "(param i32)").join(" ")} ${result === null ? "" : "(result i32)"}`;
  const count = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))";
  return `(func (export "${what}") ${type} ${count} ${result === null ? "" : "(i32.const 64)"})`;
};
const plugin = wat(`(module (import "env" "proxy_done" (func $done (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  ${[...allocators, ...others].map(counting).join("\n")}
  (func (export "proxy_on_tick") (param $n i32)
    (if (i32.eqz (local.get $n)) (then (drop (call $done)) (return)))
    (loop $again
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (unreachable)))`);
const calls = (names: readonly string[]) =>
  names.map((what) => ({
    name: what,
    args: callbackSignature(callback(what)!, "0.2.1").params.map(() => 0),
  }));
const all = calls([...allocators, ...others]);

function hardened(mode: (typeof modes)[number]): Uint8Array {
  const small = smallPolicy(mode);
  const fuel = { ...small.limits.fuel, callback: BUDGET };
  const rules = { ...small, callbacks: "all", limits: { ...small.limits, fuel } } as const;
  return contain(plugin, { ...rules, allow: new Set(["proxy_done"]) }).bytes;
}

/** The most passes of the loop that the budget pays for. */
function mostPasses(bytes: Uint8Array): number {
  const pays = (passes: number): boolean => {
    const running = run(bytes);
    assert.throws(() => running.call("proxy_on_tick", passes), /unreachable/);
    return Number(running.global("glovebox_fuel")) >= 0;
  };
  let [low, high] = [1, BUDGET];
  assert.ok(pays(low) && !pays(high));
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (pays(middle)) low = middle;
    else high = middle;
  }
  return low;
}

for (const mode of modes) {
  test(`5 (A6): after a guest's trap with 1 % of the fuel left no export runs, ${mode}`, () => {
    const bytes = hardened(mode);
    const passes = Math.floor(0.99 * mostPasses(bytes));
    const running = run(bytes);
    assert.throws(() => running.call("proxy_on_tick", passes), /unreachable/);
    // The loop kept its fuel in a local: the global still says what it had before.
    assert.ok(Number(running.global("glovebox_fuel")) > 0.9 * BUDGET);
    staysTrapped(running, all);

    const machine = new Machine(bytes, { steps: 2 * BUDGET });
    const { firstGuest } = generatedOf(bytes);
    assert.deepEqual(machine.call("proxy_on_tick", [passes]), {
      kind: "trap",
      trap: "unreachable",
    });
    assert.ok(machine.executed.reduce((sum, one) => sum + one, 0) > 0.6 * BUDGET);
    machine.reset();
    for (const { name: what, args } of all) {
      assert.deepEqual(machine.call(what, args), { kind: "trap", trap: "unreachable" }, what);
    }
    assert.equal(
      machine.executed.subarray(firstGuest).reduce((sum, one) => sum + one, 0),
      0,
    );
  });

  test(`5 (A6): after a trap of the host's own only allocators run, on what is left, ${mode}`, () => {
    const bytes = hardened(mode);
    const failing: Export = () => {
      throw new Error("the host failed");
    };
    const running = run(bytes, { proxy_done: failing });
    assert.throws(() => running.call("proxy_on_tick", 0), /the host failed/);
    staysTrapped(running, calls(others));
    assert.equal(running.memory[0], 0);

    const machine = new Machine(bytes, { host: () => trap("unreachable") });
    const { firstGuest } = generatedOf(bytes);
    assert.equal(machine.call("proxy_on_tick", [0]).kind, "trap");
    machine.reset();
    for (const { name: what, args } of calls(others)) {
      assert.deepEqual(machine.call(what, args), { kind: "trap", trap: "unreachable" }, what);
    }
    const guest = () => machine.executed.subarray(firstGuest).reduce((sum, one) => sum + one, 0);
    assert.equal(guest(), 0);
    const left = Number(machine.global("glovebox_fuel"));
    let [ran, ended] = [0, false];
    while (!ended && ran <= left) {
      ended = machine.call(allocators[ran % 2]!, [8]).kind === "trap";
      if (!ended) ran++;
    }
    assert.ok(ended && ran > 0 && guest() <= left, `${ran} calls, ${guest()} units of ${left}`);
    // Exhausted inside an allocator, the instance is as dead as any other.
    assert.equal(machine.call("malloc", [8]).kind, "trap");
  });
}

interface Table {
  get(index: number): Export | null;
}
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => {
    exports: Record<string, Export & Table & { value: bigint }>;
  };
}
const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;
const instantiate = (bytes: Uint8Array) =>
  new engine.Instance(new engine.Module(bytes), {}).exports;

const withTable = `(module (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (table (export "__indirect_function_table") 1 funcref) (elem (i32.const 0) $f)
  (global (export "counter") (mut i32) (i32.const 0))
  (func $f) (func (export "proxy_on_log") (param i32) (call_indirect (i32.const 0))))`;

test("6 (A7): a hardened module exports its memory, its wrappers and the injected globals, no table", () => {
  for (const mode of modes) {
    const { bytes } = contain(wat(withTable), smallPolicy(mode));
    const exports = Object.keys(instantiate(bytes));
    const own = injectedGlobals.flatMap(({ exportName }) => exportName ?? []);
    assert.deepEqual(exports, ["memory", "proxy_abi_version_0_2_1", "proxy_on_log", ...own]);
  }
});

test("6 (A7): a function that a host reaches round the wrappers traps at its first charge", () => {
  const bytes = forge({
    tables: [[0x70, 1, 1, 8]],
    elements: (symbols) => [[0, 0x41, 0, 0x0b, 1, ...u32(symbols("g0"))]],
    exports: [["run", 0]],
    guests: [{ type: ":", code: "CHARGE_G=90 i32.const 0 i32.const 7 i32.store 2 0 end" }],
    edit: {
      export: (own) => [own[0]! + 1, ...own.slice(1), ...name("__indirect_function_table"), 1, 0],
    },
  });
  assert.deepEqual(
    verify(bytes, policy).map(({ code }) => code),
    ["verify-export"],
  );
  const exports = instantiate(bytes);
  const word = () =>
    new Uint8Array((exports.memory as unknown as { buffer: ArrayBuffer }).buffer)[0];
  const round = exports.__indirect_function_table!.get(0)!;
  assert.throws(round, /unreachable/);
  assert.equal(word(), 0);
  const fresh = instantiate(bytes);
  fresh.run!();
  assert.equal(fresh.glovebox_fuel!.value, 0n);
  assert.throws(fresh.__indirect_function_table!.get(0)!, /unreachable/);
  assert.throws(fresh.__indirect_function_table!.get(0)!, /unreachable/);
});

// A counting module counts what the counting interpreter executes, to the instruction, and answers the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { harden } from "../../src/harden/harden.ts";
import { run } from "../../test/harden/instance.ts";
import { Machine } from "../../test/oracle/machine.ts";
import { wat } from "../../test/wat.ts";
import { type Counts, counters, countingBase, countingHardened, countsOf } from "./count.ts";
import { openPolicy } from "./variants.ts";

const program = wat(`(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (table 2 funcref) (elem (i32.const 0) $odd $sink)
  (func (export "proxy_abi_version_0_2_1"))
  (type $one (func (param i32) (result i32)))
  (func $odd (type $one) (i32.and (local.get 0) (i32.const 1)))
  (func $sink (type $one)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (i32.add (i32.const 1) (call $sink (i32.shr_u (local.get 0) (i32.const 1)))))
  (func (export "proxy_on_tick") (param $n i32)
    (local $i i32)
    (memory.fill (i32.const 64) (local.get $n) (i32.const 900))
    (drop (memory.grow (i32.const 0)))
    (drop (call $log (i32.const 2) (i32.const 64) (i32.const 5)))
    (block $done
      (loop $more
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (if (call_indirect (type $one) (local.get $i) (i32.const 0))
          (then (drop (call_indirect (type $one) (local.get $i) (i32.const 1))))
          (else (i32.store (local.get $i) (i32.load (i32.add (local.get $i) (i32.const 4))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $more)))))`);

const sum = ({ instructions }: Counts): number =>
  Object.values(instructions).reduce((total, one) => total + one, 0);

/** What a counting module says of calls with 7 and then 40, its memory, and what the interpreter executes of it. */
function both(plain: Uint8Array, counting: Uint8Array) {
  const running = run(counting);
  for (const n of [7, 40]) running.call("proxy_on_tick", n);
  const values = Object.keys(counters).map((name) => [name, String(running.global(name))]);
  const machine = new Machine(plain, { host: () => [0] });
  for (const n of [7, 40]) assert.equal(machine.call("proxy_on_tick", [n]).kind, "returned");
  assert.deepEqual(Buffer.from(running.memory), Buffer.from(machine.memory));
  return { counts: countsOf(Object.fromEntries(values)), machine };
}

test("a module as built counts what the interpreter executes, all of it the guest's", () => {
  const { counts, machine } = both(program, countingBase(program));
  assert.ok(counts.instructions.guest > 1000);
  assert.equal(counts.instructions.guest, machine.steps);
  assert.equal(sum(counts), machine.steps);
  assert.equal(counts.charged, 0);
});

for (const mode of ["bound", "exact"] as const) {
  test(`a module hardened in ${mode} mode counts what the interpreter executes, by what it is there for`, () => {
    const { bytes } = harden(program, openPolicy(program, mode));
    const { counts, machine } = both(bytes, countingHardened(bytes, program, mode));
    assert.equal(sum(counts), machine.steps);
    // A function that counts its stack has a block around it, so that every way out gives the stack back.
    const { guest } = both(program, countingBase(program)).counts.instructions;
    const more = counts.instructions.guest - guest;
    assert.ok(more > 0 && more < guest / 8, `${guest} and ${more}`);
    const { charges, tests, subtractions, stack, bulk, entries } = counts.instructions;
    const hosting = counts.instructions["host calls"];
    for (const some of [charges, stack, bulk, hosting, entries]) assert.ok(some > 0);
    assert.deepEqual([tests > 0, subtractions > 0], [mode === "exact", mode === "exact"]);
    assert.ok(counts.charged > guest, `${counts.charged}`);
  });
}

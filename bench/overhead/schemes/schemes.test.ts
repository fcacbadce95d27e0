// The compared schemes meter at all, and meter the same: three ways to place charges, one count.
import assert from "node:assert/strict";
import { test } from "node:test";
import { engine } from "../../../plugins/engine.ts";
import { wat } from "../../../test/wat.ts";
import { internetComputer } from "./internet-computer.ts";
import { wasmInstrument } from "./wasm-instrument.ts";
import { wasmer } from "./wasmer.ts";
import { PLENTY, type Scheme, weave } from "./weave.ts";

const program = wat(`(module
  (table 1 funcref) (elem (i32.const 0) $odd)
  (func $odd (param i32) (result i32) (i32.and (local.get 0) (i32.const 1)))
  (func (export "bench") (param $n i32) (result i32)
    (local $sum i32)
    (block $done
      (loop $more
        (br_if $done (i32.eqz (local.get $n)))
        (if (call_indirect (param i32) (result i32) (local.get $n) (i32.const 0))
          (then (local.set $sum (i32.add (local.get $sum) (local.get $n))))
          (else (if (i32.eq (local.get $n) (i32.const 4)) (then (return (local.get $sum))))))
        (block $a (block $b (block $c
          (br_table $a $b $c (i32.rem_u (local.get $n) (i32.const 3))))
          (local.set $sum (i32.mul (local.get $sum) (i32.const 3))))
          (local.set $sum (i32.xor (local.get $sum) (i32.const 5))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $more)))
    (local.get $sum)))`);

interface Metered {
  readonly bench: (n: number) => number;
  readonly gas_left: { value: bigint };
}

function run(bytes: Uint8Array): Metered {
  const { exports } = new engine.Instance(new engine.Module(bytes), {});
  return exports as unknown as Metered;
}

function start(scheme: Scheme): Metered {
  return run(weave(program, scheme));
}

const plain = run(program);
const schemes = [wasmer, internetComputer, wasmInstrument];

test("metered programs answer what the program answers, and all schemes count the same units", () => {
  for (const n of [0, 1, 3, 4, 9, 50]) {
    const spent = schemes.map((scheme) => {
      const one = start(scheme);
      one.gas_left.value = BigInt(PLENTY);
      assert.equal(one.bench(n), plain.bench(n), `${scheme.name}, ${n}`);
      return BigInt(PLENTY) - one.gas_left.value;
    });
    assert.ok(spent[0]! > 0n);
    assert.deepEqual(
      spent.map((one) => one === spent[0]),
      [true, true, true],
      `bench(${n}): ${spent.join(" ")}`,
    );
  }
});

test("each scheme stops a program that has used up its fuel", () => {
  for (const scheme of schemes) {
    const one = start(scheme);
    one.gas_left.value = 40n;
    assert.throws(() => one.bench(50), /unreachable/, scheme.name);
  }
});

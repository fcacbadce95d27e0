// Invalid modules that hardening would mend: dead code goes, functions that `ref.func` names get declared.
// contain must refuse them all the same, and blame the input. Found by the specification's tests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { harden } from "../../src/harden/harden.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { verify } from "../../src/verify/verify.ts";
import { wat } from "../wat.ts";

const invalid = {
  "dead code of the wrong type": `(func (export "f") (result i32) (return (i32.const 1)) (i32.eqz (f32.const 0)))`,
  "dead code that adds what does not add up": `(func (export "f") (unreachable) (drop (i64.add (i32.const 1) (i64.const 1))))`,
  "ref.func of a function that nothing declares": `(func $f) (func (export "g") (drop (ref.func $f)))`,
};

for (const [what, func] of Object.entries(invalid)) {
  test(`contain refuses ${what}, which harden leaves out or mends`, () => {
    const policy = policyFromRole("logging");
    const marker = `(func (export "proxy_abi_version_0_2_1"))`;
    const bytes = wat(`(module (memory (export "memory") 1) ${marker} ${func})`);
    assert.deepEqual(verify(harden(bytes, policy).bytes, policy), [], "the output is valid");
    assert.throws(() => contain(bytes, policy), { code: "wasm-invalid" });
  });
}

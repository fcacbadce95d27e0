// What harden refuses, one module a code: the texts are promised by code, so each code is reached here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { Failure } from "../../src/errors/failure.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { wat } from "../wat.ts";

const MEMORY = '(memory (export "memory") 1)';
const MARKER = '(func (export "proxy_abi_version_0_2_1"))';
const MALLOC = '(func (export "malloc") (param i32) (result i32) i32.const 0)';
const HEADERS =
  '(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0)';
const good = `${MEMORY}${MARKER}${MALLOC}${HEADERS}`;

const policy = policyFromRole("auth");

function refusal(text: string, under = policy): string {
  try {
    contain(wat(`(module ${text})`), under);
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
  return "contained";
}

test("the module that the others are made from is contained", () => {
  assert.equal(refusal(good), "contained");
});

const modules: Readonly<Record<string, string>> = {
  "harden-reserved": `${good}(func (export "glovebox.fuel"))`,
  "harden-already": `${good}(global (export "glovebox_fuel") i64 (i64.const 0))`,
  "harden-import-kind": `(import "env" "g" (global i32))${good}`,
  "harden-import-unknown": `(import "env" "proxy_exec" (func))${good}`,
  "harden-import-signature": `(import "env" "proxy_log" (func (param i32)))${good}`,
  "harden-import-abi": `(import "env" "proxy_get_log_level" (func (param i32) (result i32)))${good.replace("0_2_1", "0_2_0")}`,
  "harden-abi-missing": `${MEMORY}${MALLOC}${HEADERS}`,
  "harden-export-signature": good.replace("0_2_1", "0_1_0"),
  "harden-memory-none": `(memory 1)${MARKER}${MALLOC}${HEADERS}`,
  "harden-memory-min": good.replace('"memory") 1', '"memory") 1025'),
  "harden-tables": `${good}(table 65537 funcref)`,
  "harden-frame": `${good}(func (local ${"i64 ".repeat(5000)}))`,
};

for (const [code, text] of Object.entries(modules)) {
  test(`a module is refused with ${code}`, () => assert.equal(refusal(text), code));
}

test("a security role that would not be called is refused, another role drops the callback", () => {
  const callbacks = new Set(["proxy_on_configure"]);
  assert.equal(refusal(good, { ...policy, callbacks }), "harden-callback-missing");
  assert.equal(refusal(good, { ...policy, callbacks, security: false }), "contained");
});

test("other bytes than the pinned ones are refused, the pinned ones are contained", () => {
  assert.equal(refusal(good, { ...policy, sha256: "0".repeat(64) }), "contain-pin");
});

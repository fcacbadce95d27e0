// Endless recursion with large frames, for regression test 14: every value is loaded from memory before the
// call and used after it, so that an engine has to keep it on its stack.
import { wat } from "../wat.ts";

const many = (count: number, one: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => one(k)).join(" ");
const load = (k: number): string => `(i64.load offset=${8 * k} (i32.const 0))`;

interface Frame {
  /** Parameters beyond the first, which is an i32. */
  readonly params: string;
  readonly locals: string;
  readonly before: string;
  /** Arguments beyond the first. */
  readonly args: string;
  /** Leaves an i64 from the call's i64 and the values kept. */
  readonly after: string;
}

const plain: Frame = { params: "", locals: "", before: "", args: "", after: "" };

function locals(count: number): Frame {
  return {
    ...plain,
    locals: `(local ${"i64 ".repeat(count)})`,
    before: many(count, (k) => `(local.set ${k + 1} ${load(k)})`),
    after: many(count, (k) => `(i64.add (local.get ${k + 1}))`),
  };
}

function operands(count: number): Frame {
  return { ...plain, before: many(count, load), after: "i64.add ".repeat(count) };
}

function vectors(count: number): Frame {
  const get = (k: number): string => `(i64x2.extract_lane 1 (local.get ${k + 1}))`;
  return {
    ...plain,
    locals: `(local ${"v128 ".repeat(count)})`,
    before: many(count, (k) => `(local.set ${k + 1} (v128.load offset=${16 * k} (i32.const 0)))`),
    after: many(count, (k) => `(i64.add ${get(k)})`),
  };
}

function parameters(count: number): Frame {
  return {
    ...plain,
    params: "i64 ".repeat(count),
    args: many(count, (k) => `(i64.add (local.get ${k + 1}) ${load(k)})`),
    after: many(count, (k) => `(i64.add (local.get ${k + 1}))`),
  };
}

export const frames: Readonly<Record<string, Frame>> = {
  "no locals": plain,
  "32 locals": locals(32),
  "128 locals": locals(128),
  "512 locals": locals(512),
  "32 operands": operands(32),
  "128 operands": operands(128),
  "512 operands": operands(512),
  "32 vectors": vectors(32),
  "128 vectors": vectors(128),
  "400 vectors": vectors(400),
  "64 parameters": parameters(63),
};

export const ways = ["directly", "through a table"] as const;

/** A plugin whose tick calls a function with such a frame, which calls itself without end. */
export function recursive(frame: Frame, way: (typeof ways)[number]): Uint8Array {
  const type = `(param i32 ${frame.params}) (result i64)`;
  const args = `(i32.add (local.get 0) (i32.const 1)) ${frame.args}`;
  const call =
    way === "directly" ? `(call $r ${args})` : `(call_indirect (type $t) ${args} (i32.const 0))`;
  const none = "(i64.const 1) ".repeat(frame.params.split(" ").length - 1);
  return wat(`(module (memory (export "memory") 1) (table 1 1 funcref) (elem (i32.const 0) $r)
    (type $t (func ${type}))
    (func (export "proxy_abi_version_0_2_1"))
    (func $r (type $t) ${frame.locals} ${frame.before} ${call} ${frame.after})
    (func (export "proxy_on_tick") (param i32) (drop (call $r (i32.const 0) ${none}))))`);
}

// What running a module shows, as text that is the same in every engine: results, kinds of trap, memory and
// globals at the end. Numbers are formatted so that equal values have equal text and NaNs are one.
import { createHash } from "node:crypto";
import type { TrapKind } from "../oracle/value.ts";

export interface Step {
  readonly name: string;
  /** `= values`, or `trap kind`. */
  readonly outcome: string;
  /** Of a hardened module: the entry's charge, empty otherwise. */
  readonly spent: string;
}

export interface Trace {
  readonly steps: readonly Step[];
  /** Every exported global, by name. */
  readonly globals: Readonly<Record<string, string>>;
  /** Pages, and a digest of the bytes. */
  readonly memory: string;
  /** Host calls, in order, as a digest of their names and arguments. */
  readonly host: string;
}

/** Engines' words for the traps of WebAssembly. */
const kinds: readonly (readonly [RegExp, TrapKind])[] = [
  [/divide by zero|remainder by zero/, "divide-by-zero"],
  [/unrepresentable|integer overflow|invalid conversion/, "number"],
  [/signature mismatch|uninitialized element|indirect call type mismatch/, "callee"],
  [/table|element segment/, "table"],
  [/out of bounds|data segment/, "memory"],
  [/unreachable/, "unreachable"],
  [/call stack/i, "stack"],
];

/** The kind of trap that an engine's message means; the message itself where nobody knows it. */
export function trapKind(message: string): string {
  return kinds.find(([pattern]) => pattern.test(message))?.[1] ?? message;
}

const bits = new DataView(new ArrayBuffer(8));

/** An i32 as `5`, an i64 as `5n`, a float as the bits of its f64. */
export function valueText(value: number | bigint, float: boolean): string {
  if (typeof value === "bigint") return `${value}n`;
  if (!float) return String(value);
  if (Number.isNaN(value)) return "nan";
  bits.setFloat64(0, value);
  return bits.getBigUint64(0).toString(16).padStart(16, "0");
}

export function memoryText(bytes: Uint8Array): string {
  return `${bytes.length / 65536} ${createHash("sha1").update(bytes).digest("hex")}`;
}

/** Digest of a growing text. */
export function hostText(calls: readonly string[]): string {
  return `${calls.length} ${createHash("sha1").update(calls.join(";")).digest("hex")}`;
}

/** Where two traces differ, in words; null where they are the same. */
export function difference(left: Trace, right: Trace): string | null {
  for (let i = 0; i < Math.max(left.steps.length, right.steps.length); i++) {
    const [a, b] = [left.steps[i], right.steps[i]];
    if (a === undefined || b === undefined) return `one made ${i} calls, the other more`;
    if (a.outcome !== b.outcome) return `call ${i} ${a.name}: ${a.outcome} against ${b.outcome}`;
    if (a.spent !== b.spent) return `call ${i} ${a.name}: spent ${a.spent} against ${b.spent}`;
  }
  if (left.memory !== right.memory) return `memory: ${left.memory} against ${right.memory}`;
  if (left.host !== right.host) return `host calls: ${left.host} against ${right.host}`;
  const names = new Set([...Object.keys(left.globals), ...Object.keys(right.globals)]);
  for (const name of names) {
    const [a, b] = [left.globals[name], right.globals[name]];
    if (a !== b) return `global ${name}: ${a} against ${b}`;
  }
  return null;
}

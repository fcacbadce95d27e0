// What a call or an instantiation came to, and whether that is what the script asks for. Traps are compared
// by the engine's own message, and by kind with the words of the specification.
import { engine } from "./engine.ts";
import type { Call, Value } from "./script.ts";
import { matches } from "./values.ts";

export type Outcome =
  | { readonly kind: "values"; readonly values: readonly Uint8Array[] }
  | { readonly kind: "trap"; readonly message: string }
  | { readonly kind: "exhausted"; readonly of: "fuel" | "stack" | "engine" }
  | { readonly kind: "unlinkable"; readonly message: string };

/** The engine's words for the traps that the specification names. */
const traps: Readonly<Record<string, RegExp>> = {
  unreachable: /^unreachable$/,
  "integer overflow": /^(divide result unrepresentable|float unrepresentable in integer range)$/,
  "invalid conversion to integer": /^float unrepresentable in integer range$/,
  "integer divide by zero": /^(divide|remainder) by zero$/,
  "out of bounds memory access":
    /memory access out of bounds|data segment \d+ is out of bounds|data segment.*out of bounds/,
  "out of bounds table access":
    /table index is out of bounds|table (access|initializer).*out of bounds|element segment.*out of bounds/,
  "undefined element": /table index is out of bounds/,
  "uninitialized element": /null function|function signature|table index is out of bounds/,
  "indirect call type mismatch": /null function|function signature/,
};

/** Turns what was thrown into an outcome; what is no trap is thrown again. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof RangeError && /call stack/.test(error.message)) {
    return { kind: "exhausted", of: "engine" };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof engine.RuntimeError) {
    return { kind: "trap", message: message.replace(/^WebAssembly\.Instance\(\): /, "") };
  }
  if (error instanceof engine.LinkError || error instanceof TypeError) {
    return { kind: "unlinkable", message };
  }
  throw error;
}

/** Whether a trap is of the kind that the specification's words name. */
export function isTrap(outcome: Outcome, text: string): boolean {
  if (outcome.kind !== "trap") return false;
  const words = Object.keys(traps).find((name) => text.startsWith(name));
  if (words === undefined) throw new Error(`unknown trap: ${text}`);
  return traps[words]!.test(outcome.message);
}

function areValues(expected: readonly Value[], outcome: Outcome): boolean {
  if (outcome.kind !== "values" || outcome.values.length !== expected.length) return false;
  return expected.every((value, i) => matches(value, outcome.values[i]!));
}

/** Whether the outcome is what the command asks for. */
export function holds(command: Call, outcome: Outcome): boolean {
  switch (command.type) {
    case "assert_return":
      return areValues(command.expected, outcome);
    case "assert_trap":
      return isTrap(outcome, command.text);
    case "assert_exhaustion":
      return outcome.kind === "exhausted";
    case "action":
      return outcome.kind === "values";
  }
}

function hasNan(command: Call): boolean {
  if (command.type !== "assert_return") return false;
  return command.expected.some(({ value }) =>
    [value ?? ""].flat().some((one) => one.startsWith("nan:")),
  );
}

/** Whether two runs of one command came to the same: bits, or two NaNs that the script both allows. */
export function same(command: Call, one: Outcome, other: Outcome): boolean {
  if (hasNan(command)) return holds(command, one) === holds(command, other);
  return show(one) === show(other) || (one.kind === "exhausted" && other.kind === "exhausted");
}

/** The outcome in one line. */
export function show(outcome: Outcome): string {
  switch (outcome.kind) {
    case "values":
      return `values ${outcome.values.map((value) => Buffer.from(value).toString("hex")).join(" ")}`;
    case "trap":
      return `trap: ${outcome.message}`;
    case "exhausted":
      return `exhausted: ${outcome.of}`;
    case "unlinkable":
      return `unlinkable: ${outcome.message}`;
  }
}

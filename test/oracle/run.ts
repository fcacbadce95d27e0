// Runs a module's calls in the counting interpreter and writes down what happened, as test/fuzz/run-v8.ts does
// for the engine at hand, and what it cost.
import { F32, F64, I64 } from "../../src/spec/binary.ts";
import { funcTypeIndex } from "../../src/wasm/module.ts";
import type { Call } from "../fuzz/generate.ts";
import { memoryText, valueText } from "../fuzz/trace.ts";
import { type Host, Machine, type Outcome, OutOfSteps } from "./machine.ts";
import { fromF32, fromF64, Trap, toF32, toF64, type Value } from "./value.ts";

export interface OracleStep {
  readonly name: string;
  /** `= values`, `trap kind`, or `steps`. */
  readonly outcome: string;
  /** Units executed in this call, and units that its bulk operations moved. */
  readonly executed: number;
  readonly moved: number;
  /** What a hardened module says it charged; 0 for others. */
  readonly charged: number;
}

export interface OracleTrace {
  readonly steps: readonly OracleStep[];
  readonly memory: string;
}

/** A JavaScript value as the interpreter takes it. */
function argument(value: number | bigint, type: number): Value {
  if (type === F32) return toF32(value as number);
  return type === F64 ? toF64(value as number) : value;
}

function resultText(value: Value, type: number): string {
  if (type === F32) return valueText(fromF32(value as number), true);
  if (type === F64) return valueText(fromF64(value as bigint), true);
  return valueText(type === I64 ? (value as bigint) : (value as number), false);
}

function typeOf(machine: Machine, name: string) {
  const index = machine.exported(name);
  return machine.module.types[funcTypeIndex(machine.module, machine.imports, index)]!;
}

export function outcomeText(machine: Machine, name: string, outcome: Outcome): string {
  if (outcome.kind === "trap") return `trap ${outcome.trap}`;
  if (outcome.kind === "steps") return "steps";
  const { results } = typeOf(machine, name);
  return `= ${outcome.values.map((value, i) => resultText(value, results[i]!)).join(" ")}`;
}

/** Calls an export with JavaScript values. */
export function callOracle(machine: Machine, { name, args }: Call): Outcome {
  const { params } = typeOf(machine, name);
  return machine.call(
    name,
    args.map((value, i) => argument(value, params[i]!)),
  );
}

const sum = (units: Float64Array): number => units.reduce((total, one) => total + one, 0);

/** Makes the calls in order until one does not return. `steps` limits each call. */
export function runOracle(
  bytes: Uint8Array,
  calls: readonly Call[],
  answers: (name: string) => number,
  steps: number,
): OracleTrace {
  const host: Host = (entry) => [answers(entry.name)];
  let machine: Machine;
  try {
    machine = new Machine(bytes, { host, steps, frames: 2000 });
  } catch (error) {
    const never = error instanceof OutOfSteps;
    if (!never && !(error instanceof Trap)) throw error;
    const step = {
      name: "",
      outcome: never ? "steps" : `trap ${error.kind}`,
      executed: 0,
      moved: 0,
      charged: 0,
    };
    return { steps: [step], memory: "" };
  }
  const hardened = machine.module.exports.some((entry) => entry.name === "glovebox_spent");
  const done: OracleStep[] = [];
  for (const call of calls) {
    machine.reset();
    const outcome = outcomeText(machine, call.name, callOracle(machine, call));
    const executed = sum(machine.executed);
    const charged = hardened ? Number(machine.global("glovebox_spent") as bigint) : 0;
    done.push({ name: call.name, outcome, executed, moved: sum(machine.moved), charged });
    if (!outcome.startsWith("=")) break;
  }
  return { steps: done, memory: memoryText(machine.memory) };
}

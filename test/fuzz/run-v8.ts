// Runs a module's calls in the engine at hand and writes down what happened, up to the first trap.

import type { Policy } from "../../src/policy/policy.ts";
import { F32, F64 } from "../../src/spec/binary.ts";
import { hostFunction } from "../../src/spec/host-functions.ts";
import { decode } from "../../src/wasm/decode.ts";
import { funcImports, funcTypeIndex } from "../../src/wasm/module.ts";
import { GuardModel } from "../oracle/guard-model.ts";
import type { Call } from "./generate.ts";
import { answerOf } from "./host-answers.ts";
import { STARTED } from "./module-parts.ts";
import { hostText, memoryText, type Step, type Trace, trapKind, valueText } from "./trace.ts";

type Value = number | bigint;
type HostCall = (...args: Value[]) => Value;

interface Engine {
  readonly Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): { module: string; name: string }[];
  };
  readonly Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
}

const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

export interface RunOptions {
  /** What a host function answers, where it is not what `answerOf` says. */
  readonly answers?: (name: string) => number;
  /** The policy whose guards stand before the host, of a module that has none itself. */
  readonly guards?: Policy;
  /** Hears of a call that those guards deny. */
  readonly onDenied?: () => void;
  /** Calls to make at most. */
  readonly most?: number;
}

/** Result and global types, for formatting. */
function types(bytes: Uint8Array) {
  const module = decode(bytes);
  const imports = funcImports(module);
  const isFloat = (type: number) => type === F32 || type === F64;
  const results = new Map<string, boolean[]>();
  const globals = new Map<string, boolean>();
  for (const { kind, name, index } of module.exports) {
    if (kind === "func") {
      results.set(name, module.types[funcTypeIndex(module, imports, index)]!.results.map(isFloat));
    } else if (kind === "global") globals.set(name, isFloat(module.globals[index]!.type));
  }
  return { results, globals };
}

function resultText(result: unknown, floats: readonly boolean[]): string {
  const values = (floats.length === 1 ? [result] : floats.length === 0 ? [] : result) as Value[];
  return `= ${values.map((value, i) => valueText(value, floats[i]!)).join(" ")}`;
}

const memoryOf = (exports: Record<string, unknown>): Uint8Array =>
  new Uint8Array((exports.memory as { buffer: ArrayBuffer }).buffer);

/** Makes the calls in order until one traps. A module whose instantiation traps has no steps but that. */
export function runV8(bytes: Uint8Array, calls: readonly Call[], options: RunOptions = {}): Trace {
  const { results, globals } = types(bytes);
  const host: string[] = [];
  const module = new engine.Module(bytes);
  const imports: Record<string, Record<string, HostCall>> = {};
  const answers = options.answers ?? answerOf;
  const guards =
    options.guards === undefined ? null : new GuardModel(options.guards, () => memoryOf(exports));
  for (const { module: from, name } of engine.Module.imports(module)) {
    const row = hostFunction(from, name);
    const guarded = row !== undefined && options.guards?.allow.has(name) === true;
    imports[from] ??= {};
    imports[from][name] = (...args) => {
      const said = guarded ? guards!.judge(row, args) : null;
      if (said === "denied") options.onDenied?.();
      if (said !== null) return said === "denied" ? Number(row!.denied) : said;
      host.push([name, ...args].join(" "));
      const status = answers(name);
      if (guarded) guards!.after(row, args, status);
      return status;
    };
  }
  const steps: Step[] = [];
  let exports: Record<string, unknown>;
  try {
    exports = new engine.Instance(module, imports).exports;
    if (exports[STARTED] !== undefined) (exports[STARTED] as HostCall)();
  } catch (error) {
    const outcome = `trap ${trapKind((error as Error).message)}`;
    return {
      steps: [{ name: "", outcome, spent: "" }],
      globals: {},
      memory: "",
      host: hostText(host),
    };
  }
  const read = (name: string) => (exports[name] as { value: Value }).value;
  for (const { name, args } of calls.slice(0, options.most)) {
    let outcome: string;
    guards?.enter(name, args);
    try {
      outcome = resultText((exports[name] as HostCall)(...args), results.get(name)!);
    } catch (error) {
      outcome = `trap ${trapKind((error as Error).message)}`;
    }
    const spent = exports.glovebox_spent === undefined ? "" : String(read("glovebox_spent"));
    steps.push({ name, outcome, spent });
    guards?.leave(name, args);
    if (outcome.startsWith("trap")) break;
  }
  const shown: Record<string, string> = {};
  for (const [name, float] of globals) shown[name] = valueText(read(name), float);
  return { steps, globals: shown, memory: memoryText(memoryOf(exports)), host: hostText(host) };
}

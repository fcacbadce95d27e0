// Binds a module's imports to host calls, once per instance. What a module may import follows from its own
// ABI marker; a call that the capability list hides answers what stock hosts answer and says so in the log.
import type { HostFunction } from "../spec/host-function-row.ts";
import { allowedInAllocator } from "../spec/host-functions.ts";
import { DENIED_PREFIX } from "../spec/layout.ts";
import { ERRNO, STATUS } from "../spec/status.ts";
import type { Import } from "../wasm/module.ts";
import { type HostCall, hostCalls } from "./calls/table.ts";
import { deniedLine } from "./denied-line.ts";
import type { ImportObject, WasmFunction } from "./engine.ts";
import { allowed } from "./entries.ts";
import { importRow } from "./import-row.ts";
import { bump } from "./plugin-state.ts";
import { RESTRICTED, type Vm } from "./vm.ts";

type Value = number | bigint;
type Bound = (vm: Vm, ...args: Value[]) => number | undefined;

/** The imports of one instance; every closure is made here, none during a call. */
export function link(vm: Vm, imports: readonly Import[]): ImportObject {
  const object: ImportObject = {};
  for (const entry of imports) {
    const row = importRow(entry, vm.abi);
    object[entry.module] ??= {};
    object[entry.module]![entry.name] = bind(vm, row);
  }
  return object;
}

function bind(vm: Vm, row: HostFunction): WasmFunction {
  const hidden = row.gated && !allowed(vm.plugin.capabilities, row.name);
  const fn = hidden ? deny(vm, row) : ruled(vm, row, bindAllowed(vm, row));
  return vm.trace === null ? fn : vm.trace.import(row, fn, hidden);
}

function bindAllowed(vm: Vm, row: HostFunction): WasmFunction {
  const handler = (hostCalls as Readonly<Record<string, HostCall>>)[row.name] as unknown as Bound;
  const inAllocator = allowedInAllocator.has(row.name);
  return fixed(vm, handler, row.params.length, () => {
    const allowedHere = vm.restricted === RESTRICTED.start ? row.atStart : inAllocator;
    if (!allowedHere)
      vm.abort("restricted-call", `${row.name} is not allowed during start or allocation`);
  });
}

/**
 * One closure of the call's own arity, with the check of where it may be called in it: spreading arguments, and a
 * closure around a closure, cost more than most host calls do.
 */
function fixed(vm: Vm, handler: Bound, arity: number, check: () => void): WasmFunction {
  const { memory } = vm;
  const bound = handler as (
    vm: Vm,
    a: Value,
    b: Value,
    c: Value,
    d: Value,
    e: Value,
    f: Value,
  ) => number;
  switch (arity) {
    case 0:
    case 1:
    case 2:
    case 3:
      return (a, b, c) => {
        if (vm.restricted !== RESTRICTED.none) check();
        if (memory.bytes.length === 0) ready(vm);
        return handler(vm, a!, b!, c!) as number;
      };
    case 4:
    case 5:
    case 6:
      return (a, b, c, d, e, f) => {
        if (vm.restricted !== RESTRICTED.none) check();
        if (memory.bytes.length === 0) ready(vm);
        return bound(vm, a!, b!, c!, d!, e!, f!);
      };
    default:
      return (...args) => {
        if (vm.restricted !== RESTRICTED.none) check();
        if (memory.bytes.length === 0) ready(vm);
        return handler(vm, ...args) as number;
      };
  }
}

/** The views are those of memory as it is now; without a memory the stock host would crash here. */
function ready(vm: Vm): void {
  vm.memory.refresh();
  if (!vm.memory.attached && vm.plugin.semantics === "stock") {
    vm.abort("process-crash", "a host call needs the plugin's memory, and there is none yet");
  }
}

/** The call behind the rule on its arguments, where there is one. */
function ruled(vm: Vm, row: HostFunction, fn: WasmFunction): WasmFunction {
  const { guards } = vm.plugin;
  if (guards == null || !Object.hasOwn(guards, row.name)) return fn;
  const guard = guards[row.name]!;
  const answer = row.denied === "trap" ? STATUS.internalFailure : row.denied;
  return (...args) => {
    if (vm.memory.bytes.length === 0) ready(vm);
    const refused = guard(vm, args);
    if (refused === null) return fn(...args);
    vm.trace?.refuse();
    bump(vm.plugin.telemetry.denied, row.name);
    vm.error(`${DENIED_PREFIX}${row.name} (${refused})`);
    return answer;
  };
}

function deny(vm: Vm, row: HostFunction): WasmFunction {
  const stock = vm.plugin.semantics === "stock";
  const kind = row.module === "env" ? "proxy-wasm" : "WASI";
  const line = stock
    ? `Attempted call to restricted ${kind} capability: ${row.name}`
    : deniedLine(row);
  const stockAnswer = row.module === "env" ? STATUS.internalFailure : ERRNO.notcapable;
  const answer = stock || row.denied === "trap" ? stockAnswer : row.denied;
  const noResult = row.result === null;
  return () => {
    bump(vm.plugin.telemetry.denied, row.name);
    vm.error(line);
    return noResult ? undefined : answer;
  };
}

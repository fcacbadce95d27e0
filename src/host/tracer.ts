// Who listens to what a plugin does, call by call: callbacks with their fuel, host calls with arguments and
// answers. Bound when an instance is linked, and only for a plugin that has a tracer: nothing is asked, made or
// measured for the others. It decodes by the table of host functions and knows no single one of them.
import { callback } from "../spec/callbacks.ts";
import type { HostFunction, Param } from "../spec/host-function-row.ts";
import { STATUS } from "../spec/status.ts";
import type { Context } from "./context.ts";
import type { WasmFunction } from "./engine.ts";
import type { Entries, Entry } from "./entries.ts";
import type { StreamContext } from "./stream-context.ts";
import type { Vm } from "./vm.ts";

/** One argument that crosses the wall towards the host, or what the host wrote for the guest. */
export type TracedValue =
  | { readonly name: string; readonly value: number | bigint }
  /** Bytes as text, one character a byte; `size` says how many there were, `text` holds the first of them. */
  | { readonly name: string; readonly text: string; readonly size: number };

export interface CallTrace {
  readonly row: HostFunction;
  /** The export that runs; "start section" before any does. */
  readonly callback: string;
  /** What the call acted on. */
  readonly context: Context;
  readonly args: readonly TracedValue[];
  /** What the host wrote back, numbers only; empty where it answered an error. */
  readonly results: readonly TracedValue[];
  /** The status or errno; undefined for a function without one, and where the guest trapped inside the call. */
  readonly answer: number | undefined;
  /** The host's own capability list hid the function, or a rule of the host refused its arguments. */
  readonly hidden: boolean;
  /** The `stack` global of a hardened module at this moment, in bytes that are left; null where there is none. */
  readonly stackLeft: number | null;
  /** Calls of the plugin in flight after it, this one among them. */
  readonly outstanding: number;
}

export interface CallbackTrace {
  readonly name: string;
  readonly context: Context;
  /** Null for a module that counts none, and after a trap. */
  readonly fuel: number | null;
  /** Pages of 64 KiB after it. */
  readonly pages: number;
  readonly trapped: boolean;
}

/** Told while the plugin runs: it must not throw, and must not call into the plugin. */
export interface Tracer {
  call(trace: CallTrace): void;
  callback(trace: CallbackTrace): void;
  /** A request is over: nothing of it comes any more. */
  ended(stream: StreamContext): void;
}

/** Bytes of one argument that a trace holds. */
const KEPT = 64 * 1024;

const START = "start section";

/** Adds the tracer to one instance's imports and exports. */
export class VmTrace {
  readonly #vm: Vm;
  readonly #tracer: Tracer;
  #running: string = START;
  #refused = false;

  constructor(vm: Vm, tracer: Tracer) {
    this.#vm = vm;
    this.#tracer = tracer;
  }

  /** A rule on arguments refuses the call that is under way. */
  refuse(): void {
    this.#refused = true;
  }

  /** Around one host call. `hidden`: `fn` is the stub of a function that the capability list hides. */
  import(row: HostFunction, fn: WasmFunction, hidden: boolean): WasmFunction {
    return (...given) => {
      const vm = this.#vm;
      const running = this.#running;
      const context = vm.active;
      if (vm.memory.bytes.length === 0) vm.memory.refresh();
      const args = decode(vm, row.params, given);
      const left = vm.gauges?.stack.value;
      this.#refused = false;
      const tell = (answer: number | undefined, returned: boolean): void => {
        const denied = hidden || this.#refused;
        const fine = returned && !denied && (answer === undefined || answer === STATUS.ok);
        this.#tracer.call({
          row,
          callback: running,
          context,
          args,
          results: fine ? written(vm, row.params, given) : [],
          answer,
          hidden: denied,
          stackLeft: left === undefined ? null : Number(left),
          outstanding: vm.plugin.flights.calls.size,
        });
      };
      let answer: ReturnType<WasmFunction>;
      try {
        answer = fn(...given);
      } catch (error) {
        tell(undefined, false);
        throw error;
      }
      tell(typeof answer === "number" ? answer : undefined, true);
      return answer;
    };
  }

  /** Around every callback. An allocator runs inside of host calls, on what their callback has left. */
  exports(entries: Entries): Entries {
    const traced: Record<string, Entry> = Object.create(null) as Record<string, Entry>;
    for (const [name, entry] of Object.entries(entries)) {
      if (entry === undefined) continue;
      const inside = callback(name)?.kind === "allocator";
      traced[name] = inside ? entry : { ...entry, fn: this.#export(entry) };
    }
    return traced;
  }

  #export({ name, fn }: Entry): WasmFunction {
    return (...given) => {
      const vm = this.#vm;
      const context = vm.active;
      const outer = this.#running;
      this.#running = name;
      let trapped = true;
      try {
        const answer = fn(...given);
        trapped = false;
        return answer;
      } finally {
        this.#running = outer;
        const spent = trapped ? undefined : vm.gauges?.spent();
        const fuel = spent ?? null;
        this.#tracer.callback({ name, context, fuel, pages: vm.memory.pages, trapped });
      }
    };
  }
}

/** `x_data` and `x_size` are one argument: `x`. */
const plain = (name: string): string => name.replace(/_data$/, "");

function decode(
  vm: Vm,
  params: readonly Param[],
  given: readonly (number | bigint)[],
): readonly TracedValue[] {
  return params.flatMap(({ name, role }, i): TracedValue[] => {
    const value = given[i] ?? 0;
    if (role === "int" || role === "bufLen") return [{ name, value }];
    const size = Number(given[i + 1] ?? 0) >>> 0;
    if (role === "in") {
      return [{ name: plain(name), text: textAt(vm, Number(value), size, KEPT), size }];
    }
    return role === "iovs" ? [{ name, ...vectorAt(vm, Number(value), size) }] : [];
  });
}

function textAt(vm: Vm, address: number, size: number, most: number): string {
  const { memory } = vm;
  if (size === 0 || !memory.has(address, size)) return "";
  return memory.latin1(address, Math.min(size, most));
}

/** A WASI vector's bytes; what the host would refuse reads as empty. */
function vectorAt(vm: Vm, address: number, count: number): { text: string; size: number } {
  const { memory } = vm;
  let text = "";
  let size = 0;
  if (count > 1024 || !memory.has(address, count * 8)) return { text, size };
  for (let i = 0; i < count; i++) {
    const at = (address >>> 0) + i * 8;
    const length = memory.u32(at + 4);
    text += textAt(vm, memory.u32(at), length, KEPT - text.length);
    size += length;
  }
  return { text, size };
}

function written(
  vm: Vm,
  params: readonly Param[],
  given: readonly (number | bigint)[],
): readonly TracedValue[] {
  const { memory } = vm;
  memory.sync();
  return params.flatMap(({ name, role, bytes = 4 }, i): TracedValue[] => {
    const address = Number(given[i] ?? 0);
    const number = role === "outLen" || (role === "out" && (bytes === 4 || bytes === 8));
    if (!number || address === 0 || !memory.has(address, bytes)) return [];
    const low = memory.u32(address);
    if (bytes === 4) return [{ name, value: low }];
    return [{ name, value: (BigInt(memory.u32(address + 4)) << 32n) | BigInt(low) }];
  });
}

// The counting interpreter: slow, plain, its own call stack, one cost per executed instruction. It knows
// nothing of hardening: on a hardened module, templates and generated functions are instructions like any
// other. It is the oracle of what hardened modules promise, so it shares no walking code with the product.
import { PAGE } from "../../src/spec/binary.ts";
import { type CostTable, costTables } from "../../src/spec/costs.ts";
import { decode } from "../../src/wasm/decode.ts";
import {
  type ConstExpr,
  funcImports,
  funcTypeIndex,
  type Import,
  type Module,
} from "../../src/wasm/module.ts";
import { accesses, place } from "./access.ts";
import { type Body, BodyReader, type Instruction } from "./body.ts";
import { bulk } from "./bulk.ts";
import { computes } from "./computes.ts";
import { Trap, type TrapKind, trap, type Value, zero } from "./value.ts";

export type Outcome =
  | { readonly kind: "returned"; readonly values: readonly Value[] }
  | { readonly kind: "trap"; readonly trap: TrapKind }
  | { readonly kind: "steps" };

/** Performs a host call; may enter the machine again, as hosts enter allocators. */
export type Host = (entry: Import, args: readonly Value[], machine: Machine) => readonly Value[];

export interface Options {
  readonly host?: Host;
  readonly costs?: CostTable;
  /** Instructions that one call may execute before it ends as "steps". */
  readonly steps?: number;
  /** Nested guest calls before the "stack" trap. */
  readonly frames?: number;
  /** Hears of every call of a function; `caller` is -1 for the host. */
  readonly onCall?: (caller: number, callee: number, top: Value | undefined) => void;
  /** Sees the machine before every instruction. */
  readonly onStep?: (machine: Machine) => void;
}

interface Label {
  readonly at: Instruction;
  readonly pc: number;
  readonly height: number;
}

interface Frame {
  readonly func: number;
  readonly body: Body;
  readonly locals: Value[];
  readonly labels: Label[];
  /** Height of the operand stack below the arguments. */
  readonly base: number;
  pc: number;
}

/** The limit of steps was reached; out of the constructor where the start function never ends. */
export class OutOfSteps extends Error {}

export class Machine {
  readonly module: Module;
  readonly imports: readonly Import[];
  memory: Uint8Array;
  view: DataView;
  readonly memoryMax: number;
  readonly globals: Value[];
  readonly tables: (number | null)[][];
  readonly tableMax: readonly number[];
  /** What passive (and not yet dropped) segments hold. */
  readonly elems: (number | null)[][];
  readonly datas: Uint8Array[];
  /** Units by function, since `reset`: instructions with entry, and what bulk operations moved. */
  readonly executed: Float64Array;
  readonly moved: Float64Array;
  steps = 0;
  readonly costs: CostTable;
  readonly #options: Options;
  readonly #bodies: (Body | undefined)[] = [];
  readonly #reader: BodyReader;
  readonly #types: readonly string[];
  #stack: Value[] = [];
  #frames = 0;

  /** Throws a Trap where a segment or the start function does, OutOfSteps where the start function never ends. */
  constructor(bytes: Uint8Array, options: Options = {}) {
    const module = decode(bytes);
    this.module = module;
    this.imports = funcImports(module);
    this.#options = options;
    this.costs = options.costs ?? costTables.v1;
    this.#reader = new BodyReader(module, this.costs);
    this.#types = module.types.map((type) => `${type.params.join()}>${type.results.join()}`);
    const limits = module.memories[0];
    this.memory = new Uint8Array((limits?.min ?? 0) * PAGE);
    this.view = new DataView(this.memory.buffer);
    this.memoryMax = limits?.max ?? 65_536;
    this.globals = [];
    for (const global of module.globals) this.globals.push(this.#constant(global.init));
    this.tables = module.tables.map((table) => new Array<number | null>(table.min).fill(null));
    this.tableMax = module.tables.map((table) => table.max ?? 10_000_000);
    this.elems = module.elems.map((elem) => [...elem.items]);
    this.datas = module.datas.map((data) => data.bytes);
    const count = this.imports.length + module.funcs.length;
    this.executed = new Float64Array(count);
    this.moved = new Float64Array(count);
    this.#segments();
    if (module.start !== null) this.#start(module.start);
  }

  #start(func: number) {
    const outcome = this.run(func, []);
    if (outcome.kind === "trap") throw new Trap(outcome.trap);
    if (outcome.kind === "steps") throw new OutOfSteps();
  }

  #constant(expr: ConstExpr): Value {
    switch (expr.op) {
      case "i32.const":
      case "i64.const":
        return expr.value;
      case "f32.const":
        return new DataView(expr.bytes.slice().buffer).getInt32(0, true);
      case "f64.const":
        return new DataView(expr.bytes.slice().buffer).getBigInt64(0, true);
      case "v128.const":
        return expr.bytes.slice();
      case "ref.null":
        return null;
      case "ref.func":
        return expr.func;
      case "global.get":
        return this.globals[expr.global]!;
    }
  }

  #segments() {
    this.module.elems.forEach((elem, i) => {
      if (elem.offset !== null) {
        bulk.tableInit(
          this,
          i,
          elem.table,
          this.#constant(elem.offset) as number,
          0,
          elem.items.length,
        );
      }
      // Flags 1, 5: passive; 3, 7: declarative, dropped at once.
      if ((elem.flags & 3) !== 1) this.elems[i] = [];
    });
    this.module.datas.forEach((data, i) => {
      if (data.offset === null) return;
      bulk.memoryInit(this, i, this.#constant(data.offset) as number, 0, data.bytes.length);
      this.datas[i] = new Uint8Array();
    });
  }

  /** Forgets what has been counted. */
  reset(): void {
    this.executed.fill(0);
    this.moved.fill(0);
    this.steps = 0;
  }

  /** Index of an exported function. */
  exported(name: string): number {
    const entry = this.module.exports.find((one) => one.name === name && one.kind === "func");
    if (entry === undefined) throw new Error(`no exported function ${name}`);
    return entry.index;
  }

  /** Value of an exported global. */
  global(name: string): Value {
    const entry = this.module.exports.find((one) => one.name === name && one.kind === "global");
    if (entry === undefined) throw new Error(`no exported global ${name}`);
    return this.globals[entry.index]!;
  }

  call(name: string, args: readonly Value[]): Outcome {
    return this.run(this.exported(name), args);
  }

  /** Calls a function to its end, its trap, or the limit of steps. */
  run(func: number, args: readonly Value[]): Outcome {
    const outer = this.#stack;
    const frames = this.#frames;
    this.#stack = [...args];
    try {
      const calls: Frame[] = [];
      this.#enter(func, -1, calls);
      while (calls.length > 0) this.#step(calls);
      return { kind: "returned", values: this.#stack };
    } catch (error) {
      if (error instanceof Trap) return { kind: "trap", trap: error.kind };
      if (error instanceof OutOfSteps) return { kind: "steps" };
      throw error;
    } finally {
      this.#stack = outer;
      this.#frames = frames;
    }
  }

  #enter(func: number, caller: number, calls: Frame[]) {
    this.#options.onCall?.(caller, func, this.#stack.at(-1));
    if (func < this.imports.length) return this.#callHost(func);
    const i = func - this.imports.length;
    const body = (this.#bodies[i] ??= this.#reader.read(i));
    if (++this.#frames > (this.#options.frames ?? 20_000)) trap("stack");
    this.executed[func]! += body.entry;
    const base = this.#stack.length - body.type.params.length;
    const locals = [...this.#stack.splice(base), ...body.locals.map(zero)];
    calls.push({ func, body, locals, labels: [], base, pc: 0 });
  }

  #callHost(func: number) {
    const entry = this.imports[func]!;
    const { params } = this.module.types[funcTypeIndex(this.module, this.imports, func)]!;
    const args = this.#stack.splice(this.#stack.length - params.length);
    if (this.#options.host === undefined) throw new Error(`no host for ${entry.name}`);
    this.#stack.push(...this.#options.host(entry, args, this));
  }

  #leave(calls: Frame[]) {
    const { base, body } = calls.pop()!;
    this.#frames--;
    this.#keep(base, body.type.results.length);
  }

  /** Drops what lies between `height` and the top `count` values. */
  #keep(height: number, count: number) {
    const between = this.#stack.length - height - count;
    if (between > 0) this.#stack.splice(height, between);
  }

  #branch(label: number, calls: Frame[]) {
    const frame = calls.at(-1)!;
    if (label === frame.labels.length) return this.#leave(calls);
    const target = frame.labels.at(-1 - label)!;
    const loop = target.at.name === "loop";
    this.#keep(target.height, loop ? target.at.params : target.at.results);
    frame.labels.length -= loop ? label : label + 1;
    frame.pc = loop ? target.pc + 1 : target.at.end + 1;
  }

  #step(calls: Frame[]) {
    const frame = calls.at(-1)!;
    const at = frame.body.code[frame.pc]!;
    if (++this.steps > (this.#options.steps ?? 50_000_000)) throw new OutOfSteps();
    this.#options.onStep?.(this);
    this.executed[frame.func]! += at.cost;
    const stack = this.#stack;
    const compute = computes[at.code];
    if (compute !== undefined) {
      const third = at.operands > 2 ? stack.pop()! : null;
      const second = at.operands > 1 ? stack.pop()! : null;
      stack.push(compute(stack.pop()!, second, third, at.bytes));
      frame.pc++;
      return;
    }
    const access = accesses[at.code];
    if (access !== undefined) {
      const operand = at.operands === 2 ? stack.pop()! : null;
      const where = place(this.view, stack.pop()!, at.a, access.bytes);
      const lane = at.bytes[0] ?? 0;
      if (access.load) stack.push(access.load(this.view, where, operand, lane));
      else access.store!(this.view, where, operand, lane);
      frame.pc++;
      return;
    }
    this.#control(at, frame, calls);
  }

  #control(at: Instruction, frame: Frame, calls: Frame[]) {
    const stack = this.#stack;
    const int = () => stack.pop() as number;
    const pc = frame.pc++;
    switch (at.name) {
      case "unreachable":
        return trap("unreachable");
      case "nop":
        return;
      case "block":
      case "loop":
        frame.labels.push({ at, pc, height: stack.length - at.params });
        return;
      case "if": {
        const taken = int() !== 0;
        if (taken || at.else >= 0) frame.labels.push({ at, pc, height: stack.length - at.params });
        if (!taken) frame.pc = (at.else >= 0 ? at.else : at.end) + 1;
        return;
      }
      case "else":
        frame.labels.pop();
        frame.pc = at.end + 1;
        return;
      case "end":
        if (frame.labels.pop() === undefined) this.#leave(calls);
        return;
      case "br":
        return this.#branch(at.a, calls);
      case "br_if":
        if (int() !== 0) this.#branch(at.a, calls);
        return;
      case "br_table": {
        const index = int() >>> 0;
        return this.#branch(at.labels[index] ?? at.labels.at(-1)!, calls);
      }
      case "return":
        return this.#leave(calls);
      case "call":
        return this.#enter(at.a, frame.func, calls);
      case "call_indirect": {
        const index = int() >>> 0;
        const table = this.tables[at.b]!;
        const func = index < table.length ? table[index]! : trap("table");
        if (func === null) trap("callee");
        const type = this.#types[funcTypeIndex(this.module, this.imports, func)];
        if (type !== this.#types[at.a]) trap("callee");
        return this.#enter(func, frame.func, calls);
      }
      case "drop":
        stack.pop();
        return;
      case "select":
      case "select t": {
        const [first, second, condition] = stack.splice(stack.length - 3) as [Value, Value, number];
        stack.push(condition !== 0 ? first : second);
        return;
      }
      case "local.get":
        stack.push(frame.locals[at.a]!);
        return;
      case "local.set":
        frame.locals[at.a] = stack.pop()!;
        return;
      case "local.tee":
        frame.locals[at.a] = stack.at(-1)!;
        return;
      case "global.get":
        stack.push(this.globals[at.a]!);
        return;
      case "global.set":
        this.globals[at.a] = stack.pop()!;
        return;
      case "i32.const":
      case "i64.const":
      case "f32.const":
      case "f64.const":
        stack.push(at.value);
        return;
      case "v128.const":
        stack.push(at.bytes);
        return;
      case "ref.null":
        stack.push(null);
        return;
      case "ref.func":
        stack.push(at.a);
        return;
      default: {
        const operands = at.operands > 0 ? stack.splice(stack.length - at.operands) : [];
        const { value, units } = bulk.run(this, at, operands);
        this.moved[frame.func]! += units;
        if (value !== undefined) stack.push(value);
      }
    }
  }
}

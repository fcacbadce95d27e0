// Writes an expected function body and adds up what it costs and how much stack it takes while it
// does so. The invariant: bytes, price and operand height come from the same call, so they can't
// drift apart. It knows opcodes and nothing of what the bodies are for.
import { BLOCK_EMPTY, V128 } from "../../spec/binary.ts";
import type { CostTable } from "../../spec/costs.ts";
import { type Opcode, type OpcodeName, opcodes } from "../../spec/opcodes.ts";
import type { Expected, Signature } from "./expected.ts";
import { frameBytes, WIDE_SLOTS } from "./frame.ts";
import { signed, unsigned } from "./leb.ts";
import { effect } from "./ops.ts";

const rows = new Map<OpcodeName, Opcode>(opcodes.map((row) => [row.name, row]));
const CALL = rows.get("call")!.code;
/** Operands that a branch takes besides its label's. */
const branches: ReadonlySet<OpcodeName> = new Set(["br_if", "br_table"]);

export class Body {
  readonly #table: CostTable;
  readonly #type: Signature;
  readonly #locals: number;
  #head: number[] | null = null;
  #bytes: number[] = [];
  #cost: number;
  #height = 0;
  #highest = 0;
  #arguments = 0;
  readonly #calls: number[] = [];
  /** Operand heights under the open constructs. */
  readonly #open: number[] = [];

  /** @param locals groups of locals: how many of which value type; none is v128 */
  constructor(table: CostTable, type: Signature, locals: readonly (readonly number[])[] = []) {
    this.#table = table;
    this.#type = type;
    this.#locals = locals.reduce((sum, [count]) => sum + count!, 0);
    this.#cost = Math.ceil(this.#locals / table.localsPerUnit);
    unsigned(this.#bytes, locals.length);
    for (const [count, byte] of locals) {
      unsigned(this.#bytes, count!);
      this.#bytes.push(byte!);
    }
  }

  /** One instruction with its immediates in the order of the binary format, but for block types. */
  op(name: OpcodeName, ...immediates: readonly (number | bigint)[]): this {
    const row = rows.get(name)!;
    if (row.code < 0x100) this.#bytes.push(row.code);
    else {
      this.#bytes.push(row.code < 0x200 ? 0xfc : 0xfd);
      unsigned(this.#bytes, row.code & 0xff);
    }
    if (row.imm === "block") this.#bytes.push(BLOCK_EMPTY);
    for (const one of immediates) {
      if (row.imm === "i32" || row.imm === "i64") signed(this.#bytes, one);
      else unsigned(this.#bytes, Number(one));
    }
    this.#cost += this.#table.flat[row.code]!;
    if (name === "return") this.#cost += this.#type.results.length;
    this.#grow(branches.has(name) || name === "if" ? -1 : effect[row.code]!);
    if (row.imm === "block") this.#open.push(this.#height);
    else if (name === "else") this.#height = this.#open.at(-1)!;
    else if (name === "end") this.#height = this.#open.pop() ?? 0;
    return this;
  }

  /** `call`; without an index, the place where the body is open. `own` is the callee's own cost. */
  call(index: number | null, params: number, results: number, own: number): this {
    this.#bytes.push(CALL);
    if (index === null) {
      this.#head = this.#bytes;
      this.#bytes = [];
    } else {
      unsigned(this.#bytes, index);
      this.#calls.push(index);
    }
    this.#cost += this.#table.flat[CALL]! + params + own;
    this.#arguments = Math.max(this.#arguments, params);
    this.#grow(results - params);
    return this;
  }

  if(): this {
    return this.op("if");
  }

  end(): this {
    return this.op("end");
  }

  /** Instructions that a null pointer in a parameter skips, where it may be null. */
  unlessNull(parameter: number, nullable: boolean, write: () => void): void {
    if (nullable) this.op("local.get", parameter).if();
    write();
    if (nullable) this.end();
  }

  #grow(by: number): void {
    this.#height += by;
    this.#highest = Math.max(this.#highest, this.#height);
  }

  /** What the instructions so far cost. */
  get cost(): number {
    return this.#cost;
  }

  done(what: string, budget = 1): Expected {
    const type = this.#type;
    const { params, results } = type;
    const wide = [...params, ...results].includes(V128);
    const extra = params.filter((type) => type === V128).length * (WIDE_SLOTS - 1);
    const operands = this.#highest * (wide ? WIDE_SLOTS : 1);
    const frame = frameBytes(params.length + extra + this.#locals + operands, this.#arguments);
    const tail = this.#head === null ? null : this.#bytes;
    const head = this.#head ?? this.#bytes;
    return { what, type, head, tail, cost: this.#cost, frame, calls: this.#calls, budget };
  }
}

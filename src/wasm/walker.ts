// Walks one function body, instruction by instruction, and yields only the live ones: after `br`, `br_table`,
// `return` or `unreachable`, and after a construct that nothing leaves, it skips to the next `else` or `end`.
// One object is reused for all bodies: its fields describe the current instruction. It checks structure
// (labels, nesting, encodings) and not types; indices are checked by whoever knows their spaces.
import { fail } from "../errors/failure.ts";
import { limits } from "../spec/limits.ts";
import { OPCODE_SPACE, op } from "../spec/opcodes.ts";
import { InstructionReader } from "./instruction.ts";

export const OP = {
  unreachable: op("unreachable"),
  block: op("block"),
  loop: op("loop"),
  if: op("if"),
  else: op("else"),
  end: op("end"),
  br: op("br"),
  brIf: op("br_if"),
  brTable: op("br_table"),
  return: op("return"),
  call: op("call"),
  callIndirect: op("call_indirect"),
  refFunc: op("ref.func"),
  memoryGrow: op("memory.grow"),
} as const;

/** Opcodes that change which code is live, or what is open. */
const CONTROL = new Uint8Array(OPCODE_SPACE);
for (const code of [
  OP.block,
  OP.loop,
  OP.if,
  OP.else,
  OP.end,
  OP.br,
  OP.brIf,
  OP.brTable,
  OP.return,
  OP.unreachable,
]) {
  CONTROL[code] = 1;
}

export class Walker extends InstructionReader {
  /** Open constructs; frame 0 is the function itself. */
  depth = -1;
  readonly frameCode = new Uint16Array(limits.nesting + 1);
  /** Whether a live branch goes to the frame's label (loops: to its header). */
  readonly reached = new Uint8Array(limits.nesting + 1);
  /** At `else` and `end`: whether control falls onto it. */
  falls = true;
  /** At `else` and `end`: whether instructions were skipped after a dead `end` (it needs `unreachable`). */
  skippedAfterEnd = false;
  /** At `else` and `end` that control does not fall onto: where the code skipped before it began. */
  deadFrom = 0;
  /** Instructions that were skipped in this body. */
  skipped = 0;

  /** Offsets of the local declarations' end; groups are in localCounts and localTypes. */
  localGroups = 0;
  localTotal = 0;
  readonly localCounts: number[] = [];
  readonly localTypes: number[] = [];

  private dead = false;
  private deadAfterEnd = false;
  private closing = false;

  /** Starts a body: reads its local declarations. */
  open(bytes: Uint8Array, start: number, end: number, func: number): void {
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
    this.func = func;
    this.at = start;
    this.depth = 0;
    this.frameCode[0] = OP.block;
    this.reached[0] = 0;
    this.falls = true;
    this.dead = false;
    this.deadAfterEnd = false;
    this.closing = false;
    this.skipped = 0;
    this.readLocals();
  }

  private readLocals(): void {
    const groups = this.u32();
    if (groups > limits.locals) {
      const limit = limits.locals;
      fail("wasm-limit", { what: "groups of locals", found: groups, limit }, this.where());
    }
    if (groups > this.end - this.pos)
      fail("wasm-truncated", { what: "local declarations" }, this.where());
    this.localGroups = groups;
    this.localTotal = 0;
    this.localCounts.length = 0;
    this.localTypes.length = 0;
    for (let i = 0; i < groups; i++) {
      const count = this.u32();
      const type = this.byte();
      this.localTotal += count;
      if (this.localTotal > limits.locals) {
        const limit = limits.locals;
        fail(
          "wasm-limit",
          { what: "locals of a function", found: this.localTotal, limit },
          this.where(),
        );
      }
      this.checkValueType(type);
      this.localCounts.push(count);
      this.localTypes.push(type);
    }
  }

  /** A live branch to a label; nesting counts from 0, so `depth` itself is the function's own label. */
  private target(label: number): void {
    if (label > this.depth) {
      fail("wasm-index", { what: "label", index: label, count: this.depth + 1 }, this.where());
    }
    this.reached[this.depth - label] = 1;
  }

  private push(code: number): void {
    if (this.depth >= limits.guestNesting) {
      const limit = limits.guestNesting;
      fail("wasm-limit", { what: "nesting", found: this.depth + 1, limit }, this.where());
    }
    this.depth++;
    this.frameCode[this.depth] = code;
    this.reached[this.depth] = 0;
  }

  /** Skips dead code up to the `else` or `end` of the open construct, which is left decoded. */
  private skipDead(): void {
    let nested = 0;
    this.deadFrom = this.pos;
    const before = this.skipped;
    for (;;) {
      const code = this.decode();
      if (code === OP.block || code === OP.loop || code === OP.if) nested++;
      else if (nested === 0 && (code === OP.end || code === OP.else)) break;
      else if (code === OP.end) nested--;
      if (nested > limits.guestNesting) {
        fail(
          "wasm-limit",
          { what: "nesting", found: nested, limit: limits.guestNesting },
          this.where(),
        );
      }
      this.skipped++;
    }
    this.skippedAfterEnd = this.deadAfterEnd && this.skipped !== before;
  }

  /**
   * Goes to the next live instruction and answers its dense code, or -1 after the body's last `end`. At
   * `end` and `else` the frame is still open: `depth` names it; the next call closes it.
   */
  next(): number {
    if (this.closing) {
      this.closing = false;
      this.depth--;
      if (this.depth < 0) return this.finish();
    }
    if (this.dead) {
      this.skipDead();
      this.falls = false;
      return this.step(this.code);
    }
    const code = this.decode();
    this.falls = true;
    if (CONTROL[code] === 0) return code;
    this.skippedAfterEnd = false;
    return this.step(code);
  }

  private finish(): number {
    if (this.pos !== this.end) {
      fail("wasm-body", { what: `${this.end - this.pos} bytes follow its last end` }, this.where());
    }
    return -1;
  }

  private step(code: number): number {
    switch (code) {
      case OP.block:
      case OP.loop:
      case OP.if:
        this.push(code);
        break;
      case OP.else: {
        if (this.frameCode[this.depth] !== OP.if) {
          fail("wasm-body", { what: "an else without its if" }, this.where());
        }
        this.frameCode[this.depth] = OP.else;
        if (this.falls) this.reached[this.depth] = 1;
        this.dead = false;
        break;
      }
      case OP.end: {
        const kind = this.frameCode[this.depth];
        const implicitArm = kind === OP.if;
        const left =
          this.falls || implicitArm || (kind !== OP.loop && this.reached[this.depth] === 1);
        this.dead = !left;
        this.deadAfterEnd = !left;
        this.closing = true;
        break;
      }
      case OP.br:
        this.target(this.a);
        this.die();
        break;
      case OP.brIf:
        this.target(this.a);
        break;
      case OP.brTable:
        for (let i = 0; i < this.targetCount; i++) this.reached[this.depth - this.targets[i]!] = 1;
        this.die();
        break;
      case OP.return:
      case OP.unreachable:
        this.die();
        break;
    }
    return code;
  }

  private die(): void {
    this.dead = true;
    this.deadAfterEnd = false;
  }

  /** At `end`: whether any live edge leaves the construct. */
  get leaves(): boolean {
    return !this.dead;
  }
}

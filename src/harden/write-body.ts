// Writes one rewritten body: the guest's instructions with their indices moved and encodings made shortest,
// dead code left out, and every planned template in its place. Decides nothing.
import { I64 } from "../spec/binary.ts";
import { injectedOffset } from "../spec/layout.ts";
import type { Writer } from "../util/bytes.ts";
import { writeShortest } from "../wasm/reencode.ts";
import { OP, Walker } from "../wasm/walker.ts";
import { AT_ENTRY, EDIT } from "./meter-bound.ts";
import { bulkKind } from "./surveyor.ts";
import { Templates } from "./templates.ts";

/** Indices of the module being written. */
export interface Indices {
  /** New index of every old function: a guest function's, or that of the thunk or stub in its place. */
  readonly func: Int32Array;
  /** Likewise where an address is taken: a trampoline for an import. */
  readonly address: Int32Array;
  readonly firstGlobal: number;
  readonly bulkBytes: number;
  readonly bulkElems: number;
  readonly grow: number;
  /** 1 where a call may look at the fuel, by old function index. */
  readonly observes: Uint8Array;
  /** What reports a trap for want; null without telemetry. */
  readonly exhausted: number | null;
  /** Weight of counted call_indirect sites by structural type id, and the ids. */
  readonly siteWeight: Float64Array;
  readonly typeIds: Int32Array;
}

export interface BodyPlan {
  readonly start: number;
  readonly end: number;
  readonly func: number;
  /** Number of parameters: the fuel local follows them and the declared locals. */
  readonly params: number;
  readonly local: boolean;
  readonly wrapped: boolean;
  /** Block type for the wrapping block: a value type byte, BLOCK_EMPTY, or a type index ≥ 0 as -1 − index. */
  readonly blockType: number;
  /** Stack bytes of a counted function, else 0. */
  readonly weight: number;
  /** Entry charge, 0 for none; in exact mode a test. */
  readonly entry: number;
  readonly edits: Int32Array;
  readonly from: number;
  readonly to: number;
}

const FUEL = injectedOffset("fuel");
const STACK = injectedOffset("stack");

export class BodyWriter {
  readonly #w = new Walker();
  readonly #out: Writer;
  readonly #code: Uint8Array;
  readonly #ix: Indices;
  readonly #t: Templates;
  #pending = 0;

  constructor(code: Uint8Array, indices: Indices, out: Writer) {
    this.#code = code;
    this.#ix = indices;
    this.#out = out;
    const { firstGlobal, exhausted } = indices;
    this.#t = new Templates(out, firstGlobal + FUEL, firstGlobal + STACK, exhausted);
  }

  #locals(plan: BodyPlan): void {
    const w = this.#w;
    const out = this.#out;
    out.u32(w.localGroups + (plan.local ? 1 : 0));
    for (let g = 0; g < w.localGroups; g++) {
      out.u32(w.localCounts[g]!);
      out.u8(w.localTypes[g]!);
    }
    if (!plan.local) return;
    out.u32(1);
    out.u8(I64);
    this.#t.local = plan.params + w.localTotal;
  }

  #edit(kind: number, value: number, local: boolean, first: boolean): void {
    if (kind === EDIT.charge && local && first) this.#t.enter(value);
    else if (kind === EDIT.charge) this.#t.charge(value, local);
    else if (kind === EDIT.sub) this.#t.sub(value, local);
    else this.#t.test(value, local);
  }

  /** Copies what was passed over unchanged, up to `to`. */
  #flushTo(to: number): void {
    this.#out.slice(this.#code, this.#pending, to);
    this.#pending = to;
  }

  /** Appends one rewritten body to the output; answers how many dead instructions were left out. */
  write(plan: BodyPlan): number {
    const w = this.#w;
    const out = this.#out;
    const { local, edits } = plan;
    w.open(this.#code, plan.start, plan.end, plan.func);
    this.#locals(plan);
    let edit = plan.from;
    // The entry: charge or load, then the stack, then the block that early returns leave by.
    if (edit < plan.to && edits[edit] === AT_ENTRY) {
      for (let first = true; edit < plan.to && edits[edit] === AT_ENTRY; edit += 3, first = false) {
        const kind = edits[edit + 1]!;
        if (first && local && kind !== EDIT.charge) this.#t.load();
        this.#edit(kind, edits[edit + 2]!, local, first);
      }
    } else if (plan.entry > 0) this.#edit(EDIT.charge, plan.entry, local, true);
    else if (local) this.#t.load();
    if (plan.weight > 0) this.#t.stackIn(plan.weight);
    if (plan.wrapped) this.#block(plan.blockType);
    this.#pending = w.pos;
    let leaves = true;
    let returned = false;
    for (let code = w.next(); code >= 0; code = w.next()) {
      if (!w.falls) this.#resume();
      if (code === OP.end && w.depth === 0) {
        leaves = w.leaves || returned;
        break;
      }
      if (code === OP.return) returned = plan.wrapped;
      this.#instruction(code, plan);
      if (edit < plan.to && edits[edit]! <= w.pos) {
        this.#flushTo(w.pos);
        edit = this.#editsAt(plan, edit, w.pos);
      }
    }
    this.#flushTo(w.at);
    if (plan.wrapped) out.u8(OP.end);
    if (edit < plan.to) this.#editsAt(plan, edit, w.pos);
    if (leaves) {
      if (local) this.#t.flush();
      if (plan.weight > 0) this.#t.stackOut(plan.weight);
    }
    out.u8(OP.end);
    w.next();
    return w.skipped;
  }

  #editsAt(plan: BodyPlan, first: number, offset: number): number {
    let edit = first;
    while (edit < plan.to && plan.edits[edit]! <= offset) {
      this.#edit(plan.edits[edit + 1]!, plan.edits[edit + 2]!, plan.local, false);
      edit += 3;
    }
    return edit;
  }

  #block(type: number): void {
    this.#out.u8(OP.block);
    if (type < 0) this.#out.signed(-1 - type);
    else this.#out.u8(type);
  }

  /** After skipped code: what was skipped is not copied. */
  #resume(): void {
    const w = this.#w;
    if (w.at === w.deadFrom) return;
    this.#out.slice(this.#code, this.#pending, w.deadFrom);
    if (w.skippedAfterEnd) this.#out.u8(OP.unreachable);
    this.#pending = w.at;
  }

  #instruction(code: number, plan: BodyPlan): void {
    const w = this.#w;
    const out = this.#out;
    switch (code) {
      case OP.call: {
        this.#flushTo(w.at);
        const observes = plan.local && this.#ix.observes[w.a] === 1;
        if (observes) this.#t.flush();
        out.u8(code);
        out.u32(this.#ix.func[w.a]!);
        if (observes) this.#t.load();
        this.#pending = w.pos;
        return;
      }
      case OP.callIndirect:
        this.#flushTo(w.at);
        this.#indirect(plan);
        this.#pending = w.pos;
        return;
      case OP.refFunc:
        this.#flushTo(w.at);
        out.u8(code);
        out.u32(this.#ix.address[w.a]!);
        this.#pending = w.pos;
        return;
      case OP.memoryGrow:
        this.#flushTo(w.at);
        if (plan.local) this.#t.flush();
        out.u8(OP.call);
        out.u32(this.#ix.grow);
        if (plan.local) this.#t.load();
        this.#pending = w.pos;
        return;
      case OP.return:
        if (!plan.wrapped) return;
        this.#flushTo(w.at);
        out.u8(OP.br);
        out.u32(w.depth);
        this.#pending = w.pos;
        return;
    }
    const bulk = bulkKind[code]!;
    if (bulk !== 0) {
      this.#flushTo(w.at);
      if (plan.local) this.#t.flush();
      out.u8(OP.call);
      out.u32(bulk === 1 ? this.#ix.bulkBytes : this.#ix.bulkElems);
      this.#shortest();
      if (plan.local) this.#t.load();
    } else if (w.padded) {
      this.#flushTo(w.at);
      this.#shortest();
    }
  }

  #shortest(): void {
    writeShortest(this.#w, this.#out);
    this.#pending = this.#w.pos;
  }

  #indirect(plan: BodyPlan): void {
    const w = this.#w;
    const weight = plan.weight > 0 ? 0 : this.#ix.siteWeight[this.#ix.typeIds[w.a]!]!;
    if (plan.local) this.#t.flush();
    if (weight > 0) this.#t.stackIn(weight);
    this.#out.u8(OP.callIndirect);
    this.#out.u32(w.a);
    this.#out.u32(w.b);
    if (weight > 0) this.#t.stackOut(weight);
    if (plan.local) this.#t.load();
  }
}

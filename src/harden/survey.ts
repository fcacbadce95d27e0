// One walk over every body, before anything is changed: who calls whom, which loops there are, how large a
// frame is. Checks every index that a body names, so that later passes need not. Only live code counts.
import { type Module, typeKey } from "../wasm/module.ts";
import { Surveyor } from "./surveyor.ts";

export interface Survey {
  /** Number of imported functions; defined function i has index imported + i. */
  readonly imported: number;
  readonly count: number;
  /** Structural type id of each type index. */
  readonly typeIds: Int32Array;
  /** Type index of each function, imported ones first. */
  readonly typeOf: Int32Array;
  readonly flags: Uint8Array;
  /** Estimated stack bytes of one call (rule A26), an upper bound that includes the templates. */
  readonly frame: Float64Array;
  /** Declared locals, v128 counted twice: what a call zeroes. */
  readonly localSlots: Int32Array;
  /** Direct calls in order, by defined function: calls[callStart[i]..callStart[i+1]) are function indices. */
  readonly callStart: Int32Array;
  readonly calls: Int32Array;
  /** Indirect calls likewise, as type indices. */
  readonly indirectStart: Int32Array;
  readonly indirects: Int32Array;
  /** Loops likewise, LOOP_STRIDE numbers each: first direct call inside, end of them, 1 if it observes otherwise, its ways back (BACK). */
  readonly loopStart: Int32Array;
  readonly loops: Int32Array;
  /** Functions named by `ref.func` in code. */
  readonly refFuncs: ReadonlySet<number>;
  /** Tables that some `table.grow` names. */
  readonly grownTables: ReadonlySet<number>;
  /** Live uses of memory.init or data.drop exist (they need the datacount section). */
  readonly namesData: boolean;
}

/** Walks every body of a decoded module. Throws a Failure blamed on the input. */
export function survey(module: Module): Survey {
  const count = module.funcs.length;
  const surveyor = new Surveyor(module);
  const flags = new Uint8Array(count);
  const frame = new Float64Array(count);
  const localSlots = new Int32Array(count);
  const callStart = new Int32Array(count + 1);
  const indirectStart = new Int32Array(count + 1);
  const loopStart = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) {
    const facts = surveyor.walk(i);
    flags[i] = facts.flags;
    frame[i] = facts.frame;
    localSlots[i] = facts.slots;
    callStart[i + 1] = surveyor.calls.length;
    indirectStart[i + 1] = surveyor.indirects.length;
    loopStart[i + 1] = surveyor.loops.length;
  }
  const ids = new Map<string, number>();
  const typeIds = Int32Array.from(module.types, (type) => {
    const key = typeKey(type);
    const id = ids.get(key) ?? ids.size;
    ids.set(key, id);
    return id;
  });
  return {
    imported: surveyor.imported,
    count,
    typeIds,
    typeOf: surveyor.typeOf,
    flags,
    frame,
    localSlots,
    callStart,
    calls: surveyor.calls.done(),
    indirectStart,
    indirects: surveyor.indirects.done(),
    loopStart,
    loops: surveyor.loops.done(),
    refFuncs: surveyor.refFuncs,
    grownTables: surveyor.grownTables,
    namesData: surveyor.namesData,
  };
}

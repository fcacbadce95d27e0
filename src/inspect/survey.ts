// One walk over every body: who calls whom, which types are called through tables, which functions have
// their address taken, which features the code uses. Rows are compressed: a plugin may have 200,000 functions
// and millions of calls. Only live code counts; every index that is used here is checked.
import { fail } from "../errors/failure.ts";
import { type Feature, OPCODE_SPACE, opcodes } from "../spec/opcodes.ts";
import { u32Size } from "../util/bytes.ts";
import { funcImports, type Module, typeKey } from "../wasm/module.ts";
import { OP, Walker } from "../wasm/walker.ts";

export type UsedFeature =
  | Exclude<Feature, "mvp">
  | "multi-value"
  | "mutable-globals"
  | "overlong-indices";

/** Rows of numbers: those of row i are items[start[i]..start[i + 1]). */
export interface Rows {
  readonly start: Int32Array;
  readonly items: Int32Array;
}

export interface CodeSurvey {
  /** Imported functions; defined function i has index imported + i. */
  readonly imported: number;
  /** All functions. */
  readonly count: number;
  /** Structural type of each function: equal types have equal numbers. */
  readonly typeOf: Int32Array;
  /** Direct calls by defined function, as function indices, in order. */
  readonly calls: Rows;
  /** How many of them come before the first branch of the body: these happen whenever the function runs. */
  readonly certain: Int32Array;
  /** Indirect calls by defined function, as structural types. */
  readonly indirect: Rows;
  /** Functions that a table or `ref.func` can name. */
  readonly addressed: Uint8Array;
  readonly features: ReadonlySet<UsedFeature>;
  /** The code has a live memory.grow. */
  readonly grows: boolean;
}

/** Numbers that grow in number; plain arrays take too much for megabytes of code. */
class Numbers {
  #items = new Int32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#items.length) {
      const bigger = new Int32Array(this.length * 2);
      bigger.set(this.#items);
      this.#items = bigger;
    }
    this.#items[this.length++] = value;
  }

  done(): Int32Array {
    return this.#items.subarray(0, this.length);
  }
}

const featureOf: (UsedFeature | undefined)[] = new Array(OPCODE_SPACE).fill(undefined);
for (const row of opcodes) if (row.feature !== "mvp") featureOf[row.code] = row.feature;

/** Where control may go elsewhere than on: what follows is no longer certain to run. */
const branches = new Uint8Array(OPCODE_SPACE);
for (const code of [OP.if, OP.br, OP.brIf, OP.brTable, OP.return, OP.unreachable, OP.loop]) {
  branches[code] = 1;
}

function structuralTypes(module: Module): Int32Array {
  const ids = new Map<string, number>();
  return Int32Array.from(module.types, (type) => {
    const key = typeKey(type);
    const id = ids.get(key) ?? ids.size;
    ids.set(key, id);
    return id;
  });
}

/** Features that show in the sections, without a look at the code. */
function declaredFeatures(module: Module, imported: ReadonlySet<number>): Set<UsedFeature> {
  const used = new Set<UsedFeature>();
  const { types, tables, elems, datas } = module;
  if (types.some((type) => type.results.length > 1)) used.add("multi-value");
  const exported = module.exports.filter(
    (one) => one.kind === "global" && !imported.has(one.index),
  );
  const first = imported.size;
  if (exported.some((one) => module.globals[one.index - first]?.mutable))
    used.add("mutable-globals");
  if (module.dataCount !== null || datas.some((one) => one.offset === null))
    used.add("bulk-memory");
  if (elems.some((one) => one.offset === null)) used.add("bulk-memory");
  if (tables.length > 1 || elems.some((one) => one.table !== 0)) used.add("reference-types");
  return used;
}

/** Functions named by element segments and by constant expressions. */
function addressedInSections(module: Module, addressed: Uint8Array): void {
  const mark = (func: number) => {
    if (func >= addressed.length) {
      const where = { at: "bytes", offset: 0, section: "global" } as const;
      fail("wasm-index", { what: "function", index: func, count: addressed.length }, where);
    }
    addressed[func] = 1;
  };
  for (const { items } of module.elems) for (const item of items) if (item !== null) mark(item);
  for (const { init } of module.globals) if (init.op === "ref.func") mark(init.func);
}

/** Walks a decoded module. Throws the codec's failures, and no other, whatever the bytes. */
export function surveyCode(module: Module): CodeSurvey {
  const imports = funcImports(module);
  const defined = module.funcs.length;
  const typeIds = structuralTypes(module);
  const typeOf = new Int32Array(imports.length + defined);
  imports.forEach(({ desc }, i) => {
    typeOf[i] = typeIds[desc.kind === "func" ? desc.type : 0]!;
  });
  for (let i = 0; i < defined; i++) typeOf[imports.length + i] = typeIds[module.funcs[i]!]!;
  const addressed = new Uint8Array(typeOf.length);
  addressedInSections(module, addressed);
  const globals = module.imports.filter((one) => one.desc.kind === "global").map((_, i) => i);
  const features = declaredFeatures(module, new Set(globals));
  const calls = new Numbers();
  const indirect = new Numbers();
  const callStart = new Int32Array(defined + 1);
  const indirectStart = new Int32Array(defined + 1);
  const certain = new Int32Array(defined);
  let grows = false;
  const walker = new Walker();
  const index = (what: string, value: number, count: number) => {
    if (value >= count) fail("wasm-index", { what, index: value, count }, walker.where());
  };
  for (let i = 0; i < defined; i++) {
    const { code, start, end } = module.bodies;
    walker.open(code, start[i]!, end[i]!, imports.length + i);
    let straight = true;
    for (let op = walker.next(); op >= 0; op = walker.next()) {
      const feature = featureOf[op];
      if (feature !== undefined) features.add(feature);
      if (branches[op] === 1) straight = false;
      if (op === OP.call) {
        index("function", walker.a, typeOf.length);
        calls.push(walker.a);
        if (straight) certain[i] = certain[i]! + 1;
      } else if (op === OP.callIndirect) {
        index("type", walker.a, typeIds.length);
        indirect.push(typeIds[walker.a]!);
        if (walker.padded || walker.pos - walker.operands > u32Size(walker.a) + u32Size(walker.b)) {
          features.add("overlong-indices");
        }
      } else if (op === OP.refFunc) {
        index("function", walker.a, typeOf.length);
        addressed[walker.a] = 1;
      } else if (op === OP.memoryGrow) grows = true;
      else if (op <= OP.if && op >= OP.block && walker.a >= 0) features.add("multi-value");
    }
    callStart[i + 1] = calls.length;
    indirectStart[i + 1] = indirect.length;
  }
  return {
    imported: imports.length,
    count: typeOf.length,
    typeOf,
    calls: { start: callStart, items: calls.done() },
    certain,
    indirect: { start: indirectStart, items: indirect.done() },
    addressed,
    features,
    grows,
  };
}

// The plan of a hardening: the ordered list of passes from a plugin's bytes to contained bytes. What it
// writes is only ever handed out by `contain`, which asks verify first.
import { fail } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { costTables } from "../spec/costs.ts";
import { FORMAT, RESERVED } from "../spec/layout.ts";
import { sha256 } from "../util/digest.ts";
import { version } from "../util/version.ts";
import { decode } from "../wasm/decode.ts";
import { emit } from "../wasm/emit.ts";
import { type Module, placeOf } from "../wasm/module.ts";
import { addTrampolines } from "./add-trampolines.ts";
import { assemble, TypeTable } from "./assemble.ts";
import { capMemory, capTables } from "./cap-memory.ts";
import { abiOf, checkExports } from "./check-exports.ts";
import { checkImports } from "./check-imports.ts";
import {
  type Context,
  type Generated,
  generate,
  generateWrappers,
  type Needs,
} from "./generate.ts";
import { limitStack, type StackPlan } from "./limit-stack.ts";
import { meterFuel } from "./meter-fuel.ts";
import { Prices } from "./prices.ts";
import { type HardenReport, reportOf } from "./report.ts";
import { newIndices, type Rewrite, writeBodies } from "./rewrite.ts";
import { type Survey, survey } from "./survey.ts";
import { DOES } from "./surveyor.ts";

export interface Hardened {
  readonly bytes: Uint8Array;
  readonly report: HardenReport;
}

function refuseHardened(module: Module): void {
  const stamp = module.customs.find((custom) => custom.name === RESERVED);
  if (stamp !== undefined)
    fail("harden-already", { what: `it carries the stamp section ${RESERVED}` });
  const entry = module.exports.find((one) => one.name.startsWith(`${RESERVED}_`));
  if (entry === undefined) return;
  fail("harden-already", { what: `it exports ${entry.name}` }, placeOf(module, "export"));
}

/** Functions that elements, `ref.func` or global initialisers name. */
function addressTaken(module: Module, s: Survey): ReadonlySet<number> {
  const taken = new Set<number>(s.refFuncs);
  for (const elem of module.elems)
    for (const item of elem.items) if (item !== null) taken.add(item);
  for (const { init } of module.globals) if (init.op === "ref.func") taken.add(init.func);
  return taken;
}

function usedImports(module: Module, s: Survey): boolean[] {
  const used = new Array<boolean>(module.imports.length).fill(false);
  for (const func of s.calls) if (func < s.imported) used[func] = true;
  return used;
}

/** Walks the module; where code takes an import's address, again with trampolines in place. */
function surveyed(module: Module): {
  module: Module;
  s: Survey;
  address: (func: number) => number;
} {
  const first = addTrampolines(module, []);
  const s = survey(first.module);
  const inCode = [...s.refFuncs].filter((func) => func < s.imported);
  if (inCode.length === 0) return { ...first, s };
  const again = addTrampolines(module, inCode);
  return { ...again, s: survey(again.module) };
}

function markCharged(needs: Needs, taken: ReadonlySet<number>, s: Survey): Uint8Array {
  const charged = new Uint8Array(s.count);
  const mark = (func: number | null) => {
    if (func !== null) charged[func - s.imported] = 1;
  };
  for (const func of taken) mark(func);
  // An allocator is entered inside host calls, where nothing is kept back for its entry.
  for (const entry of needs.entries) if (entry.kind === "allocator") mark(entry.func);
  mark(needs.start);
  return charged;
}

function makePrices(module: Module, s: Survey, stack: StackPlan, g: Generated, c: Context): Prices {
  const params = Uint8Array.from(module.types, (type) => type.params.length);
  const results = Uint8Array.from(module.types, (type) => type.results.length);
  return new Prices(c.ground.costs, s, params, results, stack.siteWeight, {
    imports: Float64Array.from(g.places, (place) => place.cost),
    bulkBytes: g.bulkBytes.cost,
    bulkElems: g.bulkElems.cost,
    grow: g.grow.cost,
  });
}

/** JSON of the stamp: a hint for people that verify never reads. */
function stampJson(policy: Policy, original: string): string {
  return JSON.stringify({
    format: FORMAT,
    tool: version(),
    policy: policy.digest,
    costs: policy.limits.fuel.costs,
    mode: policy.limits.fuel.mode,
    original,
  });
}

/**
 * Rewrites a plugin so that it is contained under the policy. Deterministic: the same input and policy give
 * the same bytes on any machine. Throws a Failure with a `wasm-…`, `harden-…` or `policy-…` code. The result
 * is not verified yet: use `contain`.
 */
export function harden(bytes: Uint8Array, policy: Policy): Hardened {
  const input = decode(bytes);
  refuseHardened(input);
  const abi = abiOf(input);
  const imports = checkImports(input, policy, abi);
  const { module, s, address } = surveyed(input);
  const typeOf = (func: number) => module.types[s.typeOf[func]!]!;
  const costs = costTables[policy.limits.fuel.costs];
  const has = (bit: number) => s.flags.some((flags) => (flags & bit) !== 0);
  const used = usedImports(module, s);
  const calls = imports.some(
    ({ row, allowed }, i) => allowed && used[i] && row.name === "proxy_http_call",
  );
  const needs: Needs = {
    imports,
    used,
    bulkBytes: has(DOES.bulk),
    bulkElems: has(DOES.bulkElems),
    grow: has(DOES.grow),
    entries: checkExports(module, policy, abi, typeOf, calls),
    start: module.start,
  };
  const memory = capMemory(module, policy.limits.memoryPages);
  const tables = capTables(module, s.grownTables);
  const context: Context = {
    policy,
    ground: {
      costs,
      firstGlobal: module.globals.length,
      slots: policy.limits.fuel.request === null ? 0 : policy.limits.streams,
      metrics: 0,
    },
    abi,
    segments: module.datas.length,
  };
  const generated = generate(needs, context);
  const taken = new Set([...addressTaken(module, s)].map(address));
  const { bulkBytes, bulkElems, grow } = generated;
  const called = [...generated.places, bulkBytes, bulkElems, grow];
  const { stackBytes, callDepth } = policy.limits;
  const stack = limitStack(
    s,
    module.bodies.start,
    taken,
    Math.max(0, ...called.map(({ stack }) => stack)),
    stackBytes,
    callDepth,
  );
  const prices = makePrices(module, s, stack, generated, context);
  const charged = markCharged(needs, taken, s);
  const exported = needs.entries.flatMap(({ func }) => (func === null ? [] : [func - s.imported]));
  const { mode } = policy.limits.fuel;
  const fuel = meterFuel(module, s, prices, charged, exported, stack.funcWeight, mode);
  const types = new TypeTable(module.types);
  const rewrite: Rewrite = { module, s, address, generated, context, stack, fuel, prices, types };
  const indices = newIndices(rewrite);
  const bodies = writeBodies(rewrite, indices);
  const original = sha256(bytes);
  const out = emit(
    assemble({
      original: module,
      types,
      generated,
      slots: context.ground.slots,
      wrappers: generateWrappers(needs, generated, typeOf),
      entries: needs.entries,
      newIndex: indices.addresses,
      memory,
      tables,
      refFuncs: s.refFuncs,
      namesData: s.namesData,
      code: bodies.code,
      start: bodies.start,
      end: bodies.end,
      stamp: stampJson(policy, original),
    }),
  );
  return {
    bytes: out,
    report: {
      ...reportOf(rewrite, input, needs, policy, bodies.dead),
      original: { sha256: original, bytes: bytes.length },
      hardened: { sha256: sha256(out), bytes: out.length },
      memory: { min: memory.min, max: memory.max!, was: module.memories[0]!.max },
    },
  };
}

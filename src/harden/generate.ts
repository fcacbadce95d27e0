// Plans the generated functions of one hardened module, in the order of docs/containment.md: imports, thunks,
// stubs, helpers, wrappers; guest functions follow. Indices are settled here, once.
import { fail } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import type { CostTable } from "../spec/costs.ts";
import type { AbiVersion, HostFunction } from "../spec/host-function-row.ts";
import { hostFunction, hostFunctionIndex } from "../spec/host-functions.ts";
import { WINDOW } from "../spec/layout.ts";
import type { FuncType } from "../wasm/module.ts";
import type { Body, Target } from "./bodies/asm.ts";
import { closeBody, enterBody, openBody, wrapperBody } from "./bodies/entries.ts";
import { backBody, bulkBody, crossBody, denyBody, growBody, reachBody } from "./bodies/helpers.ts";
import { denialText, stubBody } from "./bodies/stub.ts";
import { crosses, thunkBody } from "./bodies/thunk.ts";
import type { EntryExport } from "./check-exports.ts";
import type { HostImport } from "./check-imports.ts";

/** What the guest's live code and the module's other parts need. */
export interface Needs {
  readonly imports: readonly HostImport[];
  /** Whether anything names the import, by import index. */
  readonly used: readonly boolean[];
  readonly bulkBytes: boolean;
  readonly bulkElems: boolean;
  readonly grow: boolean;
  readonly entries: readonly EntryExport[];
  /** Old index of the start function. */
  readonly start: number | null;
}

export interface Generated {
  /** Imports of the hardened module, sorted. */
  readonly imports: readonly { readonly module: string; readonly row: HostFunction }[];
  /** All generated functions before the wrappers, with a name each. */
  readonly functions: readonly { readonly name: string; readonly body: Body }[];
  /** New index, and own cost, of what takes the place of each old import. */
  readonly places: readonly Target[];
  readonly bulkBytes: Target;
  readonly bulkElems: Target;
  readonly grow: Target;
  readonly open: Target;
  readonly close: Target;
  /** New index of the first wrapper and of the first guest function. */
  readonly firstWrapper: number;
  readonly firstGuest: number;
  /** Content of the passive segment, empty where there is none. */
  readonly messages: Uint8Array;
  readonly denied: readonly HostFunction[];
}

export interface Context {
  readonly policy: Policy;
  readonly costs: CostTable;
  readonly firstGlobal: number;
  readonly abi: AbiVersion;
  /** Number of the guest's data segments: the passive one comes after them. */
  readonly segments: number;
}

const NOWHERE: Target = { index: -1, params: 0, cost: 0 };

function byName<T extends { module: string; row: HostFunction }>(a: T, b: T): number {
  const left = `${a.module}\0${a.row.name}`;
  const right = `${b.module}\0${b.row.name}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Imports that stay: allowed and used, once each; and proxy_log where denials are to be logged. */
function keptImports(
  needs: Needs,
  log: HostFunction | null,
): { module: string; row: HostFunction }[] {
  const kept = new Map<string, { module: string; row: HostFunction }>();
  needs.imports.forEach(({ module, row, allowed }, i) => {
    if (allowed && needs.used[i]) kept.set(`${module}.${row.name}`, { module, row });
  });
  if (log !== null) kept.set(`env.${log.name}`, { module: "env", row: log });
  return [...kept.values()].sort(byName);
}

function deniedRows(needs: Needs): HostFunction[] {
  const rows = new Map<string, HostFunction>();
  needs.imports.forEach(({ row, allowed }, i) => {
    if (!allowed && needs.used[i]) rows.set(row.name, row);
  });
  return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether denials can be logged: the policy allows proxy_log and this ABI has it. */
function logRow(context: Context): HostFunction | null {
  const row = hostFunction("env", "proxy_log");
  if (row === undefined || !context.policy.allow.has(row.name)) return null;
  return row.abis.includes(context.abi) ? row : null;
}

/** Plans all generated functions but the wrappers, which need the guest's indices and types. */
export function generate(needs: Needs, context: Context): Generated {
  const { policy, costs, firstGlobal } = context;
  const denied = deniedRows(needs);
  const log = denied.length > 0 ? logRow(context) : null;
  const imports = keptImports(needs, log);
  const functions: { name: string; body: Body }[] = [];
  const targets = new Map<string, Target>();
  const add = (key: string, body: Body): Target => {
    const index = imports.length + functions.length;
    functions.push({ name: key, body });
    const target = { index, params: body.params.length, cost: body.cost };
    targets.set(key, target);
    return target;
  };
  // Thunks call `cross`, `reach` and `back`, and stubs call `deny`, which stand after them: their indices follow from counts.
  const denyIndex = imports.length * 2 + denied.length;
  const helpers = [log !== null, needs.bulkBytes, needs.bulkElems, needs.grow];
  const crossBefore = helpers.filter((present) => present).length;
  const crossing = imports.some(({ row }) => crosses(row));
  const cross = crossBody(costs, firstGlobal);
  const crossAt = denyIndex + crossBefore;
  const reachAt = crossAt + (crossing ? 1 : 0);
  const reach = reachBody(costs, firstGlobal);
  const back = backBody(costs, firstGlobal);
  const around = {
    cross: { index: crossAt, params: 1, cost: cross.cost },
    reach: { index: reachAt, params: 0, cost: reach.cost },
    back: { index: reachAt + 1, params: 0, cost: back.cost },
  };
  imports.forEach(({ module, row }, i) => {
    add(`thunk ${module}.${row.name}`, thunkBody(row, i, around, costs, firstGlobal));
  });
  const deny =
    log === null
      ? null
      : denyBody(context.segments, targets.get("thunk env.proxy_log")!, costs, firstGlobal);
  const denyTarget = deny === null ? NOWHERE : { index: denyIndex, params: 2, cost: deny.cost };
  const texts: string[] = [];
  let offset = 0;
  for (const row of denied) {
    const text = denialText(row);
    if (text.length > WINDOW.bytes) fail("harden-message", { name: row.name, limit: WINDOW.bytes });
    const message = deny === null ? null : { deny: denyTarget, offset, length: text.length };
    const number = hostFunctionIndex(row);
    add(`stub ${row.name}`, stubBody(row, number, policy.denied, message, costs, firstGlobal));
    texts.push(text);
    offset += text.length;
  }
  if (deny !== null) add("deny", deny);
  const bulkBytes = needs.bulkBytes
    ? add("bulkBytes", bulkBody("bytes", costs, firstGlobal))
    : NOWHERE;
  const bulkElems = needs.bulkElems
    ? add("bulkElems", bulkBody("elems", costs, firstGlobal))
    : NOWHERE;
  const { memoryPages, onMemoryCap } = policy.limits;
  const grow = needs.grow
    ? add("grow", growBody(memoryPages, onMemoryCap, costs, firstGlobal))
    : NOWHERE;
  if (crossing) add("cross", cross);
  if (imports.length > 0) {
    add("reach", reach);
    add("back", back);
  }
  const firstWrapper = imports.length + functions.length + 3;
  const firstGuest = firstWrapper + needs.entries.length;
  const start =
    needs.start === null
      ? null
      : { index: needs.start - needs.imports.length + firstGuest, params: 0, cost: 0 };
  const enter = add("enter", enterBody(start, policy, costs, firstGlobal));
  const open = add("open", openBody(enter, policy, costs, firstGlobal));
  const close = add("close", closeBody(costs, firstGlobal));
  const places = needs.imports.map(({ module, row, allowed }, i) => {
    if (!needs.used[i]) return NOWHERE;
    return targets.get(allowed ? `thunk ${module}.${row.name}` : `stub ${row.name}`)!;
  });
  const messages = new TextEncoder().encode(deny === null ? "" : texts.join(""));
  return {
    imports,
    functions,
    places,
    bulkBytes,
    bulkElems,
    grow,
    open,
    close,
    firstWrapper,
    firstGuest,
    messages,
    denied,
  };
}

/** The wrappers, one per entry; `typeOf` gives the type of an old function index. */
export function generateWrappers(
  needs: Needs,
  generated: Generated,
  context: Context,
  typeOf: (func: number) => FuncType,
): readonly { readonly name: string; readonly body: Body }[] {
  const { policy, costs, firstGlobal } = context;
  return needs.entries.map(({ name, func, kind }) => {
    const type = func === null ? { params: [], results: [] } : typeOf(func);
    const target =
      func === null
        ? null
        : {
            index: func - needs.imports.length + generated.firstGuest,
            params: type.params.length,
            cost: 0,
          };
    const plan = { kind, type, target, open: generated.open, close: generated.close };
    return { name: `entry ${name}`, body: wrapperBody(plan, policy, costs, firstGlobal) };
  });
}

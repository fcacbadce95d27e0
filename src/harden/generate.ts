// Plans the generated functions of one hardened module, in the order of docs/containment.md: imports, thunks,
// stubs, helpers, guards, slots, wrappers; guest functions follow. Indices are settled here, once.
import { fail } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import type { AbiVersion, HostFunction } from "../spec/host-function-row.ts";
import { hostFunction, hostFunctionIndex } from "../spec/host-functions.ts";
import { WINDOW } from "../spec/layout.ts";
import type { FuncType } from "../wasm/module.ts";
import { type Body, type Ground, type Target, targetOf } from "./bodies/asm.ts";
import { type EntryPlan, enterBody, wrapperBody } from "./bodies/entries.ts";
import { mayDeny } from "./bodies/guards/checks.ts";
import { type Guards, planGuards } from "./bodies/guards/plan.ts";
import { inUsed } from "./bodies/guards/spend.ts";
import { bulkBody, denyBody, growBody } from "./bodies/helpers.ts";
import { slotFunctions } from "./bodies/slots.ts";
import { denialText, stubBody } from "./bodies/stub.ts";
import { inPairs, keepsToken, thunkBody } from "./bodies/thunk.ts";
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
  /** What all wrappers share. */
  readonly entry: EntryPlan;
  /** New index of the first wrapper and of the first guest function. */
  readonly firstWrapper: number;
  readonly firstGuest: number;
  /** Content of the passive segment, empty where there is none. */
  readonly messages: Uint8Array;
  /** Host functions that the guest uses and the policy does not allow. */
  readonly denied: readonly HostFunction[];
}

export interface Context {
  readonly policy: Policy;
  readonly ground: Ground;
  readonly abi: AbiVersion;
  /** Number of the guest's data segments: the passive one comes after them. */
  readonly segments: number;
}

const NOWHERE: Target = { index: -1, params: 0, results: 0, cost: 0, stack: 0 };

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

/** The imports that stay, and every host function that has a stub: denied ones, and those whose check may deny. */
function importsAndStubs(needs: Needs, context: Context) {
  const denied = deniedRows(needs);
  const stubs = (kept: readonly { row: HostFunction }[]) => {
    const checked = kept.flatMap(({ row }) => (mayDeny(row, context.policy) ? [row] : []));
    const rows = new Map([...denied, ...checked].map((row) => [row.name, row]));
    return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const used = keptImports(needs, null);
  const log = stubs(used).length > 0 ? logRow(context) : null;
  const imports = keptImports(needs, log);
  return { denied, log, imports, stubs: stubs(imports) };
}

/** Adds functions one after the other; the next index follows from what is there. */
class Functions {
  readonly list: { name: string; body: Body }[] = [];
  readonly #first: number;

  constructor(first: number) {
    this.#first = first;
  }

  get next(): number {
    return this.#first + this.list.length;
  }

  add(name: string, body: Body): Target {
    this.list.push({ name, body });
    return targetOf(this.next - 1, body);
  }

  addAll(more: readonly { readonly name: string; readonly body: Body }[]): void {
    this.list.push(...more);
  }
}

/** The stubs, and the text of what they log; `deny` is null where nothing is logged. */
function addStubs(
  functions: Functions,
  rows: readonly HostFunction[],
  deny: Target | null,
  { policy, ground }: Context,
): { targets: ReadonlyMap<string, Target>; text: string } {
  const targets = new Map<string, Target>();
  let text = "";
  for (const row of rows) {
    const line = denialText(row);
    if (line.length > WINDOW.bytes) fail("harden-message", { name: row.name, limit: WINDOW.bytes });
    const message = deny === null ? null : { deny, offset: text.length, length: line.length };
    const body = stubBody(row, hostFunctionIndex(row), policy.denied, message, ground);
    targets.set(row.name, functions.add(`stub ${row.name}`, body));
    text += line;
  }
  return { targets, text: deny === null ? "" : text };
}

/** The thunks' targets are made here, once all that they call is known; they stand before it. */
function thunksOf(
  imports: Generated["imports"],
  guards: Guards,
  stubs: ReadonlyMap<string, Target>,
  { policy, ground }: Context,
): { name: string; body: Body }[] {
  return imports.map(({ module, row }, i) => {
    const callees = {
      inside: row.result !== null && inPairs(row).length > 0 ? guards.find("inside") : null,
      check: guards.checks[i]!,
      stub: mayDeny(row, policy) ? stubs.get(row.name)! : null,
      keepToken: keepsToken(row, policy) ? guards.find("keepToken") : null,
    };
    const body = thunkBody(row, i, callees, policy, ground);
    return { name: `thunk ${module}.${row.name}`, body };
  });
}

/** Plans all generated functions but the wrappers, which need the guest's indices and types. */
export function generate(needs: Needs, context: Context): Generated {
  const { policy, ground } = context;
  const { denied, log, imports, stubs } = importsAndStubs(needs, context);
  const logIndex = imports.findIndex(({ row }) => row === log);
  const firstStub = imports.length * 2;
  const functions = new Functions(firstStub);
  // Stubs call `deny`, which stands after them.
  const deny = log === null ? null : denyBody(context.segments, log, logIndex, ground);
  const denyTarget = deny === null ? null : targetOf(firstStub + stubs.length, deny);
  const stubbed = addStubs(functions, stubs, denyTarget, context);
  if (deny !== null) functions.add("deny", deny);
  const bulkBytes = needs.bulkBytes
    ? functions.add("bulkBytes", bulkBody("bytes", ground))
    : NOWHERE;
  const bulkElems = needs.bulkElems
    ? functions.add("bulkElems", bulkBody("elems", ground))
    : NOWHERE;
  const { memoryPages, onMemoryCap, fuel, streams, dispatch } = policy.limits;
  const grow = needs.grow
    ? functions.add("grow", growBody(memoryPages, onMemoryCap, ground))
    : NOWHERE;
  const guards = planGuards(
    imports.map(({ row }) => row),
    policy,
    ground,
    functions.next,
  );
  functions.addAll(guards.functions);
  const slots =
    fuel.request === null ? null : slotFunctions(streams, fuel.request, functions.next, ground);
  if (slots !== null) functions.addAll(slots.functions);
  const firstWrapper = functions.next + 1;
  const firstGuest = firstWrapper + needs.entries.length;
  const start =
    needs.start === null
      ? null
      : { ...NOWHERE, index: needs.start - needs.imports.length + firstGuest };
  const enter = functions.add("enter", enterBody(start, policy, ground));
  const thunks = thunksOf(imports, guards, stubbed.targets, context);
  const places = needs.imports.map(({ module, row, allowed }, i) => {
    if (!needs.used[i]) return NOWHERE;
    if (!allowed) return stubbed.targets.get(row.name)!;
    const k = imports.findIndex((one) => one.module === module && one.row === row);
    return targetOf(imports.length + k, thunks[k]!.body);
  });
  return {
    imports,
    functions: [...thunks, ...functions.list],
    places,
    bulkBytes,
    bulkElems,
    grow,
    entry: {
      policy,
      ground,
      enter,
      slots: slots?.targets ?? null,
      countsBodies: guards.find("spendBody") !== null,
      countsUse: [...inUsed].some((name) => guards.find(name) !== null),
      countsOpen:
        dispatch.outstanding !== null && imports.some(({ row }) => row.name === "proxy_http_call"),
    },
    firstWrapper,
    firstGuest,
    messages: new TextEncoder().encode(stubbed.text),
    denied,
  };
}

/** The wrappers, one per entry; `typeOf` gives the type of an old function index. */
export function generateWrappers(
  needs: Needs,
  generated: Generated,
  typeOf: (func: number) => FuncType,
): readonly { readonly name: string; readonly body: Body }[] {
  return needs.entries.map(({ name, func, kind, params }) => {
    const type = func === null ? { params, results: [] } : typeOf(func);
    const target =
      func === null
        ? null
        : {
            ...NOWHERE,
            index: func - needs.imports.length + generated.firstGuest,
            params: type.params.length,
            results: type.results.length,
          };
    const body = wrapperBody({ name, kind, type, target }, generated.entry);
    return { name: `entry ${name}`, body };
  });
}

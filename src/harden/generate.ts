// Plans the generated functions of one hardened module, in the order of docs/containment.md: imports, thunks,
// stubs, helpers, guards, slots, wrappers; guest functions follow. Indices are settled here, once.
import { fail } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { EFFECTIVE_CONTEXT } from "../spec/guards.ts";
import type { AbiVersion, HostFunction } from "../spec/host-function-row.ts";
import { hostFunction, hostFunctionIndex } from "../spec/host-functions.ts";
import { WINDOW } from "../spec/layout.ts";
import { ACTION } from "../spec/status.ts";
import {
  ANSWER_IMPORT,
  METRIC_NAME_BYTES,
  telemetryImports,
  telemetryMetrics,
} from "../spec/telemetry.ts";
import type { FuncType } from "../wasm/module.ts";
import { type Body, type Ground, type Target, targetOf } from "./bodies/asm.ts";
import { type EntryPlan, enterBody, wrapperBody } from "./bodies/entries.ts";
import { mayDeny } from "./bodies/guards/checks.ts";
import { type Guards, planGuards } from "./bodies/guards/plan.ts";
import { inUsed } from "./bodies/guards/spend.ts";
import { bulkBody, denyBody, growBody } from "./bodies/helpers.ts";
import { type Landing, slotFunctionCount, slotFunctions } from "./bodies/slots.ts";
import { denialText, stubBody } from "./bodies/stub.ts";
import { type Metric, metricsOf, telemetryFunctions } from "./bodies/telemetry.ts";
import { importTarget, inPairs, keepsToken, thunkBody } from "./bodies/thunk.ts";
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

/** Imports that stay: allowed and used, once each; and those that generated functions call themselves. */
function keptImports(
  needs: Needs,
  own: readonly HostFunction[],
): { module: string; row: HostFunction }[] {
  const kept = new Map<string, { module: string; row: HostFunction }>();
  needs.imports.forEach(({ module, row, allowed }, i) => {
    if (allowed && needs.used[i]) kept.set(`${module}.${row.name}`, { module, row });
  });
  for (const row of own) kept.set(`env.${row.name}`, { module: "env", row });
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

/** What telemetry and soft landing call, whether the plugin may or not. */
function ownImports({ telemetry, onExhaustion }: Policy): readonly HostFunction[] {
  const names = [
    ...(telemetry ? telemetryImports : []),
    ...(onExhaustion === "deny" ? [ANSWER_IMPORT] : []),
  ];
  return names.map((name) => hostFunction("env", name)!);
}

/** The imports that stay, and every host function that has a stub: denied ones, and those whose check may deny. */
function importsAndStubs(needs: Needs, context: Context) {
  const denied = deniedRows(needs);
  const stubs = (kept: readonly { row: HostFunction }[]) => {
    const checked = kept.flatMap(({ row }) => (mayDeny(row, context.policy) ? [row] : []));
    const rows = new Map([...denied, ...checked].map((row) => [row.name, row]));
    return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const own = ownImports(context.policy);
  const log = stubs(keptImports(needs, own)).length > 0 ? logRow(context) : null;
  const imports = keptImports(needs, log === null ? own : [...own, log]);
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
  policy: Policy,
  ground: Ground,
): { targets: ReadonlyMap<string, Target>; text: string } {
  const targets = new Map<string, Target>();
  let text = "";
  for (const [k, row] of rows.entries()) {
    const line = denialText(row);
    if (line.length > WINDOW.bytes) fail("harden-message", { name: row.name, limit: WINDOW.bytes });
    const message = deny === null ? null : { deny, offset: text.length, length: line.length };
    const metric = ground.metrics === 0 ? null : telemetryMetrics.length + k;
    const body = stubBody(row, hostFunctionIndex(row), policy.denied, message, metric, ground);
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
  adopt: Target | null,
  policy: Policy,
  ground: Ground,
): { name: string; body: Body }[] {
  return imports.map(({ module, row }, i) => {
    const callees = {
      inside: row.result !== null && inPairs(row).length > 0 ? guards.find("inside") : null,
      check: guards.checks[i]!,
      stub: mayDeny(row, policy) ? stubs.get(row.name)! : null,
      keepToken: keepsToken(row, policy) ? guards.find("keepToken") : null,
      adopt,
    };
    const body = thunkBody(row, i, callees, policy, ground);
    return { name: `thunk ${module}.${row.name}`, body };
  });
}

/** Telemetry's functions, from index `first` on, and the names of its metrics; null where it is off. */
function planTelemetry(
  metrics: readonly Metric[],
  imports: Generated["imports"],
  segment: number,
  text: number,
  first: number,
  ground: Ground,
) {
  if (metrics.length === 0) return null;
  for (const { name } of metrics) {
    if (name.length > METRIC_NAME_BYTES || !/^[\x20-\x7e]+$/.test(name))
      fail("harden-metric", { name, limit: METRIC_NAME_BYTES });
  }
  const called = (name: string) => importCalled(name, imports);
  const [define, increment, record] = telemetryImports.map(called) as [Called, Called, Called];
  const calls = {
    define: define.call,
    increment: increment.call,
    record: record.call,
    prices: [define.price, increment.price, record.price],
  } as const;
  return telemetryFunctions(metrics, calls, segment, text, first, ground);
}

interface Called {
  readonly call: Target;
  readonly price: number;
}

/** An import that generated functions call by themselves. */
function importCalled(name: string, imports: Generated["imports"]): Called {
  const index = imports.findIndex(({ row }) => row.name === name);
  const { row } = imports[index]!;
  return { call: importTarget(row, index), price: row.price };
}

/** What a stream without fuel meets; null where it traps. */
function landingOf(
  { onExhaustion }: Policy,
  imports: Generated["imports"],
  tell: Target | null,
): Landing | null {
  if (onExhaustion === "trap") return null;
  if (onExhaustion === "pass") return { action: ACTION.continue, answer: null, tell };
  return { action: ACTION.pause, answer: importCalled(ANSWER_IMPORT, imports), tell };
}

/** What each new stream gives back, where the module counts it. */
function refillsOf({ limits: { host } }: Policy, guards: Guards): EntryPlan["refills"] {
  const kept = { global: "kept", by: host.sharedDataPerRequest, spender: "spendKept" } as const;
  const queued = {
    global: "queued",
    by: host.queueItemsPerRequest,
    spender: "spendQueued",
  } as const;
  return [kept, queued].filter(({ by, spender }) => by > 0 && guards.find(spender) !== null);
}

/** Plans all generated functions but the wrappers, which need the guest's indices and types. */
export function generate(needs: Needs, context: Context): Generated {
  const { policy } = context;
  const { denied, log, imports, stubs } = importsAndStubs(needs, context);
  const rows = imports.map(({ row }) => row);
  const metrics = policy.telemetry ? metricsOf(policy, stubs, rows) : [];
  const ground = { ...context.ground, metrics: metrics.length };
  const logIndex = log === null ? -1 : rows.indexOf(log);
  const firstStub = imports.length * 2;
  const functions = new Functions(firstStub);
  // Stubs call `deny`, which stands after them.
  const deny = log === null ? null : denyBody(context.segments, log, logIndex, ground);
  const denyTarget = deny === null ? null : targetOf(firstStub + stubs.length, deny);
  const stubbed = addStubs(functions, stubs, denyTarget, policy, ground);
  if (deny !== null) functions.add("deny", deny);
  const bulkBytes = needs.bulkBytes
    ? functions.add("bulkBytes", bulkBody("bytes", ground))
    : NOWHERE;
  const bulkElems = needs.bulkElems
    ? functions.add("bulkElems", bulkBody("elems", ground))
    : NOWHERE;
  const { memoryPages, onMemoryCap, fuel, streams, dispatch } = policy.limits;
  // `grow` and the slots call what stands after them: indices follow from counts.
  const guards = planGuards(rows, policy, ground, functions.next + (needs.grow ? 1 : 0));
  const firstSlot = functions.next + (needs.grow ? 1 : 0) + guards.functions.length;
  const lands = policy.onExhaustion !== "trap";
  const adopts = rows.some(({ name }) => name === EFFECTIVE_CONTEXT);
  const telemetry = planTelemetry(
    metrics,
    imports,
    context.segments,
    stubbed.text.length,
    firstSlot + slotFunctionCount(lands, adopts),
    ground,
  );
  const told = telemetry?.targets ?? null;
  const grow = needs.grow
    ? functions.add("grow", growBody(memoryPages, onMemoryCap, told?.refuse ?? null, ground))
    : NOWHERE;
  functions.addAll(guards.functions);
  const slots =
    fuel.request === null
      ? null
      : slotFunctions({
          slots: streams,
          request: fuel.request,
          first: firstSlot,
          ground,
          report: told?.report ?? null,
          landing: landingOf(policy, imports, told?.tell ?? null),
          adopts,
        });
  if (slots !== null) functions.addAll(slots.functions);
  if (telemetry !== null) functions.addAll(telemetry.functions);
  const firstWrapper = functions.next + 1;
  const firstGuest = firstWrapper + needs.entries.length;
  const start =
    needs.start === null
      ? null
      : { ...NOWHERE, index: needs.start - needs.imports.length + firstGuest };
  const enter = functions.add("enter", enterBody(start, policy, ground));
  const thunks = thunksOf(
    imports,
    guards,
    stubbed.targets,
    slots?.targets.adopt ?? null,
    policy,
    ground,
  );
  const places = needs.imports.map(({ module, row, allowed }, i) => {
    if (!needs.used[i]) return NOWHERE;
    if (!allowed) return stubbed.targets.get(row.name)!;
    const k = imports.findIndex((one) => one.module === module && one.row === row);
    return targetOf(imports.length + k, thunks[k]!.body);
  });
  const names = metrics.map(({ name }) => name).join("");
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
      telemetry: told,
      countsBodies: guards.find("spendBody") !== null,
      countsUse: [...inUsed].some((name) => guards.find(name) !== null),
      countsOpen:
        dispatch.outstanding !== null && rows.some(({ name }) => name === "proxy_http_call"),
      refills: refillsOf(policy, guards),
    },
    firstWrapper,
    firstGuest,
    messages: new TextEncoder().encode(stubbed.text + names),
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

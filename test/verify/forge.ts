// Builds hardened modules by hand for the verifier's tests: the generated functions come from verify/expect,
// everything else from the test's plan, which may also break any part of it.
import type { Policy } from "../../src/policy/policy.ts";
import { noQuotas, noRules } from "../../src/policy/rules.ts";
import { I32 } from "../../src/spec/binary.ts";
import { callback } from "../../src/spec/callbacks.ts";
import { costTables } from "../../src/spec/costs.ts";
import { hostFunction, hostFunctionIndex, hostFunctions } from "../../src/spec/host-functions.ts";
import { injectedGlobals } from "../../src/spec/layout.ts";
import { bulk, bulkType, cross, crossType } from "../../src/verify/expect/bulk.ts";
import { hostSignature } from "../../src/verify/expect/context.ts";
import { deny, denyType } from "../../src/verify/expect/deny.ts";
import {
  close,
  closeType,
  enter,
  enterType,
  open,
  openType,
} from "../../src/verify/expect/enter.ts";
import type { Expected, Signature } from "../../src/verify/expect/expected.ts";
import { grow, growType } from "../../src/verify/expect/grow.ts";
import { back, reach } from "../../src/verify/expect/passage.ts";
import { denialMessage, stub } from "../../src/verify/expect/stub.ts";
import { crosses, thunk } from "../../src/verify/expect/thunk.ts";
import { type WrapperKind, wrapper, wrapperKind } from "../../src/verify/expect/wrapper.ts";
import { assemble, letters, name, u32 } from "./assemble.ts";

export interface Guest {
  /** `ii:i`; params and results by letter. */
  readonly type: string;
  /** Groups such as `1i 2v`. */
  readonly locals?: string;
  readonly code: string;
}

type Section =
  | "type"
  | "import"
  | "function"
  | "table"
  | "memory"
  | "global"
  | "export"
  | "element"
  | "datacount"
  | "code"
  | "data";

export interface Plan {
  readonly policy?: Policy;
  /** `env.proxy_log`, in order. */
  readonly imports?: readonly string[];
  /** Names of denied host functions, in order. */
  readonly stubs?: readonly string[];
  readonly helpers?: readonly ("bulkBytes" | "bulkElems" | "grow")[];
  /** Export name and number of the guest function, or `bare`. */
  readonly exports?: readonly (readonly [string, number | "bare"])[];
  readonly guests: readonly Guest[];
  readonly start?: number;
  readonly memory?: readonly number[];
  /** Guest globals as bytes: type, mutability, initialiser. */
  readonly globals?: readonly (readonly number[])[];
  /** Tables as bytes. */
  readonly tables?: readonly (readonly number[])[];
  /** Element segments; `$g0` and the like stand for functions. */
  readonly elements?: (symbols: (name: string) => number) => readonly (readonly number[])[];
  /** Guest data segments as bytes. */
  readonly data?: readonly (readonly number[])[];
  readonly customs?: readonly { readonly name: string; readonly bytes: readonly number[] }[];
  /** Replaces the contents of a section (without id and size); null drops it. */
  readonly edit?: Partial<Record<Section, (content: number[]) => number[] | null>>;
  /** Replaces a generated function's body (without its size). */
  readonly rewrite?: (label: string, body: number[]) => number[];
  /** Bytes put in front of a section, as it is in the file. */
  readonly before?: Partial<Record<Section, readonly number[]>>;
}

export const policy: Policy = {
  name: "test",
  role: null,
  security: false,
  url: null,
  sha256: null,
  limits: {
    memoryPages: 16,
    onMemoryCap: "trap",
    fuel: { request: null, callback: 1_000_000, start: 500_000_000, mode: "bound", costs: "v1" },
    stackBytes: 256 * 1024,
    callDepth: 1024,
    ...noQuotas,
  },
  rules: noRules,
  allow: new Set(["proxy_log", "proxy_get_buffer_bytes", "fd_write"]),
  callbacks: "all",
  denied: "host",
  failure: "closed",
  notYet: [],
  digest: "0".repeat(64),
  warnings: [],
};

/** The policy with other limits, or other parts. */
export function policyWith(part: Partial<Policy>, limits: Partial<Policy["limits"]> = {}): Policy {
  return { ...policy, ...part, limits: { ...policy.limits, ...limits } };
}

export const exactPolicy: Policy = policyWith(
  {},
  { fuel: { ...policy.limits.fuel, mode: "exact" } },
);

const ids: Readonly<Record<Section, number>> = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  element: 9,
  datacount: 12,
  code: 10,
  data: 11,
};
const order: readonly Section[] = [
  "type",
  "import",
  "function",
  "table",
  "memory",
  "global",
  "export",
  "element",
  "datacount",
  "code",
  "data",
];

function signature(text: string): Signature {
  const [params = "", results = ""] = text.split(":");
  return { params: letters(params), results: letters(results) };
}

interface Made {
  readonly label: string;
  readonly type: Signature;
  readonly body: readonly number[];
}

/** The bytes of the planned module. */
export function forge(plan: Plan): Uint8Array {
  const rules = plan.policy ?? policy;
  const table = costTables[rules.limits.fuel.costs];
  const globals = plan.globals?.length ?? 0;
  const context = { policy: rules, table, globals };
  const types: Signature[] = [];
  const typeOf = (type: Signature): number => {
    const same = (one: Signature) =>
      `${one.params}:${one.results}` === `${type.params}:${type.results}`;
    if (!types.some(same)) types.push(type);
    return types.findIndex(same);
  };
  const imports = (plan.imports ?? []).map((full) => {
    const [from, what] = full.split(".");
    return { from: from!, what: what!, row: hostFunction(from!, what!) };
  });
  const stubRows = (plan.stubs ?? []).map((one) => hostFunctions.find((row) => row.name === one)!);
  const helpers = plan.helpers ?? [];
  const exports = plan.exports ?? plan.guests.map((_, k) => [`call_${k}`, k] as const);

  const functions: string[] = imports.map(({ what }) => `import ${what}`);
  functions.push(
    ...imports.map(({ what }) => `thunk ${what}`),
    ...stubRows.map((row) => `stub ${row.name}`),
  );
  const logging = stubRows.length > 0 && rules.allow.has("proxy_log");
  if (logging) functions.push("deny");
  functions.push(
    ...(["bulkBytes", "bulkElems", "grow"] as const).filter((one) => helpers.includes(one)),
  );
  const crossed = imports.some(({ row }) => row !== undefined && crosses(row));
  if (crossed) functions.push("cross");
  if (imports.length > 0) functions.push("reach", "back");
  functions.push(
    "enter",
    "open",
    "close",
    ...exports.map(([what]) => `wrapper ${what}`),
    ...plan.guests.map((_, k) => `g${k}`),
  );
  const symbols = (label: string): number => {
    if (label.startsWith("type ")) return typeOf(signature(label.slice(5)));
    const key = label.replace(".", " ");
    const global = injectedGlobals.findIndex((row) => row.key === key);
    if (global >= 0) return globals + global;
    const found = functions.indexOf(key);
    if (found < 0) throw new Error(`no symbol ${label}`);
    return found;
  };
  const filled = (body: Expected, target: number | null): number[] =>
    body.tail === null ? [...body.head] : [...body.head, ...u32(target!), ...body.tail];

  const made: Made[] = [];
  const cost = new Map<string, number>();
  const add = (
    label: string,
    type: Signature,
    body: Expected,
    target: number | null = null,
  ): void => {
    cost.set(label, body.cost);
    const bytes = filled(body, target);
    made.push({ label, type, body: plan.rewrite?.(label, bytes) ?? bytes });
  };
  const at = (label: string, body: Expected) => ({
    index: functions.indexOf(label),
    cost: body.cost,
  });
  const wall = {
    cross: at("cross", cross(context)),
    reach: at("reach", reach(context)),
    back: at("back", back(context)),
  };
  imports.forEach(({ what, row }, i) => {
    if (row !== undefined) add(`thunk ${what}`, hostSignature(row), thunk(context, row, i, wall));
    else made.push({ label: `thunk ${what}`, type: signature(":"), body: [0, 0x0b] });
  });
  const segment = plan.data?.length ?? 0;
  const log = functions.indexOf("thunk proxy_log");
  const denyBody = logging ? deny(context, segment, log, cost.get("thunk proxy_log") ?? 0) : null;
  let messages = "";
  for (const row of stubRows) {
    const denial =
      denyBody === null
        ? null
        : { deny: functions.indexOf("deny"), denyCost: denyBody.cost, offset: messages.length };
    add(`stub ${row.name}`, hostSignature(row), stub(context, row, hostFunctionIndex(row), denial));
    messages += denialMessage(row);
  }
  if (denyBody !== null) add("deny", denyType, denyBody);
  if (helpers.includes("bulkBytes")) add("bulkBytes", bulkType, bulk(context, "bytes"));
  if (helpers.includes("bulkElems")) add("bulkElems", bulkType, bulk(context, "elems"));
  if (helpers.includes("grow")) add("grow", growType, grow(context));
  if (crossed) add("cross", crossType, cross(context));
  if (imports.length > 0) {
    add("reach", closeType, reach(context));
    add("back", closeType, back(context));
  }
  const guest = (k: number): number => functions.indexOf(`g${k}`);
  add(
    "enter",
    enterType,
    enter(context, plan.start !== undefined),
    plan.start === undefined ? null : guest(plan.start),
  );
  const helper = (label: string) => ({ index: functions.indexOf(label), cost: cost.get(label)! });
  add("open", openType, open(context, helper("enter")));
  add("close", closeType, close(context));
  const entry = { open: helper("open"), close: helper("close") };
  for (const [what, target] of exports) {
    const type = target === "bare" ? enterType : signature(plan.guests[target]!.type);
    const kind: WrapperKind = target === "bare" ? "bare" : wrapperKind(callback(what));
    add(
      `wrapper ${what}`,
      type,
      wrapper(context, what, kind, type, entry),
      target === "bare" ? null : guest(target),
    );
  }
  plan.guests.forEach((one, k) => {
    const groups = (one.locals ?? "").split(" ").filter((word) => word !== "");
    const locals = groups.flatMap((group) => [
      ...u32(Number(group.slice(0, -1))),
      ...letters(group.slice(-1)),
    ]);
    const body = [...u32(groups.length), ...locals, ...assemble(one.code, symbols)];
    made.push({ label: `g${k}`, type: signature(one.type), body });
  });

  const vec = (items: readonly (readonly number[])[]): number[] => [
    ...u32(items.length),
    ...items.flat(),
  ];
  const content: Partial<Record<Section, number[]>> = {};
  const importTypes = imports.map(({ row }) =>
    typeOf(row === undefined ? signature(":") : hostSignature(row)),
  );
  content.function = vec(made.map(({ type }) => u32(typeOf(type))));
  if (imports.length > 0)
    content.import = vec(
      imports.map(({ from, what }, i) => [
        ...name(from),
        ...name(what),
        0,
        ...u32(importTypes[i]!),
      ]),
    );
  content.type = vec(
    types.map(({ params, results }) => [
      0x60,
      ...vec(params.map((one) => [one])),
      ...vec(results.map((one) => [one])),
    ]),
  );
  if (plan.tables !== undefined) content.table = vec(plan.tables);
  content.memory = [1, ...(plan.memory ?? [1, 1, 16])];
  const injected = injectedGlobals.map((row) => [
    row.type,
    1,
    row.type === I32 ? 0x41 : 0x42,
    0,
    0x0b,
  ]);
  content.global = vec([...(plan.globals ?? []), ...injected]);
  const named = injectedGlobals.flatMap((row, k) =>
    row.exportName === null ? [] : [[...name(row.exportName), 3, ...u32(globals + k)]],
  );
  const wrapped = exports.map(([what]) => [
    ...name(what),
    0,
    ...u32(functions.indexOf(`wrapper ${what}`)),
  ]);
  content.export = vec([[...name("memory"), 2, 0], ...wrapped, ...named]);
  if (plan.elements !== undefined) content.element = vec(plan.elements(symbols));
  const text = [...new TextEncoder().encode(messages)];
  const data = [...(plan.data ?? []), ...(logging ? [[1, ...u32(text.length), ...text]] : [])];
  if (data.length > 0) {
    content.datacount = u32(data.length);
    content.data = vec(data);
  }
  content.code = vec(made.map(({ body }) => [...u32(body.length), ...body]));

  const out = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  for (const section of order) {
    out.push(...(plan.before?.[section] ?? []));
    const edited = plan.edit?.[section];
    const own = edited === undefined ? (content[section] ?? null) : edited(content[section] ?? []);
    if (own !== null) append(out, [ids[section], ...u32(own.length)], own);
  }
  for (const one of plan.customs ?? []) {
    const body = [...name(one.name), ...one.bytes];
    append(out, [0, ...u32(body.length)], body);
  }
  return Uint8Array.from(out);
}

function append(out: number[], ...parts: readonly (readonly number[])[]): void {
  for (const part of parts) for (const byte of part) out.push(byte);
}

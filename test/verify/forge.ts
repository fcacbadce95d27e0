// Builds hardened modules by hand for the verifier's tests: the generated functions come from verify/expect,
// everything else from the test's plan, which may also break any part of it.
import type { Policy } from "../../src/policy/policy.ts";
import { noQuotas, noRules } from "../../src/policy/rules.ts";
import { I32 } from "../../src/spec/binary.ts";
import { callback } from "../../src/spec/callbacks.ts";
import { costTables } from "../../src/spec/costs.ts";
import type { HostFunction } from "../../src/spec/host-function-row.ts";
import { hostFunction, hostFunctionNamed } from "../../src/spec/host-functions.ts";
import { injectedGlobals } from "../../src/spec/layout.ts";
import { firstContext, hostSignature } from "../../src/verify/expect/context.ts";
import type { Expected, Signature } from "../../src/verify/expect/expected.ts";
import { canDeny } from "../../src/verify/expect/guards/check.ts";
import { guardsOf } from "../../src/verify/expect/guards/list.ts";
import { slotRows } from "../../src/verify/expect/guards/slot-globals.ts";
import { optionalHelpers, roster } from "../../src/verify/expect/roster.ts";
import { denialMessage } from "../../src/verify/expect/stub.ts";
import { wrapper } from "../../src/verify/expect/wrapper.ts";
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
  /** Export name and number of the guest function, or `added` where it stands for none. */
  readonly exports?: readonly (readonly [string, number | "added"])[];
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
  manifest: null,
  signedBy: [],
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
  onExhaustion: "trap",
  telemetry: false,
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

/** The stubs of a plan, and those that the checks of its imports need. */
function stubsOf(names: readonly string[], imports: readonly HostFunction[], rules: Policy) {
  const rows = names.map((one) => hostFunctionNamed(one)!);
  const needed = imports.filter((row) => canDeny(rules, row) && !rows.includes(row));
  if (needed.length === 0) return rows;
  return [...new Set([...rows, ...needed])].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The bytes of the planned module. */
export function forge(plan: Plan): Uint8Array {
  const rules = plan.policy ?? policy;
  const table = costTables[rules.limits.fuel.costs];
  const globals = plan.globals?.length ?? 0;
  const context = firstContext(rules, table, globals);
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
  const rows = imports.map(({ row }) => row ?? hostFunctionNamed("proxy_done")!);
  const stubs = stubsOf(plan.stubs ?? [], rows, rules);
  const helpers = optionalHelpers.filter(({ name }) => plan.helpers?.includes(name));
  const exports = plan.exports ?? plan.guests.map((_, k) => [`call_${k}`, k] as const);
  const guards = guardsOf(context, rows);
  const logs = rows.some(({ name }) => name === "proxy_log") && rules.allow.has("proxy_log");
  const logging = stubs.length > 0 && logs;

  const generated = [
    ...imports.map(({ what }) => `thunk ${what}`),
    ...stubs.map((row) => `stub ${row.name}`),
    ...(logging ? ["deny"] : []),
    ...helpers.map(({ name }) => name),
    ...guards.names,
    "enter",
    ...exports.map(([what]) => `wrapper ${what}`),
  ];
  const functions: string[] = [
    ...imports.map(({ what }) => `import ${what}`),
    ...generated,
    ...plan.guests.map((_, k) => `g${k}`),
  ];
  const symbols = (label: string): number => {
    if (label.startsWith("type ")) return typeOf(signature(label.slice(5)));
    const key = label.replace(".", " ");
    const global = injectedGlobals.findIndex((row) => row.key === key);
    if (global >= 0) return globals + global;
    if (key === "slots") return globals + injectedGlobals.length;
    const found = functions.indexOf(key);
    if (found < 0) throw new Error(`no symbol ${label}`);
    return found;
  };
  const filled = (body: Expected, target: number | null): number[] =>
    body.tail === null ? [...body.head] : [...body.head, ...u32(target!), ...body.tail];

  const made: Made[] = [];
  const segment = plan.data?.length ?? 0;
  const starts = plan.start !== undefined;
  const choice = { stubs, messages: logging ? segment : -1, helpers, starts };
  const { link, places } = roster(context, rows, guards, choice);
  const wrappers = exports.map(([what, target]) => {
    const row = callback(what);
    const added = target === "added";
    const type = added
      ? signature(`${"i".repeat(row!.params.length)}:`)
      : signature(plan.guests[target]!.type);
    return { body: wrapper(link, { name: what, row, type, added }) };
  });
  const guest = (k: number): number => functions.indexOf(`g${k}`);
  const target = (label: string, k: number): number | null => {
    if (label === "enter") return starts ? guest(plan.start!) : null;
    const to = exports[k - places.length]?.[1];
    return typeof to === "number" ? guest(to) : null;
  };
  [...places, ...wrappers].forEach(({ body }, k) => {
    const label = generated[k]!;
    const bytes = filled(body, target(label, k));
    const unknown = imports[k] !== undefined && imports[k].row === undefined;
    if (unknown) made.push({ label, type: signature(":"), body: [0, 0x0b] });
    else made.push({ label, type: body.type, body: plan.rewrite?.(label, bytes) ?? bytes });
  });
  const messages = stubs.map(denialMessage).join("");
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
  const injected = [...injectedGlobals, ...slotRows(rules)].map((row) => [
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

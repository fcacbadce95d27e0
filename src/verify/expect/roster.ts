// The generated functions that a module must have, in the order of the index space. What the module
// may choose (which imports, stubs and helpers it has, what it exports) comes in as facts; guards
// are there where something calls them, so the policy and the imports decide.
import type { HostFunction } from "../../spec/host-function-row.ts";
import { hostFunctionIndex } from "../../spec/host-functions.ts";
import { bulk } from "./bulk.ts";
import type { Context } from "./context.ts";
import { deny } from "./deny.ts";
import { enter } from "./enter.ts";
import type { Expected } from "./expected.ts";
import { grow } from "./grow.ts";
import { type Guards, numbered, shared } from "./guards/list.ts";
import { slotFunctions } from "./guards/slots.ts";
import { Link, type Maker } from "./link.ts";
import { denialMessage, stub } from "./stub.ts";
import { telemetryFunctions } from "./telemetry.ts";

/** What a function is; of the generated, guest code may call `callable`, never `helper`. */
export const ROLE = {
  import: 0,
  callable: 1,
  bulkBytes: 2,
  bulkElems: 3,
  helper: 4,
  allocator: 5,
  wrapper: 6,
  guest: 7,
} as const;

/** Helpers that are there only when used, in their order, after `deny`. */
export const optionalHelpers = [
  { name: "bulkBytes", role: ROLE.bulkBytes, body: (context: Context) => bulk(context, "bytes") },
  { name: "bulkElems", role: ROLE.bulkElems, body: (context: Context) => bulk(context, "elems") },
  { name: "grow", role: ROLE.callable, body: grow },
] as const;

/** What the module has chosen, up to what it exports. */
export interface Choice {
  readonly stubs: readonly HostFunction[];
  /** The segment of denial messages; -1 without a denial log. */
  readonly messages: number;
  readonly helpers: readonly (typeof optionalHelpers)[number][];
  /** A start function runs on first entry. */
  readonly starts: boolean;
}

export interface Place {
  readonly role: number;
  readonly body: Expected;
}

/** The generated functions from the first thunk to `enter`, and how to link what calls them. */
export function roster(
  context: Context,
  imports: readonly HostFunction[],
  guards: Guards,
  choice: Choice,
): { readonly link: Link; readonly places: readonly Place[] } {
  const { stubs, messages, helpers, starts } = choice;
  const { thunks, checks } = numbered(context, imports);
  let offset = 0;
  const standIns = stubs.map((row, k): [string, Maker] => {
    const at = messages < 0 ? -1 : offset;
    offset += denialMessage(row).length;
    return [`stub-${row.name}`, (link) => stub(link, row, hostFunctionIndex(row), at, k)];
  });
  const log = imports.findIndex(({ name }) => name === "proxy_log");
  const denying: (readonly [string, Maker])[] =
    messages < 0 ? [] : [["deny", (link) => deny(link, messages, log)]];
  const optional = helpers.map(({ name, body }): [string, Maker] => [
    name,
    (link) => body(link.context, link.exists("refuse") ? link.callee("refuse") : null),
  ]);
  const entering: [string, Maker] = ["enter", (link) => enter(link, starts)];
  const makers = new Map([
    ...thunks,
    ...standIns,
    ...denying,
    ...optional,
    ...shared,
    ...checks,
    ...slotFunctions,
    ...telemetryFunctions,
    entering,
  ]);
  const names = [...thunks, ...standIns, ...denying, ...optional].map(([name]) => name);
  const order = [...names, ...guards.names, "enter"];
  const indices = new Map(order.map((name, k) => [name, imports.length + k]));
  const link = new Link(context, imports, makers, indices, guards.leaves);
  const { policy } = context;
  const allowed = new Set(stubs.filter(({ name }) => policy.allow.has(name)));
  const roles = [
    ...imports.map(({ name }) => (policy.allow.has(name) ? ROLE.callable : ROLE.helper)),
    ...stubs.map((row) => (allowed.has(row) ? ROLE.helper : ROLE.callable)),
    ...denying.map(() => ROLE.helper),
    ...helpers.map(({ role }) => role),
  ];
  const places = order.map((name, k) => ({ role: roles[k] ?? ROLE.helper, body: link.made(name) }));
  return { link, places };
}

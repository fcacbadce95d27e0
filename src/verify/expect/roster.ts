// The whole list of generated functions that a module must have, in the order of the index space.
// What the module may choose (which imports, stubs and helpers it has, what it exports) comes in as
// facts.
import type { Callback } from "../../spec/callbacks.ts";
import type { HostFunction } from "../../spec/host-function-row.ts";
import { hostFunctionIndex } from "../../spec/host-functions.ts";
import { bulk, cross } from "./bulk.ts";
import type { Context, Helper } from "./context.ts";
import { deny } from "./deny.ts";
import { close, enter, open } from "./enter.ts";
import type { Expected, Signature } from "./expected.ts";
import { grow } from "./grow.ts";
import { back, reach, wallHelpers } from "./passage.ts";
import { denialMessage, stub } from "./stub.ts";
import { thunk } from "./thunk.ts";
import { wrapper, wrapperKind } from "./wrapper.ts";

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

/** `enter`, `open` and `close`, which always stand before the wrappers. */
export const ENTRY_HELPERS = 3;

/** Helpers that are there only when used, in their order, after `deny`. */
export const optionalHelpers = [
  { role: ROLE.bulkBytes, body: (context: Context) => bulk(context, "bytes") },
  { role: ROLE.bulkElems, body: (context: Context) => bulk(context, "elems") },
  { role: ROLE.callable, body: grow },
] as const;

/** What the module has chosen. */
export interface Choice {
  readonly imports: readonly HostFunction[];
  readonly stubs: readonly HostFunction[];
  /** The segment of denial messages; -1 without a denial log. */
  readonly messages: number;
  readonly helpers: readonly (typeof optionalHelpers)[number][];
  /** A start function runs on first entry; `_initialize` exists for that alone. */
  readonly starts: boolean;
  readonly bare: boolean;
  readonly exports: readonly { name: string; row: Callback | undefined; type: Signature }[];
}

export interface Place {
  readonly role: number;
  readonly body: Expected;
}

/** The generated functions from the first thunk to the last wrapper. */
export function roster(context: Context, choice: Choice): readonly Place[] {
  const { imports, stubs, helpers } = choice;
  const first = imports.length;
  const denier = 2 * first + stubs.length;
  const logs = choice.messages >= 0 ? 1 : 0;
  const at = denier + logs + helpers.length;
  const helper = (index: number, body: Expected): Helper => ({ index, cost: body.cost });
  const around = wallHelpers(context, imports);
  const passed = at + around.length - 2;
  const wall = {
    cross: helper(at, cross(context)),
    reach: helper(passed, reach(context)),
    back: helper(passed + 1, back(context)),
  };

  const thunks = imports.map((row, i) => thunk(context, row, i, wall));
  const log = imports.findIndex(({ name }) => name === "proxy_log");
  const logCost = thunks[log]?.cost ?? 0;
  const denying = logs > 0 ? [deny(context, choice.messages, first + log, logCost)] : [];
  let offset = 0;
  const stubBodies = stubs.map((row) => {
    const denial = { deny: denier, denyCost: denying[0]?.cost ?? 0, offset };
    offset += denialMessage(row).length;
    return stub(context, row, hostFunctionIndex(row), logs > 0 ? denial : null);
  });
  const enterAt = at + around.length;
  const entering = enter(context, choice.starts);
  const opening = open(context, helper(enterAt, entering));
  const closing = close(context);
  const entry = { open: helper(enterAt + 1, opening), close: helper(enterAt + 2, closing) };

  const as = (role: number, bodies: readonly Expected[]): Place[] =>
    bodies.map((body) => ({ role, body }));
  return [
    ...as(ROLE.callable, [...thunks, ...stubBodies]),
    ...as(ROLE.helper, denying),
    ...helpers.map(({ role, body }) => ({ role, body: body(context) })),
    ...as(ROLE.helper, [...around, entering, opening, closing]),
    ...choice.exports.map(({ name, row, type }) => {
      const isBare = choice.bare && name === "_initialize";
      const kind = isBare ? "bare" : wrapperKind(row);
      const role = kind === "allocator" ? ROLE.allocator : ROLE.wrapper;
      return { role, body: wrapper(context, name, kind, type, entry) };
    }),
  ];
}

// Which wrapper each export has. A few stand for no function of the guest: `_initialize`, where the
// module's start moved there (A27), and with slots the two that begin and end streams (A29), which
// come behind all else. From docs/containment.md and docs/guards.md, "Entries".
import type { Policy } from "../../policy/policy.ts";
import type { Callback } from "../../spec/callbacks.ts";
import { type Expected, type Signature, signature } from "./expected.ts";
import { slotCount } from "./guards/slot-globals.ts";
import type { Link } from "./link.ts";
import { type Place, ROLE } from "./roster.ts";
import { wrapper, wrapperKind } from "./wrapper.ts";

/** Module starts that hosts would newly call beside a synthesised `_initialize`. */
const rivals: ReadonlySet<string> = new Set(["_start", "main", "__main_void"]);

/** Exports that a module with slots always has, in the order in which they are added. */
const slotExports = ["proxy_on_context_create", "proxy_on_delete"] as const;

/** Whether the module always has an export, whatever callbacks the policy names. */
export function isSlotExport(policy: Policy, name: string): boolean {
  return slotCount(policy) > 0 && slotExports.some((one) => one === name);
}

interface Export {
  readonly name: string;
  readonly row: Callback | undefined;
}

interface Choice {
  readonly exports: readonly Export[];
  readonly starts: boolean;
  /** The index of `enter`, which the wrappers follow. */
  readonly entry: number;
}

/**
 * The wrappers in export order, and names of `slotExports` that are missing or not in their place.
 * @param typeOf the type of a function; @param isBody whether a function has that body
 */
export function entries(
  link: Link,
  { exports, starts, entry }: Choice,
  typeOf: (func: number) => Signature,
  isBody: (func: number, body: Expected) => boolean,
): { readonly wrappers: readonly Place[]; readonly missing: readonly string[] } {
  const { policy } = link.context;
  const added = new Set<number>();
  const bodyOf = ({ name, row }: Export, k: number, isAdded: boolean): Expected => {
    const type = isAdded ? signature(`${"i".repeat(row!.params.length)}:`) : typeOf(entry + 1 + k);
    return wrapper(link, { name, row, type, added: isAdded });
  };
  const add = (k: number, name: string, must: boolean): boolean => {
    const one = exports[k];
    if (one?.name !== name || (!must && !isBody(entry + 1 + k, bodyOf(one, k, true)))) return false;
    added.add(k);
    return true;
  };
  if (starts && !exports.some(({ name }) => rivals.has(name))) {
    const initialize = exports.findIndex(({ name }) => name === "_initialize");
    add(initialize, "_initialize", false);
  }
  const missing: string[] = [];
  let last = exports.length - 1;
  for (const name of slotCount(policy) > 0 ? slotExports.toReversed() : []) {
    const leftOut = policy.callbacks !== "all" && !policy.callbacks.has(name);
    if (add(last, name, leftOut)) last--;
    else if (leftOut || !exports.some((one) => one.name === name)) missing.push(name);
  }
  const wrappers = exports.map((one, k) => {
    const allocates = wrapperKind(one.row) === "allocator";
    const role = allocates ? ROLE.allocator : ROLE.wrapper;
    return { role, body: bodyOf(one, k, added.has(k)) };
  });
  return { wrappers, missing };
}

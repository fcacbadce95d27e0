// Which wrapper each export has. A few stand for no function of the guest: `_initialize`, where the
// module's start moved there (A27), and those that begin and end what accounts count (A29), which
// come behind all else. From docs/containment.md and docs/guards.md, "Entries".
import type { Policy } from "../../policy/policy.ts";
import { type Callback, HTTP_ANSWER } from "../../spec/callbacks.ts";
import type { HostFunction } from "../../spec/host-function-row.ts";
import { type Expected, type Signature, signature } from "./expected.ts";
import { slotCount } from "./guards/slot-globals.ts";
import type { Link } from "./link.ts";
import { settles } from "./opening.ts";
import { type Place, ROLE } from "./roster.ts";
import { wrapper, wrapperKind } from "./wrapper.ts";

/** Module starts that hosts would newly call beside a synthesised `_initialize`. */
const rivals: ReadonlySet<string> = new Set(["_start", "main", "__main_void"]);

/** Exports that a module always has, whatever callbacks the policy names, in their order. */
export function accountExports(policy: Policy, imports: readonly HostFunction[]): string[] {
  return [
    ...(slotCount(policy) > 0 ? ["proxy_on_context_create", "proxy_on_delete"] : []),
    ...(settles(policy, imports) ? [HTTP_ANSWER] : []),
  ];
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
 * The wrappers in export order, and names of `accountExports` that are missing or misplaced.
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
  for (const name of accountExports(policy, link.imports).toReversed()) {
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

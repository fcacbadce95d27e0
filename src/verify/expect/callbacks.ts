// What exports of names that hosts know must be: callbacks have the signature of the module's ABI,
// and the policy allows those that it decides over (A34).
import type { Policy } from "../../policy/policy.ts";
import { I32 } from "../../spec/binary.ts";
import { abiOfMarker, type Callback, callbackSignature } from "../../spec/callbacks.ts";
import type { HostFunction } from "../../spec/host-function-row.ts";
import { accountExports } from "./entries.ts";
import { type Signature, sameSignature } from "./expected.ts";

/** The ABI of a module that announces none. */
const DEFAULT_ABI = "0.2.1";

interface Export {
  readonly name: string;
  readonly row: Callback | undefined;
  readonly func: number;
}

/** The exports that are not as they must be, and the version by which they were judged. */
export function wrongCallbacks<E extends Export>(
  exports: readonly E[],
  typeOf: (func: number) => Signature,
  policy: Policy,
  imports: readonly HostFunction[],
): { readonly abi: string; readonly mistyped: readonly E[]; readonly denied: readonly E[] } {
  const markers = exports.map(({ name }) => abiOfMarker(name));
  const abi = markers.find((one) => one !== undefined) ?? DEFAULT_ABI;
  const mistyped = exports.filter(({ func, row }) => {
    if (row === undefined) return false;
    const { params, result } = callbackSignature(row, abi);
    const type = { params: params.map(() => I32), results: result === null ? [] : [I32] };
    return !sameSignature(typeOf(func), type);
  });
  const always = accountExports(policy, imports);
  const denied = exports.filter(({ name, row }) => {
    // Markers, module starts and allocators always stay; what accounts add is for layout.ts.
    const decided = (row?.gated || row?.kind === "callback") && !always.includes(name);
    return decided && policy.callbacks !== "all" && !policy.callbacks.has(name);
  });
  return { abi, mistyped, denied };
}

// The export section: `memory` once, wrapped functions, the injected globals; nothing else (rules A7, A34).
// Which functions the exports may name is checked where the generated functions are known.
import type { Policy } from "../policy/policy.ts";
import { I32, KIND } from "../spec/binary.ts";
import { abiOfMarker, type Callback, callback, callbackSignature } from "../spec/callbacks.ts";
import type { AbiVersion } from "../spec/host-function-row.ts";
import { injectedGlobals, RESERVED } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { type Module, sameSignature } from "./module.ts";
import type { Scanner } from "./scanner.ts";

const MEMORY = "memory";

export function readExports(scanner: Scanner, module: Module, policy: Policy): void {
  const count = scanner.vector("exports", limits.exports + injectedGlobals.length + 1);
  const expected = injectedGlobals.filter((row) => row.exportName !== null);
  const names = new Set<string>();
  module.exporting = true;
  const bad = (what: string, offset: number): void =>
    scanner.add("verify-export", { what }, offset);
  let globals = 0;
  for (let i = 0; i < count; i++) {
    const offset = scanner.pos;
    const name = scanner.name(limits.nameBytes);
    const kind = scanner.u8();
    const index = scanner.u32();
    if (names.has(name)) bad(`"${name}" is exported twice`, offset);
    names.add(name);
    if (i === 0) {
      if (kind !== KIND.memory || name !== MEMORY || index !== 0) {
        bad(`the first export is "${name}", not the memory as "${MEMORY}"`, offset);
      }
    } else if (kind === KIND.func && globals === 0) {
      if (index >= module.functions) scanner.malformed(`there is no function ${index}`, offset);
      if (name.startsWith(RESERVED)) bad(`the function "${name}" has a reserved name`, offset);
      module.exports.push({ name, func: index, offset, row: callback(name) });
    } else {
      const row = expected[globals++];
      const right = kind === KIND.global && name === row?.exportName;
      const place = row === undefined ? -1 : injectedGlobals.indexOf(row);
      if (!right || index !== module.guestGlobals + place) {
        bad(`"${name}" is not expected in this place`, offset);
      }
    }
  }
  for (const row of expected.slice(globals)) bad(`"${row.exportName}" is missing`, scanner.pos);
  checkCallbacks(scanner, module, policy);
}

/** Whether the policy decides over this export; markers, module starts and allocators always stay. */
function decided(row: Callback): boolean {
  return row.gated || row.kind === "callback";
}

/** Known callbacks have the host's signature, and those that the policy decides over are allowed. */
function checkCallbacks(scanner: Scanner, module: Module, policy: Policy): void {
  let abi: AbiVersion | undefined;
  for (const one of module.exports) abi ??= abiOfMarker(one.name);
  for (const { name, func, offset, row } of module.exports) {
    if (row === undefined) continue;
    const { params, result } = callbackSignature(row, abi ?? "0.2.1");
    const type = { params: params.map(() => I32), results: result === null ? [] : [I32] };
    if (!sameSignature(module.signature(func), type)) {
      scanner.add("verify-callback-signature", { name, abi: abi ?? "0.2.1" }, offset);
    }
    if (policy.callbacks !== "all" && decided(row) && !policy.callbacks.has(name)) {
      scanner.add("verify-callback", { name }, offset);
    }
  }
}

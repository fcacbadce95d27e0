// The import section: only host functions that the policy allows, each once, in order, with the signature of
// the table. Who may call them is checked where calls are (rule A4).
import type { Policy } from "../policy/policy.ts";
import { KIND } from "../spec/binary.ts";
import { hostFunction } from "../spec/host-functions.ts";
import { limits } from "../spec/limits.ts";
import { hostSignature } from "./expect/context.ts";
import { type Module, sameSignature } from "./module.ts";
import type { Scanner } from "./scanner.ts";
import { readTypeIndex } from "./types.ts";

export function readImports(scanner: Scanner, module: Module, policy: Policy): void {
  const count = scanner.vector("imports", limits.imports);
  const funcType = new Int32Array(count);
  let before = "";
  for (let i = 0; i < count; i++) {
    const offset = scanner.pos;
    const from = scanner.name(limits.nameBytes);
    const name = scanner.name(limits.nameBytes);
    const what = `${from}.${name}`;
    const kind = scanner.u8();
    if (kind !== KIND.func) scanner.stop("verify-import-kind", { what, kind }, offset);
    const type = readTypeIndex(scanner, module);
    funcType[i] = type;
    const row = hostFunction(from, name);
    if (row === undefined) scanner.stop("verify-import-unknown", { what }, offset);
    if (!policy.allow.has(name)) scanner.add("verify-import", { what }, offset);
    if (!sameSignature(module.types[type]!, hostSignature(row))) {
      scanner.stop("verify-import-signature", { what }, offset);
    }
    const key = `${from}\0${name}`;
    if (i > 0 && key <= before) scanner.add("verify-import-order", { what }, offset);
    before = key;
    module.imports.push(row);
  }
  module.funcType = funcType;
}

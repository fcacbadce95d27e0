// What crosses the module's boundary: imports are host functions that the policy allows, exports
// are the memory, wrapped functions and the injected globals, nothing else (rules A7, A34). Which
// functions may be named where is for layout.ts and code.ts.
import type { Policy } from "../policy/policy.ts";
import { KIND } from "../spec/binary.ts";
import { callback } from "../spec/callbacks.ts";
import { hostFunction } from "../spec/host-functions.ts";
import { injectedGlobals, RESERVED } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { wrongCallbacks } from "./expect/callbacks.ts";
import { hostSignature } from "./expect/context.ts";
import { sameSignature } from "./expect/expected.ts";
import { ownImports } from "./expect/metrics.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";

export function readImports(s: Scanner, module: Module, policy: Policy): void {
  const types = new Int32Array(s.vector("imports", limits.imports));
  const own = new Set(ownImports(policy).map((name) => `env.${name}`));
  let before = "";
  for (let i = 0; i < types.length; i++) {
    const at = s.pos;
    const from = s.name(limits.nameBytes);
    const name = s.name(limits.nameBytes);
    const what = `${from}.${name}`;
    const kind = s.u8();
    if (kind !== KIND.func) s.stop("verify-import-kind", { what, kind }, at);
    types[i] = s.index("type", module.types.length);
    const row = hostFunction(from, name);
    if (row === undefined) s.stop("verify-import-unknown", { what }, at);
    if (!policy.allow.has(name) && !own.has(what)) s.add("verify-import", { what }, at);
    if (!sameSignature(module.types[types[i]!]!, hostSignature(row))) {
      s.stop("verify-import-signature", { what }, at);
    }
    if (`${from}\0${name}` <= before) s.add("verify-import-order", { what }, at);
    before = `${from}\0${name}`;
    module.imports.push(row);
  }
  module.funcType = types;
}

export function readExports(s: Scanner, module: Module, policy: Policy): void {
  const count = s.vector("exports", limits.exports + injectedGlobals.length + 1);
  const expected = injectedGlobals.filter((row) => row.exportName !== null);
  const refuse = (what: string, at: number): void => s.add("verify-export", { what }, at);
  let globals = 0;
  for (let i = 0; i < count; i++) {
    const offset = s.pos;
    const name = s.name(limits.nameBytes);
    const kind = s.u8();
    const index = s.u32();
    if (i === 0) {
      const right = kind === KIND.memory && name === "memory";
      if (!right) refuse(`the first is "${name}", not the memory as "memory"`, offset);
    } else if (kind === KIND.func && globals === 0) {
      if (index >= module.functions) s.malformed(`there is no function ${index}`, offset);
      if (name.startsWith(RESERVED)) refuse(`the function "${name}" has a reserved name`, offset);
      module.exports.push({ name, func: index, offset, row: callback(name) });
    } else {
      const row = expected[globals++];
      const place = (injectedGlobals as readonly unknown[]).indexOf(row) + module.guestGlobals;
      const right = kind === KIND.global && name === row?.exportName && index === place;
      if (!right) refuse(`"${name}" is not expected in this place`, offset);
    }
  }
  if (globals < expected.length) refuse(`"${expected[globals]!.exportName}" is missing`, s.pos);
  module.exporting = true;
  const typeOf = (func: number) => module.signature(func);
  const { abi, mistyped, denied } = wrongCallbacks(module.exports, typeOf, policy, module.imports);
  for (const { name, offset } of mistyped)
    s.add("verify-callback-signature", { name, abi }, offset);
  for (const { name, offset } of denied) s.add("verify-callback", { name }, offset);
}

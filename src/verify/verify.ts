// Decides whether a module is contained under a policy, from its bytes alone: neither the tool that
// wrote them nor their stamp is believed (docs/containment.md). The steps of `check` are the whole
// list. The invariant: hostile bytes lead to findings, not to a throw, in time linear in length.
import type { Finding } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { ENTRY_FREE } from "../spec/layout.ts";
import { engineRefusal } from "../util/engine.ts";
import { Graph } from "../util/graph.ts";
import { type Walk, walkOver } from "./code.ts";
import { ROLE } from "./expect/roster.ts";
import { type Layout, readLayout } from "./layout.ts";
import { Module } from "./module.ts";
import { HALT, Scanner, STOP } from "./scanner.ts";
import { readModule } from "./sections.ts";
import { stackJudge } from "./stack.ts";

/** The findings of a module under a policy; none means that the module is contained. */
export function verify(bytes: Uint8Array, policy: Policy): readonly Finding[] {
  const scanner = new Scanner(bytes);
  try {
    check(scanner, policy);
  } catch (signal) {
    if (signal !== STOP && signal !== HALT) throw signal;
  }
  return scanner.findings;
}

function check(s: Scanner, policy: Policy): void {
  const module = new Module();
  readModule(s, module, policy);
  const layout = readLayout(s, module, policy);
  const stack = stackJudge(s, module);
  const walk = walkOver(s, module, layout, stack, policy);
  judgeGuest(s, module, layout, walk);
  s.func = -1;
  checkNamed(s, module, layout, walk);
  stack.check(layout, policy);
  // The third opinion, asked only of modules that it could still save us from.
  const reason = s.findings.length === 0 ? engineRefusal(s.bytes) : null;
  if (reason !== null) s.add("verify-engine", { reason }, 0, -1, "module");
}

/** Judges every guest function: the uncharged ones first, callees before callers (A1, A2). */
function judgeGuest(s: Scanner, module: Module, layout: Layout, walk: Walk): void {
  const uncharged: number[] = [];
  const charged: number[] = [];
  for (let func = layout.guest; func < module.functions; func++) {
    const readable = s.attempt(() => walk.head(func));
    if (readable) (walk.charged[func] === 1 ? charged : uncharged).push(func);
  }
  const calls = new Graph(module.functions);
  for (const func of uncharged) walk.collect(func, calls);
  const cycle = calls.leaveAll(uncharged, (func) => walk.judge(func)); // rule C-ORDER
  for (const func of charged) walk.judge(func);
  const at = module.bodyStart[cycle - module.imports.length];
  if (cycle >= 0) s.add("verify-uncharged-cycle", {}, at, cycle);
}

/**
 * Elements, initialisers, `ref.func`, `enter` and allocators name charged guest functions only;
 * other wrappers may name one that leaves no more than the reserve covers (A3, A4, A24).
 */
function checkNamed(s: Scanner, module: Module, layout: Layout, walk: Walk): void {
  module.named.forEach((place, func) => {
    if (place === 0) return;
    const at = place - 1;
    const early = module.elementsAt === 0 || at < module.elementsAt;
    const section = at >= module.bodyStart[0]! ? "code" : early ? "global" : "element";
    const role = layout.role[func]!; // rule C-NAMED
    if (role === ROLE.import) s.add("verify-import-named", { func }, at, -1, section);
    else if (role !== ROLE.guest) s.add("verify-private-function", { func }, at, -1, section);
    else if (walk.charged[func] === 0) s.add("verify-uncharged-named", { func }, at, -1, section);
  });
  for (const { func, by, offset } of layout.targets) {
    const free = layout.role[by] === ROLE.wrapper && walk.shortfall[func]! <= ENTRY_FREE;
    const paid = walk.charged[func] === 1 || free; // rule C-TARGET
    if (layout.role[func] !== ROLE.guest || !paid) s.add("verify-target", { func }, offset, by);
  }
}

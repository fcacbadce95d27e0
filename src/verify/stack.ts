// The stack judgement (rules A25, A26): calls made outside a counted region must form no cycle, so
// the heaviest path of each function is exact; a counted region must charge for the heaviest path
// that it calls. The invariant: every direct call, and every indirect one as all functions of its
// type whose address is taken, is an edge. Nodes are functions, then type classes.
import type { Policy } from "../policy/policy.ts";
import { STACK_ENTRY_SHARE } from "../spec/layout.ts";
import { Graph } from "../util/graph.ts";
import type { Layout } from "./layout.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";

export type Stack = ReturnType<typeof stackJudge>;

/** Prepares the judgement; the walk tells it frames and calls, then `check` judges. */
export function stackJudge(s: Scanner, module: Module) {
  const { functions } = module;
  const nodes = functions + module.types.length;
  /** By node: stack bytes of one frame, and of the heaviest uncounted path from there on. */
  const frame = new Float64Array(nodes);
  const heaviest = new Float64Array(nodes);
  const calls = new Graph(nodes);
  /** By node: the least counted charge under which it is called, where and by whom. */
  const least = new Int32Array(nodes);
  const leastAt = new Int32Array(nodes);
  const leastBy = new Int32Array(nodes);
  let caller = -1;

  /** The calls of a function follow. */
  function from(func: number): void {
    caller = func;
    calls.from(func);
  }

  /** A call to a node, under a counted charge or (0) under none. */
  function call(to: number, charge: number, at: number): void {
    if (charge === 0) calls.to(to);
    else if (least[to] === 0 || charge < least[to]!) {
      least[to] = charge;
      leastAt[to] = at;
      leastBy[to] = caller;
    }
  }

  /** Judges cycles, charges and entries; all guest functions have been walked. */
  function check(layout: Layout, policy: Policy): void {
    for (const [func, callees] of layout.calls) {
      from(func);
      frame[func] = layout.frame[func]!;
      for (const callee of callees) if (callee < functions) call(callee, 0, 0);
    }
    const classOf = (func: number): number => module.typeClass[module.funcType[func]!]!;
    const taken = [...module.named.keys()].filter((func) => module.named[func] !== 0);
    for (const func of taken.sort((one, other) => classOf(one) - classOf(other))) {
      if (caller !== functions + classOf(func)) from(functions + classOf(func));
      call(func, 0, 0);
    }
    const cycle = calls.leaveAll(frame.keys(), (node) => {
      let most = 0;
      for (let i = calls.start[node]!; i < calls.end[node]!; i++) {
        most = Math.max(most, heaviest[calls.targets[i]!]!);
      }
      heaviest[node] = most + frame[node]!;
    });
    const at = module.bodyStart[cycle - module.imports.length] ?? 0;
    if (cycle >= 0) s.add("verify-stack-cycle", {}, at, cycle < functions ? cycle : -1);
    const { stackBytes, callDepth } = policy.limits;
    least.forEach((found, node) => {
      const needed = Math.max(Math.ceil(stackBytes / callDepth), heaviest[node]!);
      if (found === 0 || found >= needed) return;
      s.add("verify-stack-charge", { found, needed }, leastAt[node]!, leastBy[node]!);
    });
    const limit = stackBytes / STACK_ENTRY_SHARE;
    for (const { name, func, offset } of module.exports) {
      const found = heaviest[func]!;
      if (found <= limit) continue;
      s.add("verify-entry-stack", { name, found, limit }, offset, -1, "export");
    }
  }

  return { frame, from, call, check };
}

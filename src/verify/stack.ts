// The stack judgement (rules A25, A26): calls made outside a counted region must form no cycle, so the
// heaviest path of each function is exact; a counted region must charge for the heaviest path that it calls.
// The invariant: every direct call, and every indirect one as all functions of its type whose address is
// taken, is an edge. Nodes are functions, then type classes.
import type { Policy } from "../policy/policy.ts";
import { STACK_ENTRY_SHARE } from "../spec/layout.ts";
import { Graph } from "../util/graph.ts";
import type { Layout } from "./layout.ts";
import type { Module } from "./module.ts";
import type { Report } from "./report.ts";

export class StackJudge {
  /** Stack bytes of one frame, by function. */
  readonly frame: Float64Array;
  /** Stack bytes of the heaviest uncounted path from a node on, once `check` has run. */
  readonly heaviest: Float64Array;
  readonly #calls: Graph;
  /** By node: the least counted charge under which it is called, where and by whom. */
  readonly #least: Int32Array;
  readonly #leastAt: Int32Array;
  readonly #leastBy: Int32Array;
  #caller = -1;

  constructor(module: Module) {
    const nodes = module.functions + module.types.length;
    this.frame = new Float64Array(nodes);
    this.heaviest = new Float64Array(nodes);
    this.#calls = new Graph(nodes);
    this.#least = new Int32Array(nodes);
    this.#leastAt = new Int32Array(nodes);
    this.#leastBy = new Int32Array(nodes);
  }

  /** The calls of a function follow. */
  from(func: number): void {
    this.#caller = func;
    this.#calls.from(func);
  }

  /** A call to a node, under a counted charge or (0) under none. */
  call(to: number, charge: number, at: number): void {
    if (charge === 0) this.#calls.to(to);
    else if (this.#least[to] === 0 || charge < this.#least[to]!) {
      this.#least[to] = charge;
      this.#leastAt[to] = at;
      this.#leastBy[to] = this.#caller;
    }
  }

  /** Judges cycles, charges and entries; all guest functions have been walked. */
  check(module: Module, layout: Layout, policy: Policy, report: Report): void {
    this.#addGenerated(layout, module.functions);
    this.#addTypes(module);
    const cycle = this.#calls.leaveAll(this.frame.keys(), (node) => {
      let heaviest = 0;
      for (let i = this.#calls.start[node]!; i < this.#calls.end[node]!; i++) {
        heaviest = Math.max(heaviest, this.heaviest[this.#calls.targets[i]!]!);
      }
      this.heaviest[node] = heaviest + this.frame[node]!;
    });
    if (cycle >= 0) {
      const func = cycle < module.functions ? cycle : -1;
      const at = module.bodyStart[func - module.imports.length] ?? 0;
      report.add("verify-stack-cycle", {}, "code", at, func);
    }
    const { stackBytes, callDepth } = policy.limits;
    this.#least.forEach((found, node) => {
      const needed = Math.max(Math.ceil(stackBytes / callDepth), this.heaviest[node]!);
      if (found === 0 || found >= needed) return;
      const args = { found, needed };
      report.add("verify-stack-charge", args, "code", this.#leastAt[node]!, this.#leastBy[node]!);
    });
    const limit = stackBytes / STACK_ENTRY_SHARE;
    for (const { name, func, offset } of module.exports) {
      const found = this.heaviest[func]!;
      if (found > limit) report.add("verify-entry-stack", { name, found, limit }, "export", offset);
    }
  }

  #addGenerated(layout: Layout, functions: number): void {
    layout.calls.forEach((callees, func) => {
      this.from(func);
      this.frame[func] = layout.frame[func]!;
      for (const callee of callees) if (callee < functions) this.call(callee, 0, 0);
    });
  }

  #addTypes(module: Module): void {
    const members = new Map<number, number[]>();
    module.named.forEach((at, func) => {
      if (at === 0) return;
      const node = module.functions + module.typeClass[module.funcType[func]!]!;
      members.set(node, members.get(node) ?? []);
      members.get(node)!.push(func);
    });
    for (const [node, list] of members) {
      this.from(node);
      for (const func of list) this.call(func, 0, 0);
    }
  }
}

// The stack judgement (rules A25, A26): calls made outside a counted region must form no cycle, so the
// heaviest path of each function is exact; a counted region must charge for the heaviest path that it calls.
// The invariant: every direct call, and every indirect one as all functions of its type whose address is
// taken, is an edge. Nodes are functions, then type classes; nothing here recurses.
import type { Policy } from "../policy/policy.ts";
import { STACK_ENTRY_SHARE } from "../spec/layout.ts";
import { type Layout, ROLE } from "./layout.ts";
import type { Module } from "./module.ts";
import type { Report } from "./report.ts";

const WHITE = 0;
const GREY = 1;
const BLACK = 2;

export class StackGraph {
  /** Stack bytes of one frame, by function. */
  readonly frame: Float64Array;
  /** Stack bytes of the heaviest uncounted path from a node on, once `check` has run. */
  readonly heaviest: Float64Array;
  readonly #functions: number;
  readonly #nodes: number;
  /** Targets of uncounted calls, and where those of each node start and end. */
  #targets = new Int32Array(1024);
  #length = 0;
  readonly #start: Int32Array;
  readonly #end: Int32Array;
  /** By node: the last caller noted (one edge a pair is enough), and the least counted charge. */
  readonly #lastCaller: Int32Array;
  readonly #least: Int32Array;
  readonly #leastAt: Int32Array;
  readonly #leastBy: Int32Array;
  #caller = -1;

  constructor(module: Module) {
    this.#functions = module.functions;
    this.#nodes = module.functions + module.types.length;
    this.frame = new Float64Array(this.#nodes);
    this.heaviest = new Float64Array(this.#nodes);
    this.#start = new Int32Array(this.#nodes);
    this.#end = new Int32Array(this.#nodes);
    this.#lastCaller = new Int32Array(this.#nodes).fill(-1);
    this.#least = new Int32Array(this.#nodes);
    this.#leastAt = new Int32Array(this.#nodes);
    this.#leastBy = new Int32Array(this.#nodes);
  }

  /** Begins the calls of a node. */
  begin(node: number): void {
    this.#caller = node;
    this.#start[node] = this.#length;
  }

  /** A call to a node, under a counted charge or (0) under none. */
  edge(to: number, charge: number, at: number): void {
    if (charge > 0) {
      const least = this.#least[to]!;
      if (least === 0 || charge < least) {
        this.#least[to] = charge;
        this.#leastAt[to] = at;
        this.#leastBy[to] = this.#caller;
      }
      return;
    }
    if (this.#lastCaller[to] === this.#caller) return;
    this.#lastCaller[to] = this.#caller;
    if (this.#length === this.#targets.length) {
      const bigger = new Int32Array(2 * this.#length);
      bigger.set(this.#targets);
      this.#targets = bigger;
    }
    this.#targets[this.#length++] = to;
  }

  finish(node: number): void {
    this.#end[node] = this.#length;
  }

  /** Adds the generated functions and the type classes, then judges cycles, charges and entries. */
  check(module: Module, layout: Layout, policy: Policy, report: Report): void {
    this.#addGenerated(layout);
    this.#addTypes(module);
    const cycle = this.#measure();
    if (cycle >= 0) {
      const from = module.bodyStart[cycle - module.imports.length] ?? 0;
      report.add("verify-stack-cycle", {}, "code", from, cycle < this.#functions ? cycle : -1);
    }
    const { stackBytes, callDepth } = policy.limits;
    const share = Math.ceil(stackBytes / callDepth);
    for (let node = 0; node < this.#nodes; node++) {
      const found = this.#least[node]!;
      const needed = Math.max(share, this.heaviest[node]!);
      if (found > 0 && found < needed) {
        const at = this.#leastAt[node]!;
        report.add("verify-stack-charge", { found, needed }, "code", at, this.#leastBy[node]!);
      }
    }
    const limit = stackBytes / STACK_ENTRY_SHARE;
    for (const { name, func, offset } of module.exports) {
      const found = this.heaviest[func]!;
      if (layout.role[func] !== ROLE.wrapper || found <= limit) continue;
      report.add("verify-entry-stack", { name, found, limit }, "export", offset, func);
    }
  }

  #addGenerated(layout: Layout): void {
    const { calls } = layout;
    const callees = new Map<number, number[]>();
    for (let i = 0; i < calls.length; i += 2) {
      const list = callees.get(calls[i]!);
      if (list === undefined) callees.set(calls[i]!, [calls[i + 1]!]);
      else list.push(calls[i + 1]!);
    }
    for (const [func, list] of callees) {
      this.begin(func);
      for (const callee of list) if (callee < this.#functions) this.edge(callee, 0, 0);
      this.finish(func);
    }
    for (let func = 0; func < layout.guest; func++) this.frame[func] = layout.frame[func]!;
  }

  #addTypes(module: Module): void {
    const functions = this.#functions;
    const members = new Map<number, number[]>();
    for (let func = 0; func < functions; func++) {
      if (module.named[func] === 0) continue;
      const node = functions + module.typeClass[module.funcType[func]!]!;
      const list = members.get(node);
      if (list === undefined) members.set(node, [func]);
      else list.push(func);
    }
    for (const [node, list] of members) {
      this.begin(node);
      for (const func of list) this.edge(func, 0, 0);
      this.finish(node);
    }
  }

  /** Heaviest paths by depth-first search with its own stack; a node on a cycle, or -1. */
  #measure(): number {
    const colour = new Uint8Array(this.#nodes);
    const next = this.#start.slice();
    const path = new Int32Array(this.#nodes);
    let cycle = -1;
    for (let root = 0; root < this.#nodes; root++) {
      if (colour[root] !== WHITE) continue;
      let depth = 0;
      path[depth] = root;
      colour[root] = GREY;
      while (depth >= 0) {
        const node = path[depth]!;
        if (next[node]! < this.#end[node]!) {
          const to = this.#targets[next[node]!++]!;
          if (colour[to] === WHITE) {
            colour[to] = GREY;
            path[++depth] = to;
          } else if (colour[to] === GREY) {
            if (cycle < 0) cycle = to;
          } else if (this.heaviest[to]! > this.heaviest[node]!) {
            this.heaviest[node] = this.heaviest[to]!;
          }
          continue;
        }
        colour[node] = BLACK;
        this.heaviest[node]! += this.frame[node]!;
        depth--;
        if (depth >= 0) {
          const caller = path[depth]!;
          if (this.heaviest[node]! > this.heaviest[caller]!) {
            this.heaviest[caller] = this.heaviest[node]!;
          }
        }
      }
    }
    return cycle;
  }
}

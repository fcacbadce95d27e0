// The order in which uncharged functions are judged: callees before callers, because a caller pays for what
// they leave open (rules A1, A2). The invariant: each is returned once; a cycle among them is a finding.
import type { Module } from "./module.ts";
import type { Report } from "./report.ts";

/** Sorts the uncharged functions; `calls` tells which uncharged functions one calls. */
export function calleesFirst(
  uncharged: readonly number[],
  calls: (func: number) => readonly number[],
  module: Module,
  report: Report,
): number[] {
  const order: number[] = [];
  const open = new Map<number, boolean>(uncharged.map((func) => [func, false]));
  const entered = new Set<number>();
  let reported = false;
  for (const root of uncharged) {
    const path: { func: number; calls: readonly number[]; next: number }[] = [];
    const enter = (func: number): void => {
      entered.add(func);
      open.set(func, true);
      path.push({ func, calls: calls(func), next: 0 });
    };
    if (!entered.has(root)) enter(root);
    while (path.length > 0) {
      const here = path.at(-1)!;
      if (here.next === here.calls.length) {
        open.set(here.func, false);
        order.push(here.func);
        path.pop();
        continue;
      }
      const callee = here.calls[here.next++]!;
      if (!entered.has(callee)) enter(callee);
      else if (open.get(callee) === true && !reported) {
        reported = true;
        const at = module.bodyStart[callee - module.imports.length]!;
        report.add("verify-uncharged-cycle", {}, "code", at, callee);
      }
    }
  }
  return order;
}

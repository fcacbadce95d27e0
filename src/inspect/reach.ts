// Which functions can run when a host enters a module at given functions. An indirect call of a type may enter
// every function of that type whose address is taken. All walks keep their own list: the depth of a call graph
// is its author's choice.
import type { CodeSurvey } from "./survey.ts";

/** reachable: by direct calls alone; indirect: only where a call goes through a table; unused: not at all. */
export type Reach = "reachable" | "indirect" | "unused";

/** Functions (1) that direct calls lead to; with `certain`, only calls that are made whenever a function runs. */
export function directReach(
  survey: CodeSurvey,
  roots: Iterable<number>,
  certain = false,
): Uint8Array {
  const seen = new Uint8Array(survey.count);
  const list: number[] = [];
  const visit = (func: number) => {
    if (seen[func] === 1) return;
    seen[func] = 1;
    list.push(func);
  };
  for (const root of roots) visit(root);
  for (let func = list.pop(); func !== undefined; func = list.pop()) {
    const i = func - survey.imported;
    if (i < 0) continue;
    const { start, items } = survey.calls;
    const end = certain ? start[i]! + survey.certain[i]! : start[i + 1]!;
    for (let k = start[i]!; k < end; k++) visit(items[k]!);
  }
  return seen;
}

/** Functions (1) that direct and indirect calls lead to. */
export function anyReach(survey: CodeSurvey, roots: Iterable<number>): Uint8Array {
  const { imported, count, typeOf, addressed } = survey;
  const byType = new Map<number, number[]>();
  for (let func = 0; func < count; func++) {
    if (addressed[func] !== 1) continue;
    const list = byType.get(typeOf[func]!);
    if (list === undefined) byType.set(typeOf[func]!, [func]);
    else list.push(func);
  }
  const seen = new Uint8Array(count);
  const list: number[] = [];
  const visit = (func: number) => {
    if (seen[func] === 1) return;
    seen[func] = 1;
    list.push(func);
  };
  for (const root of roots) visit(root);
  for (let func = list.pop(); func !== undefined; func = list.pop()) {
    const i = func - imported;
    if (i < 0) continue;
    const { calls, indirect } = survey;
    for (let k = calls.start[i]!; k < calls.start[i + 1]!; k++) visit(calls.items[k]!);
    for (let k = indirect.start[i]!; k < indirect.start[i + 1]!; k++) {
      const type = indirect.items[k]!;
      const targets = byType.get(type);
      if (targets === undefined) continue;
      byType.delete(type);
      for (const target of targets) visit(target);
    }
  }
  return seen;
}

/** What the two walks say of one function. */
export function reachOf(func: number, direct: Uint8Array, any: Uint8Array): Reach {
  if (direct[func] === 1) return "reachable";
  return any[func] === 1 ? "indirect" : "unused";
}

// Whether uncounted calls of a module form no cycle, by a walk of its own: what shows a change of the stack judgement
// harmless, which the counting interpreter, having no bytes of stack, cannot. Harden counts some calls that no cycle needs.
import { typeKey } from "../../src/wasm/module.ts";
import { guestOf } from "./plan.ts";
import { type Subject, subjectOf, typeOf } from "./subject.ts";

/** Functions whose address something takes, by their type. */
function takenByType(subject: Subject, named: ReadonlySet<number>): Map<string, number[]> {
  const byType = new Map<string, number[]>();
  for (const func of named) {
    const key = typeKey(typeOf(subject, func));
    byType.set(key, [...(byType.get(key) ?? []), func]);
  }
  return byType;
}

/** Whether every chain of calls outside counted regions ends, indirect ones as all functions of their type. */
export function uncountedCallsEnd(original: Subject, bytes: Uint8Array): boolean {
  const subject = subjectOf(original.name, bytes, original.policy, original.hasStart);
  const { module, firstGuest, functions } = subject;
  const direct: number[][] = [];
  const indirect: Set<string>[] = [];
  const named = new Set(module.elems.flatMap(({ items }) => items.filter((one) => one !== null)));
  for (const { init } of module.globals) if (init.op === "ref.func") named.add(init.func);
  for (let func = firstGuest; func < functions; func++) {
    const { body, sites } = guestOf(subject, func);
    const [calls, types] = [[] as number[], new Set<string>()];
    for (const [i, { name, a }] of body.code.entries()) {
      if (name === "ref.func") named.add(a);
      if (!name.startsWith("call")) continue;
      const last = sites.findLast(({ kind, to }) => kind.startsWith("STACK") && to <= i);
      if (last?.kind === "STACK_IN") continue;
      if (name === "call_indirect") types.add(typeKey(module.types[a]!));
      else if (a >= firstGuest) calls.push(a);
    }
    direct[func] = calls;
    indirect[func] = types;
  }
  const taken = takenByType(subject, named);
  const callees = (func: number): number[] => [
    ...direct[func]!,
    ...[...indirect[func]!].flatMap((key) => taken.get(key) ?? []),
  ];
  // 1: on the path, 2: done.
  const state = new Uint8Array(functions);
  for (let root = firstGuest; root < functions; root++) {
    if (state[root] !== 0) continue;
    const path = [{ func: root, next: callees(root) }];
    state[root] = 1;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const callee = top.next.pop();
      if (callee === undefined) state[path.pop()!.func] = 2;
      else if (state[callee] === 1) return false;
      else if (state[callee] === 0) {
        state[callee] = 1;
        path.push({ func: callee, next: callees(callee) });
      }
    }
  }
  return true;
}

// Finds out which function is what, and compares every generated one with the bytes that the policy
// demands. The order is fixed, so nothing is guessed: wrappers are what the exports name, helpers
// stand before them, thunks after the imports, stubs between (rules A3, A4, A35).
import type { Policy } from "../policy/policy.ts";
import { costTables } from "../spec/costs.ts";
import type { HostFunction } from "../spec/host-function-row.ts";
import { hostFunctions } from "../spec/host-functions.ts";
import { WINDOW } from "../spec/layout.ts";
import { firstContext } from "./expect/context.ts";
import { enter } from "./expect/enter.ts";
import { entries } from "./expect/entries.ts";
import { type Expected, type Signature, sameSignature } from "./expect/expected.ts";
import { globalsOf } from "./expect/globals.ts";
import { canDeny } from "./expect/guards/check.ts";
import { guardsOf } from "./expect/guards/list.ts";
import { Link } from "./expect/link.ts";
import { metricCount, ownImports, textOf } from "./expect/metrics.ts";
import { optionalHelpers, type Place, ROLE, roster } from "./expect/roster.ts";
import { denialMessage, stubHead } from "./expect/stub.ts";
import { refusing, trapArm } from "./expect/telemetry.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";

export type Layout = ReturnType<typeof readLayout>;

/** Lays out the module; what does not fit is a finding, an unreadable order stops. */
export function readLayout(s: Scanner, module: Module, policy: Policy) {
  const { imports, functions, lastPassive } = module;
  const table = costTables[policy.limits.fuel.costs];
  let context = firstContext(policy, table, module.guestGlobals);
  /** By function: its role; own cost and frame of generated ones. */
  const role = new Uint8Array(functions).fill(ROLE.guest);
  const cost = new Float64Array(functions);
  const frame = new Float64Array(functions);
  /** What each generated function calls; what wrappers and `enter` call, and where. */
  const calls = new Map<number, number[]>();
  const targets: { func: number; by: number; offset: number }[] = [];

  function isBody(func: number, { head }: Expected): boolean {
    module.seek(s, func);
    return s.eat(head) && s.pos === s.end;
  }

  /** Stubs are recognised by the bit that they set; imports that a check can deny have one. */
  function readStubs(from: number, end: number): HostFunction[] {
    const needed = new Set(imports.filter((row) => canDeny(policy, row)));
    const rows: HostFunction[] = [];
    for (let func = from; func < end; func++) {
      module.seek(s, func);
      const number = rows.length;
      const row = hostFunctions.find((_, place) => s.eat(stubHead(context, place, number)));
      if (row === undefined) s.stop("verify-generated", { what: "a stub" });
      const late = row.name <= (rows.at(-1)?.name ?? "");
      const useless = !needed.delete(row) && policy.allow.has(row.name);
      if (useless || late || denialMessage(row).length > WINDOW.bytes) {
        s.add("verify-stub", { what: `${row.name} is allowed, given twice or out of order` });
      }
      rows.push(row);
    }
    const [missing] = needed;
    if (missing !== undefined) s.stop("verify-generated", { what: `stub of ${missing.name}` });
    return rows;
  }

  /** Compares a whole function; what an open body calls is noted as a target. */
  function compare(func: number, place: Place): void {
    const { what, type, head, tail, budget } = place.body;
    const callees = [...place.body.calls];
    role[func] = place.role;
    cost[func] = place.body.cost;
    frame[func] = place.body.frame;
    calls.set(func, callees);
    module.seek(s, func);
    if (!sameSignature(module.signature(func), type)) s.add("verify-generated-type", { what });
    let same = s.eat(head);
    if (same && tail !== null) {
      const offset = s.pos;
      const target = s.u32();
      callees.push(target);
      targets.push({ func: target, by: func, offset });
      same = s.eat(tail);
    }
    const entry = place.role === ROLE.wrapper || place.role === ROLE.allocator;
    const code = entry ? "verify-wrapper" : "verify-generated";
    if (!same || s.pos !== s.end) s.add(code, { what });
    if (budget < 1) s.add("verify-budget", { what });
  }

  s.section = "code";
  const stubsAt = 2 * imports.length;
  const plain = enter(new Link(context, imports, new Map()), false);
  const { exports } = module;
  exports.forEach(({ name, func, offset }, k) => {
    const own = exports[0]!.func + k;
    const what = `"${name}" names function ${func}, its wrapper is ${own}`;
    if (func !== own) s.add("verify-export", { what }, offset, -1, "export");
  });
  // Without function exports nothing names a wrapper: `enter` is the first with its body.
  let entry = exports.length > 0 ? exports[0]!.func - 1 : stubsAt;
  if (exports.length === 0) while (entry < functions && !isBody(entry, plain)) entry++;
  const guest = entry + 1 + exports.length;
  const unfound = ownImports(policy).find((own) => !imports.some(({ name }) => name === own));
  if (unfound !== undefined) s.stop("verify-generated", { what: `import ${unfound}, missing,` });
  let guards = guardsOf(context, imports);
  let end = entry - guards.names.length;
  if (end < stubsAt || guest > functions) {
    s.stop("verify-export", { what: "the first function names no wrapper" }, exports[0]?.offset);
  }
  const helpers = optionalHelpers.filter(() => false);
  const refuse = refusing(context, imports, entry);
  for (const helper of optionalHelpers.toReversed()) {
    if (end <= stubsAt || !isBody(end - 1, helper.body(context, refuse))) continue;
    helpers.unshift(helper);
    end--;
  }
  // Where denials can be logged and there is a stub, `deny` stands after the stubs.
  const logs = end > stubsAt && policy.allow.has("proxy_log");
  if (logs && !imports.some(({ name }) => name === "proxy_log")) {
    s.stop("verify-generated", { what: "deny without proxy_log" });
  }
  if (logs) end--;
  const metrics = metricCount(policy, end - stubsAt, imports);
  const [found, needed] = [module.metricGlobals, globalsOf(metrics)];
  if (found !== needed) s.stop("verify-global", { what: `${found} of metrics are not ${needed}` });
  context = { ...context, metrics };
  const stubs = readStubs(stubsAt, end);
  const { names, text, all, fits } = textOf(policy, stubs, imports, logs);
  const speaks = all.length > 0;
  if (speaks && lastPassive === null) s.stop("verify-messages", {});
  const segment = speaks ? module.dataSegments - 1 : -1;
  const messages = logs ? segment : -1;
  context = { ...context, names, segment, text };
  if (metrics > 0) guards = guardsOf(context, imports);

  const starts = !isBody(entry, plain);
  const { link, places } = roster(context, imports, guards, { stubs, messages, helpers, starts });
  role.fill(ROLE.import, 0, imports.length);
  const typeOf = (func: number): Signature => module.signature(func);
  const { wrappers, missing } = entries(link, { exports, starts, entry }, typeOf, isBody);
  [...places, ...wrappers].forEach((place, k) => {
    compare(imports.length + k, place);
  });
  const misplaced = missing.map((name) => `"${name}" is not where it is to be added`);
  for (const what of misplaced) s.add("verify-export", { what });
  s.func = -1;
  if (speaks) ({ start: s.pos, end: s.end } = lastPassive!);
  const said = fits && speaks && s.eat(all) && s.pos === s.end;
  if (speaks && !said) s.add("verify-messages", {}, s.pos, -1, "data");
  const trap = trapArm(policy, entry);
  return { role, cost, frame, calls, targets, guest, messages: segment, trap };
}

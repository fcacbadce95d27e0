// Finds out which function is what, and compares every generated function with the bytes that the policy
// demands. The order of the index space is fixed, so nothing is guessed: wrappers are what the exports name,
// the helpers stand before them, thunks after the imports, stubs between (rules A3, A4, A35).
import type { Policy } from "../policy/policy.ts";
import { costTables } from "../spec/costs.ts";
import type { HostFunction } from "../spec/host-function-row.ts";
import { hostFunctions } from "../spec/host-functions.ts";
import { WINDOW } from "../spec/layout.ts";
import type { Context } from "./expect/context.ts";
import { enter } from "./expect/enter.ts";
import type { Expected } from "./expect/expected.ts";
import { type Choice, ENTRY_HELPERS, optionalHelpers, ROLE, roster } from "./expect/roster.ts";
import { denialMessage, stubHead } from "./expect/stub.ts";
import { crosses } from "./expect/thunk.ts";
import { type Module, sameSignature } from "./module.ts";
import type { Scanner } from "./scanner.ts";

/** Module starts that hosts would newly call beside a synthesised `_initialize` (A27). */
const rivals: ReadonlySet<string> = new Set(["_start", "main", "__main_void"]);

export class Layout {
  /** By function; own cost and frame of generated ones only. */
  readonly role: Uint8Array;
  readonly cost: Float64Array;
  readonly frame: Float64Array;
  /** What each generated function calls; what wrappers and `enter` call, with the byte of the call. */
  readonly calls = new Map<number, number[]>();
  readonly targets: { readonly func: number; readonly by: number; readonly offset: number }[] = [];
  /** Index of the first guest function. */
  guest = 0;
  /** The passive segment of denial messages, or -1. */
  messages = -1;
  readonly #s: Scanner;
  readonly #module: Module;
  readonly #context: Context;

  constructor(s: Scanner, module: Module, policy: Policy) {
    this.#s = s;
    this.#module = module;
    const table = costTables[policy.limits.fuel.costs];
    this.#context = { policy, table, globals: module.guestGlobals };
    this.role = new Uint8Array(module.functions).fill(ROLE.guest);
    this.cost = new Float64Array(module.functions);
    this.frame = new Float64Array(module.functions);
  }

  /** Lays out the module; what does not fit is a finding, and an index space that can't be read stops. */
  read(): void {
    const { imports, functions } = this.#module;
    const stubsAt = 2 * imports.length;
    const plain = enter(this.#context, false);
    const exports = this.#module.exports.map((one, k) => {
      const own = this.#module.exports[0]!.func + k;
      const what = `"${one.name}" names function ${one.func}, its wrapper is ${own}`;
      if (one.func !== own) this.#s.report.add("verify-export", { what }, "export", one.offset);
      return { ...one, type: this.#module.signature(Math.min(own, functions - 1)) };
    });
    // Without function exports nothing names a wrapper: `enter` is then the first function with its body.
    let entry = exports.length > 0 ? exports[0]!.func - ENTRY_HELPERS : stubsAt;
    if (exports.length === 0) while (entry < functions && !this.#isBody(entry, plain)) entry++;
    this.guest = entry + ENTRY_HELPERS + exports.length;
    let end = imports.some(crosses) ? entry - 1 : entry;
    if (end < stubsAt || this.guest > functions) {
      const what = "the first function export names no wrapper";
      this.#s.report.stop("verify-export", { what }, "export", exports[0]?.offset ?? 0);
    }
    const helpers = optionalHelpers.toReversed().filter(({ body }) => {
      const there = end > stubsAt && this.#isBody(end - 1, body(this.#context));
      if (there) end--;
      return there;
    });
    const starts = !this.#isBody(entry, plain);
    const stubs = this.#stubs(stubsAt, end);
    const { messages } = this;
    helpers.reverse();
    const choice: Choice = { imports, stubs, messages, helpers, starts, bare: false, exports };
    const first = exports.findIndex(({ name }) => name === "_initialize");
    const alone = starts && first >= 0 && !exports.some(({ name }) => rivals.has(name));
    const bare = alone ? roster(this.#context, { ...choice, bare: true }) : [];
    const { body } = bare.at(first - exports.length) ?? { body: plain };
    const isBare = alone && this.#isBody(entry + ENTRY_HELPERS + first, body);
    this.role.fill(ROLE.import, 0, imports.length);
    (isBare ? bare : roster(this.#context, choice)).forEach(({ role, body }, k) => {
      this.#compare(imports.length + k, role, body);
    });
    if (messages >= 0) this.#compareMessages(stubs.map(denialMessage).join(""));
    this.#s.func = -1;
  }

  #isBody(func: number, { head }: Pick<Expected, "head">): boolean {
    this.#module.seek(this.#s, func);
    return this.#s.eat(head) && this.#s.pos === this.#s.end;
  }

  /** Stubs are recognised by the bit that they set; `deny` stands after them where denials are logged. */
  #stubs(from: number, end: number): HostFunction[] {
    const s: Scanner = this.#s;
    const { policy } = this.#context;
    const { imports, lastPassive, dataSegments } = this.#module;
    const logs = end > from && policy.allow.has("proxy_log");
    if (logs && !imports.some(({ name }) => name === "proxy_log")) {
      s.stop("verify-generated", { what: "deny without proxy_log" });
    }
    if (logs && lastPassive === null) s.stop("verify-messages", {});
    if (logs) this.messages = dataSegments - 1;
    const heads = hostFunctions.map((_, place) => stubHead(this.#context, place));
    const rows: HostFunction[] = [];
    for (let func = from; func < (logs ? end - 1 : end); func++) {
      this.#module.seek(s, func);
      const row = hostFunctions[heads.findIndex((head) => s.eat(head))];
      if (row === undefined) s.stop("verify-generated", { what: "a stub" });
      const { name } = row;
      const late = name <= (rows.at(-1)?.name ?? "");
      if (policy.allow.has(name) || late || denialMessage(row).length > WINDOW.bytes) {
        const what = `${name} is allowed, given twice or out of order`;
        s.add("verify-stub", { what });
      }
      rows.push(row);
    }
    return rows;
  }

  /** Compares a whole function; what an open body calls is noted as a target. */
  #compare(func: number, role: number, body: Expected): void {
    const s: Scanner = this.#s;
    const { what } = body;
    const calls = [...body.calls];
    this.role[func] = role;
    this.cost[func] = body.cost;
    this.frame[func] = body.frame;
    this.calls.set(func, calls);
    this.#module.seek(s, func);
    if (!sameSignature(this.#module.signature(func), body.type)) {
      s.add("verify-generated-type", { what });
    }
    let same = s.eat(body.head);
    if (same && body.tail !== null) {
      const offset = s.pos;
      const target = s.u32();
      calls.push(target);
      this.targets.push({ func: target, by: func, offset });
      same = s.eat(body.tail);
    }
    const entry = role === ROLE.wrapper || role === ROLE.allocator;
    const code = entry ? "verify-wrapper" : "verify-generated";
    if (!same || s.pos !== s.end) s.add(code, { what });
    if (body.budget < 1) s.add("verify-budget", { what });
  }

  #compareMessages(messages: string): void {
    const s: Scanner = this.#s;
    const { start, end } = this.#module.lastPassive!;
    s.pos = start;
    s.end = end;
    const same = s.eat(new TextEncoder().encode(messages)) && s.pos === end && messages !== "";
    if (!same) s.report.add("verify-messages", {}, "data", s.pos);
  }
}

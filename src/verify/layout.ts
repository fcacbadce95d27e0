// Finds out which function is what, and compares every generated function with the bytes that the policy
// demands. The order of the index space is fixed, so nothing is guessed: wrappers are what the exports name,
// the helpers stand before them, thunks after the imports, stubs between (rules A3, A4, A35).
import type { Policy } from "../policy/policy.ts";
import { costTables } from "../spec/costs.ts";
import { hostFunctions } from "../spec/host-functions.ts";
import { WINDOW } from "../spec/layout.ts";
import { bulk, cross } from "./expect/bulk.ts";
import type { Context } from "./expect/context.ts";
import { deny } from "./expect/deny.ts";
import { close, enter, open } from "./expect/enter.ts";
import type { Expected } from "./expect/expected.ts";
import { grow } from "./expect/grow.ts";
import { type Denial, denialMessage, stub, stubHead } from "./expect/stub.ts";
import { crosses, thunk } from "./expect/thunk.ts";
import { wrapper, wrapperKind } from "./expect/wrapper.ts";
import { type Module, sameSignature } from "./module.ts";
import type { Scanner } from "./scanner.ts";

/** What a function is: `callable` is a generated one that guest code may call, `helper` one that it may not. */
export const ROLE = {
  import: 0,
  callable: 1,
  bulkBytes: 2,
  bulkElems: 3,
  helper: 4,
  allocator: 5,
  wrapper: 6,
  guest: 7,
} as const;

/** `enter`, `open` and `close`, which always stand before the wrappers. */
const ENTRY_HELPERS = 3;
/** Module starts that hosts would newly call beside a synthesised `_initialize` (A27). */
const rivals: ReadonlySet<string> = new Set(["_start", "main", "__main_void"]);

export class Layout {
  readonly role: Uint8Array;
  /** Own cost and frame of generated functions, by function index. */
  readonly cost: Float64Array;
  readonly frame: Float64Array;
  /** What each generated function calls. */
  readonly calls = new Map<number, number[]>();
  /** The functions that wrappers and `enter` call, with the byte of the call. */
  readonly targets: { readonly func: number; readonly by: number; readonly offset: number }[] = [];
  /** Index of the first guest function. */
  guest = 0;
  stubs = 0;
  /** The passive segment of denial messages, or -1. */
  messages = -1;
  readonly #scanner: Scanner;
  readonly #module: Module;
  readonly #context: Context;

  constructor(scanner: Scanner, module: Module, policy: Policy) {
    this.#scanner = scanner;
    this.#module = module;
    const table = costTables[policy.limits.fuel.costs];
    this.#context = { policy, table, globals: module.guestGlobals };
    this.role = new Uint8Array(module.functions).fill(ROLE.guest);
    this.cost = new Float64Array(module.functions);
    this.frame = new Float64Array(module.functions);
  }

  /** Lays out the module; what does not fit is a finding, and an index space that can't be read stops. */
  read(): void {
    const { imports, exports, functions } = this.#module;
    const context = this.#context;
    const thunks = imports.length;
    const stubs = 2 * thunks;
    const entry = exports.length > 0 ? exports[0]!.func - ENTRY_HELPERS : this.#findEntry(stubs);
    const crossing = imports.some(crosses);
    let end = crossing ? entry - 1 : entry;
    this.guest = entry + ENTRY_HELPERS + exports.length;
    if (end < stubs || this.guest > functions) {
      const what = "the first function export names no wrapper";
      this.#scanner.report.stop("verify-export", { what }, "export", exports[0]?.offset ?? 0);
    }
    this.role.fill(ROLE.import, 0, thunks);
    if (crossing) this.#compare(end, ROLE.helper, cross(context));
    const crossed = { index: end, cost: this.cost[end]! };
    imports.forEach((row, i) => {
      this.#compare(thunks + i, ROLE.callable, thunk(context, row, i, crossed));
    });
    const optional = [
      [ROLE.callable, grow(context)],
      [ROLE.bulkElems, bulk(context, "elems")],
      [ROLE.bulkBytes, bulk(context, "bytes")],
    ] as const;
    for (const [role, body] of optional) {
      if (end > stubs && this.#isBody(end - 1, body)) this.#compare(--end, role, body);
    }
    this.#stubs(stubs, end);
    this.#entries(entry);
    this.#scanner.func = -1;
  }

  /** Without function exports nothing names a wrapper: `enter` is then the first function with its body. */
  #findEntry(from: number): number {
    const body = enter(this.#context, false);
    let func = from;
    while (func < this.#module.functions && !this.#isBody(func, body)) func++;
    return func;
  }

  #isBody(func: number, { head }: Expected): boolean {
    this.#module.seek(this.#scanner, func);
    return this.#scanner.eat(head) && this.#scanner.pos === this.#scanner.end;
  }

  /** Compares a whole function; what an open body calls is noted as a target. */
  #compare(func: number, role: number, body: Expected): void {
    const scanner = this.#scanner;
    const { what } = body;
    const calls = [...body.calls];
    this.role[func] = role;
    this.cost[func] = body.cost;
    this.frame[func] = body.frame;
    this.calls.set(func, calls);
    this.#module.seek(scanner, func);
    if (!sameSignature(this.#module.signature(func), body.type)) {
      scanner.add("verify-generated-type", { what });
    }
    let same = scanner.eat(body.head);
    if (same && body.tail !== null) {
      const offset = scanner.pos;
      const target = scanner.u32();
      calls.push(target);
      this.targets.push({ func: target, by: func, offset });
      same = scanner.eat(body.tail);
    }
    if (!same || scanner.pos !== scanner.end) {
      const entry = role === ROLE.wrapper || role === ROLE.allocator;
      scanner.add(entry ? "verify-wrapper" : "verify-generated", { what });
    }
    if (body.budget < 1) scanner.add("verify-budget", { what });
  }

  /** Stubs are recognised by the bit that they set, then compared whole; `deny` stands after them. */
  #stubs(from: number, end: number): void {
    const { policy } = this.#context;
    const logging = end > from && policy.allow.has("proxy_log");
    const to = logging ? end - 1 : end;
    const denier = logging ? this.#deny(to) : null;
    const heads = hostFunctions.map((_, place) => stubHead(this.#context, place));
    let messages = "";
    let before = "";
    for (let func = from; func < to; func++) {
      this.#module.seek(this.#scanner, func);
      const place = heads.findIndex((head) => this.#scanner.eat(head));
      if (place < 0) this.#scanner.stop("verify-generated", { what: "a stub" });
      const row = hostFunctions[place]!;
      const { name } = row;
      const message = denialMessage(row);
      if (policy.allow.has(name) || name <= before || message.length > WINDOW.bytes) {
        const what = `${name} is allowed, given twice or out of order`;
        this.#scanner.add("verify-stub", { what });
      }
      const denial = denier === null ? null : { ...denier, offset: messages.length };
      this.#compare(func, ROLE.callable, stub(this.#context, row, place, denial));
      before = name;
      messages += message;
      this.stubs++;
    }
    if (this.messages >= 0) this.#compareMessages(messages);
  }

  #deny(func: number): Omit<Denial, "offset"> {
    const { imports, lastPassive, dataSegments } = this.#module;
    const log = imports.findIndex(({ name }) => name === "proxy_log");
    const index = imports.length + log;
    this.#module.seek(this.#scanner, func);
    if (log < 0) this.#scanner.stop("verify-generated", { what: "deny without proxy_log" });
    if (lastPassive === null) this.#scanner.stop("verify-messages", {});
    this.messages = dataSegments - 1;
    this.#compare(func, ROLE.helper, deny(this.#context, this.messages, index, this.cost[index]!));
    return { deny: func, denyCost: this.cost[func]! };
  }

  #compareMessages(messages: string): void {
    const scanner = this.#scanner;
    const { start, end } = this.#module.lastPassive!;
    scanner.pos = start;
    scanner.end = end;
    const text = Array.from(messages, (letter) => letter.charCodeAt(0));
    const same = scanner.eat(text) && scanner.pos === end && text.length > 0;
    if (!same) scanner.report.add("verify-messages", {}, "data", scanner.pos);
  }

  /** `enter`, `open`, `close` and the wrappers. */
  #entries(at: number): void {
    const context = this.#context;
    const plain = enter(context, false);
    this.#compare(at, ROLE.helper, this.#isBody(at, plain) ? plain : enter(context, true));
    this.#compare(at + 1, ROLE.helper, open(context, { index: at, cost: this.cost[at]! }));
    this.#compare(at + 2, ROLE.helper, close(context));
    const opening = { index: at + 1, cost: this.cost[at + 1]! };
    const entry = { open: opening, close: { index: at + 2, cost: this.cost[at + 2]! } };
    const { exports } = this.#module;
    const alone = this.targets.length > 0 && !exports.some(({ name }) => rivals.has(name));
    exports.forEach(({ name, func, offset, row }, k) => {
      const own = at + ENTRY_HELPERS + k;
      const type = this.#module.signature(own);
      const kind = wrapperKind(row);
      let body = wrapper(context, name, kind, type, entry);
      if (name === "_initialize") {
        const bare = wrapper(context, name, "bare", type, entry);
        if (alone && this.#isBody(own, bare)) body = bare;
      }
      if (func !== own) {
        const what = `"${name}" names function ${func}, its wrapper is ${own}`;
        this.#scanner.report.add("verify-export", { what }, "export", offset);
      }
      this.#compare(own, kind === "allocator" ? ROLE.allocator : ROLE.wrapper, body);
    });
  }
}

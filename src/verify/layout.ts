// Finds out which function is what, and compares every generated function with the bytes that the policy
// demands. The order of the index space is fixed, so nothing is guessed: wrappers are what the exports name,
// `enter` and the helpers stand before them, thunks after the imports, stubs between (rules A3, A4, A35).
import type { Code } from "../errors/catalogue.ts";
import type { Policy } from "../policy/policy.ts";
import { costTables } from "../spec/costs.ts";
import { hostFunctionIndex, hostFunctions } from "../spec/host-functions.ts";
import { WINDOW } from "../spec/layout.ts";
import type { Expected, Signature } from "./expect/body.ts";
import { bulk, bulkType, cross, crossType } from "./expect/bulk.ts";
import { type Context, hostSignature } from "./expect/context.ts";
import { deny, denyType } from "./expect/deny.ts";
import { close, closeType, enter, enterType, open, openType } from "./expect/enter.ts";
import { grow, growType } from "./expect/grow.ts";
import { type Denial, denialMessage, stub, stubHead } from "./expect/stub.ts";
import { crosses, thunk } from "./expect/thunk.ts";
import { type Entry, wrapper, wrapperKind } from "./expect/wrapper.ts";
import { type Module, sameSignature } from "./module.ts";
import type { Scanner } from "./scanner.ts";

/** What a function is; what guest code may call is THUNK, STUB, GROW, GUEST and, before its operation, BULK. */
export const ROLE = {
  import: 0,
  thunk: 1,
  stub: 2,
  deny: 3,
  bulkBytes: 4,
  bulkElems: 5,
  grow: 6,
  cross: 7,
  enter: 8,
  open: 9,
  close: 10,
  wrapper: 11,
  guest: 12,
} as const;

/** A guest function that an entry calls. */
export interface Target {
  readonly func: number;
  readonly by: number;
  readonly offset: number;
}

export class Layout {
  readonly role: Uint8Array;
  /** Own cost and frame of generated functions, by function index. */
  readonly cost: Float64Array;
  readonly frame: Float64Array;
  /** Direct calls of generated functions: caller, callee, caller, callee … */
  readonly calls: number[] = [];
  /** What wrappers and `enter` call. */
  readonly targets: Target[] = [];
  /** Wrappers of allocators. */
  readonly allocators: number[] = [];
  /** Index of the first guest function. */
  guest = 0;
  stubs = 0;
  /** The passive segment of denial messages, or -1. */
  messages = -1;

  constructor(functions: number) {
    this.role = new Uint8Array(functions).fill(ROLE.guest);
    this.cost = new Float64Array(functions);
    this.frame = new Float64Array(functions);
  }
}

/** `enter`, `open` and `close`, which stand before the wrappers. */
const HELPERS = 3;

/** Lays out the module; what does not fit is a finding, and an index space that can't be read stops. */
export function readLayout(scanner: Scanner, module: Module, policy: Policy): Layout {
  return new LayoutReader(scanner, module, policy).read();
}

class LayoutReader {
  readonly #scanner: Scanner;
  readonly #module: Module;
  readonly #context: Context;
  readonly #layout: Layout;
  #enter = -1;
  #deny = -1;
  /** Where the helpers that are there only when used end. */
  #helpersEnd = -1;

  constructor(scanner: Scanner, module: Module, policy: Policy) {
    this.#scanner = scanner;
    this.#module = module;
    const table = costTables[policy.limits.fuel.costs];
    this.#context = { policy, table, globals: module.guestGlobals };
    this.#layout = new Layout(module.functions);
  }

  read(): Layout {
    const { imports, exports } = this.#module;
    const layout = this.#layout;
    this.#scanner.section = "code";
    layout.role.fill(ROLE.import, 0, imports.length);
    const thunksEnd = 2 * imports.length;
    this.#enter = exports.length > 0 ? exports[0]!.func - HELPERS : this.#findEnter(thunksEnd);
    layout.guest = this.#enter + HELPERS + exports.length;
    const fewest = thunksEnd + (imports.some(({ row }) => crosses(row)) ? 1 : 0);
    if (this.#enter < fewest || layout.guest > this.#module.functions) {
      const offset = exports[0]?.offset ?? 0;
      const what = "the first function export names no wrapper";
      this.#scanner.report.stop("verify-export", { what }, "export", offset);
    }
    this.#thunks();
    this.#stubs(thunksEnd, this.#helpers(thunksEnd));
    const entry = this.#entry();
    exports.forEach((_, k) => {
      this.#wrapper(k, entry);
    });
    this.#scanner.func = -1;
    return layout;
  }

  #thunks(): void {
    const { imports } = this.#module;
    const context = this.#context;
    const charging = cross(context);
    const helper = { index: this.#enter - 1, cost: charging.cost };
    const needed = imports.some(({ row }) => crosses(row));
    if (needed) this.#compare(helper.index, ROLE.cross, "cross", crossType, charging);
    this.#helpersEnd = needed ? helper.index : this.#enter;
    imports.forEach(({ row }, i) => {
      const func = imports.length + i;
      const what = `thunk of ${row.name}`;
      const body = thunk(context, row, i, helper);
      this.#compare(func, ROLE.thunk, what, hostSignature(row), body);
      if (crosses(row)) this.#layout.calls.push(func, helper.index);
    });
  }

  /** Without function exports nothing names a wrapper: `enter` is then the first function with its body. */
  #findEnter(from: number): number {
    const { head } = enter(this.#context, false);
    for (let func = from; func < this.#module.functions; func++) {
      if (this.#isBody(func, head)) return func;
    }
    return -1;
  }

  #seek(func: number): void {
    const defined = func - this.#module.imports.length;
    this.#scanner.func = func;
    this.#scanner.pos = this.#module.bodyStart[defined]!;
    this.#scanner.end = this.#module.bodyEnd[defined]!;
  }

  #isBody(func: number, body: readonly number[]): boolean {
    this.#seek(func);
    return this.#scanner.eat(body) && this.#scanner.pos === this.#scanner.end;
  }

  #wrong(code: Code, what: string): void {
    this.#scanner.add(code, { what });
  }

  /** Compares a whole function; an open body's call target is returned, else -1. */
  #compare(
    func: number,
    role: number,
    what: string,
    type: Signature,
    body: Expected,
    code: Code = "verify-generated",
  ): number {
    const scanner = this.#scanner;
    this.#layout.role[func] = role;
    this.#layout.cost[func] = body.cost;
    this.#layout.frame[func] = body.frame;
    this.#seek(func);
    if (!sameSignature(this.#module.signature(func), type)) {
      this.#wrong("verify-generated-type", what);
    }
    let target = -1;
    let same = scanner.eat(body.head);
    let rest: readonly number[] = body.head;
    if (same && body.tail !== null) {
      const offset = scanner.pos;
      scanner.report.attempt(() => {
        target = scanner.u32();
        this.#layout.targets.push({ func: target, by: func, offset });
      });
      rest = body.tail;
      same = target >= 0 && scanner.eat(rest);
    }
    if (!same) scanner.pos += scanner.common(rest);
    if (scanner.pos !== scanner.end || !same) this.#wrong(code, what);
    return target;
  }

  /** The helpers before that, from the last backwards; returns where the stubs end. */
  #helpers(from: number): number {
    const context = this.#context;
    const optional = [
      [ROLE.grow, "grow", growType, grow(context)],
      [ROLE.bulkElems, "bulkElems", bulkType, bulk(context, "elems")],
      [ROLE.bulkBytes, "bulkBytes", bulkType, bulk(context, "bytes")],
    ] as const;
    let end = this.#helpersEnd;
    for (const [role, name, type, body] of optional) {
      if (end <= from || !this.#isBody(end - 1, body.head)) continue;
      end--;
      this.#compare(end, role, name, type, body);
    }
    if (end > from && context.policy.allow.has("proxy_log")) {
      end--;
      this.#denyBody(end);
    }
    return end;
  }

  #denyBody(func: number): void {
    const { imports, lastPassive, dataSegments } = this.#module;
    const layout = this.#layout;
    const log = imports.findIndex(({ row }) => row.name === "proxy_log");
    const thunkOfLog = imports.length + log;
    this.#deny = func;
    this.#seek(func);
    if (log < 0 || lastPassive === null) {
      const what = log < 0 ? "deny without proxy_log" : "deny without its messages";
      this.#wrong("verify-generated", what);
      return;
    }
    layout.messages = dataSegments - 1;
    const body = deny(this.#context, layout.messages, thunkOfLog, layout.cost[thunkOfLog]!);
    this.#compare(func, ROLE.deny, "deny", denyType, body);
    layout.calls.push(func, thunkOfLog);
  }

  /** Stubs are recognised by the bit that they set, then compared whole. */
  #stubs(from: number, to: number): void {
    const { policy } = this.#context;
    const layout = this.#layout;
    const heads = hostFunctions.map((_, place) => stubHead(this.#context, place));
    let messages = "";
    let before = "";
    for (let func = from; func < to; func++) {
      this.#seek(func);
      const place = heads.findIndex((head) => this.#scanner.eat(head));
      const row = hostFunctions[place];
      if (row === undefined) {
        this.#scanner.stop("verify-generated", { what: "stub" });
      }
      if (policy.allow.has(row.name) || row.name <= before) {
        const what = `${row.name}: it is allowed, given twice or out of order`;
        this.#wrong("verify-stub", what);
      }
      before = row.name;
      const offset = messages.length;
      let denial: Denial | null = null;
      if (this.#deny >= 0) {
        denial = { deny: this.#deny, denyCost: layout.cost[this.#deny]!, offset };
        messages += denialMessage(row);
        layout.calls.push(func, this.#deny);
        if (denialMessage(row).length > WINDOW.bytes) this.#wrong("verify-stub", row.name);
      }
      const body = stub(this.#context, row, hostFunctionIndex(row), denial);
      this.#compare(func, ROLE.stub, `stub of ${row.name}`, hostSignature(row), body);
      layout.stubs++;
    }
    if (this.#deny >= 0) this.#messages(messages);
  }

  #messages(expected: string): void {
    const scanner = this.#scanner;
    const segment = this.#module.lastPassive;
    if (segment === null) return;
    scanner.func = -1;
    scanner.pos = segment.start;
    scanner.end = segment.end;
    const text = Array.from(expected, (letter) => letter.charCodeAt(0));
    const same = scanner.eat(text) && scanner.pos === scanner.end && text.length > 0;
    if (!same) scanner.report.add("verify-messages", {}, "data", scanner.pos);
  }

  /** `enter`, `open` and `close`; returns what the wrappers call. */
  #entry(): Entry {
    const context = this.#context;
    const at = this.#enter;
    const { calls, cost } = this.#layout;
    const plain = enter(context, false);
    const body = this.#isBody(at, plain.head) ? plain : enter(context, true);
    const start = this.#compare(at, ROLE.enter, "enter", enterType, body);
    if (start >= 0) calls.push(at, start);
    if (body.budget < 1) this.#wrong("verify-budget", "enter");
    const opening = open(context, { index: at, cost: cost[at]! });
    this.#compare(at + 1, ROLE.open, "open", openType, opening);
    calls.push(at + 1, at);
    const closing = close(context);
    this.#compare(at + 2, ROLE.close, "close", closeType, closing);
    return {
      open: { index: at + 1, cost: opening.cost },
      close: { index: at + 2, cost: closing.cost },
    };
  }

  #wrapper(k: number, entry: Entry): void {
    const module = this.#module;
    const { name, func, offset, row } = module.exports[k]!;
    const expected = this.#enter + HELPERS + k;
    if (func !== expected) {
      const what = `"${name}" names function ${func}, its wrapper is ${expected}`;
      this.#scanner.report.add("verify-export", { what }, "export", offset);
    }
    const type = module.signature(expected);
    let kind = wrapperKind(row);
    if (name === "_initialize") {
      const bare = wrapper(this.#context, "bare", type, entry);
      if (this.#isBody(expected, bare.head)) {
        kind = "bare";
        this.#bare(offset);
      }
    }
    const body = wrapper(this.#context, kind, type, entry);
    const what = `wrapper of "${name}"`;
    const target = this.#compare(expected, ROLE.wrapper, what, type, body, "verify-wrapper");
    if (target >= 0) this.#layout.calls.push(expected, target);
    if (kind === "allocator") this.#layout.allocators.push(expected);
    this.#layout.calls.push(expected, entry.open.index, expected, entry.close.index);
    if (body.budget < 1) this.#wrong("verify-budget", what);
  }

  /** A synthesised `_initialize` needs a start function, and then no other module start is exported (A27). */
  #bare(offset: number): void {
    const starts = this.#layout.targets.some(({ by }) => by === this.#enter);
    const rival = this.#module.exports.find(({ name }) => rivals.has(name));
    if (starts && rival === undefined) return;
    const what = rival === undefined ? "there is no start function" : `"${rival.name}" is exported`;
    const args = { what: `"_initialize" is synthesised but ${what}` };
    this.#scanner.report.add("verify-export", args, "export", offset);
  }
}

/** Module starts that hosts would newly call beside a synthesised `_initialize`. */
const rivals: ReadonlySet<string> = new Set(["_start", "main", "__main_void"]);

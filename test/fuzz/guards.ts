// The target `guards`: one plugin that makes any call with any arguments in any callback, hardened under policies at
// random. The oracle: verify accepts it; each call gets the status that the model of the guards says, and
// reaches the host exactly where it says so; and no call traps.
import { harden } from "../../src/harden/harden.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { callback, callbackSignature } from "../../src/spec/callbacks.ts";
import { EFFECTIVE_CONTEXT } from "../../src/spec/guards.ts";
import type { HostFunction } from "../../src/spec/host-function-row.ts";
import { verify } from "../../src/verify/verify.ts";
import { type Export, type Running, run } from "../harden/instance.ts";
import { GuardModel } from "../oracle/guard-model.ts";
import { wat } from "../wat.ts";
import { answering, bytesFor, guardPolicy } from "./guard-policy.ts";
import { type Random, random } from "./random.ts";
import { count, type Tally, type Target } from "./target.ts";

const AMPLE = 2 ** 40;
const PAGE = 65_536;
/** Where the guest finds which call to make and with what, and where it leaves the status. */
/** The context that it acts for before that, 0 for none. */
const ACTS_FOR = 1020;
const [WHICH, STATUS, ARGS, TEXTS, RESULTS] = [1024, 1028, 1032, 2048, 40_000];
const ENTRIES = [
  "proxy_on_request_headers",
  "proxy_on_http_call_response",
  "proxy_on_grpc_close",
  "envoy_on_resolve_dns",
  "proxy_on_tick",
  "proxy_on_log",
  "proxy_on_configure",
  "other",
] as const;
const STEPS = 60;

function importOf({ module, name, params }: HostFunction): string {
  const from = module === "env" ? "env" : "wasi_snapshot_preview1";
  return `(import "${from}" "${name}" (func $${name} (param ${params.map(({ type }) => type).join(" ")}) (result i32)))`;
}

function armOf({ name, params }: HostFunction, k: number): string {
  const args = params.map(({ type }, i) => `(${type}.load (i32.const ${ARGS + 8 * i}))`);
  return `(if (i32.eq (i32.load (i32.const ${WHICH})) (i32.const ${k}))
    (then (i32.store (i32.const ${STATUS}) (call $${name} ${args.join(" ")}))))`;
}

function entryOf(name: string): string {
  const row = callback(name);
  const type =
    row === undefined ? { params: ["id"], result: null } : callbackSignature(row, "0.2.1");
  const params = type.params.map(() => "(param i32)").join(" ");
  return `(func (export "${name}") ${params} ${type.result === null ? "" : "(result i32)"}
    (if (i32.load (i32.const ${ACTS_FOR}))
      (then (drop (call $proxy_set_effective_context (i32.load (i32.const ${ACTS_FOR}))))))
    (call $make) ${type.result === null ? "" : "(i32.const 0)"})`;
}

const plugin: Uint8Array = wat(`(module ${answering.map(importOf).join("\n")}
  (memory (export "memory") 2)
  (func (export "proxy_abi_version_0_2_1"))
  (func $make ${answering.map(armOf).join("\n")})
  ${ENTRIES.map(entryOf).join("\n")})`);

const effective = answering.find(({ name }) => name === EFFECTIVE_CONTEXT)!;

interface Made {
  readonly row: HostFunction;
  readonly args: readonly (number | bigint)[];
}

class Play {
  readonly #r: Random;
  readonly #running: Running;
  readonly #model: GuardModel;
  readonly #policy: Policy;
  readonly #reached: string[] = [];
  #host = 0;
  /** The host knows the context that the entry acts for. */
  #knows = false;
  #calls = 0;
  made = 0;
  denied = 0;

  constructor(r: Random, policy: Policy, bytes: Uint8Array) {
    this.#r = r;
    this.#policy = policy;
    const host: Record<string, Export> = {};
    for (const row of answering) {
      host[row.name] = (...args) => {
        // The log of a denial comes from the window in page 0.
        if (row.name === "proxy_log" && args[1] === 16) return 0;
        if (row === effective && this.#calls++ === 0 && this.#actsFor) return this.#knows ? 0 : 2;
        this.#reached.push(row.name);
        if (row.params.at(-1)?.role === "out" && this.#host === 0)
          this.#write(Number(args.at(-1)), r.pick([0, 1, 2, 3, 5, 9, 11, 12, 13, 14]));
        return this.#host;
      };
    }
    this.#running = run(bytes, host);
    this.#model = new GuardModel(policy, () => this.#running.memory);
  }

  get #actsFor(): boolean {
    const view = new DataView(this.#running.memory.buffer);
    return view.getInt32(ACTS_FOR, true) !== 0;
  }

  #write(at: number, value: number): void {
    if (at >>> 0 < 2 * PAGE - 4)
      new DataView(this.#running.memory.buffer).setUint32(at >>> 0, value, true);
  }

  /** Arguments for a call, with what they point at written down. */
  #call(): Made {
    const r = this.#r;
    const row = r.pick(answering);
    const view = new DataView(this.#running.memory.buffer);
    let end = TEXTS;
    const sizes = new Map<number, number>();
    const args: (number | bigint)[] = row.params.map(({ role, type }, i) => {
      if (type === "i64") return BigInt(r.int(100));
      if (role === "in") {
        const bytes = bytesFor(r, row.params[i]!.name);
        const at = end + r.int(3);
        this.#running.memory.set(bytes, at);
        sizes.set(i + 1, bytes.length);
        end = at + bytes.length;
        return at;
      }
      if (role === "inLen") return sizes.get(i)!;
      if (role === "iovs") {
        for (let k = 0; k < 8; k++)
          view.setUint32(TEXTS + 8 * k + 4, r.pick([0, 1, 10, 30, 2 ** 31]), true);
        return TEXTS;
      }
      if (role === "iovsLen") return r.pick([0, 1, 2, 8, 1024, 1025, -1]);
      if (role === "int") return r.pick([0, 1, 2, 3, 4, 5, 7, 99, 100, 200, 401, 503, 506, -1]);
      return RESULTS + 8 * i;
    });
    return { row, args };
  }

  /** One entry, with one call in it. What differs from the model, in words; null where nothing does. */
  step(): string | null {
    const r = this.#r;
    const id = r.pick([0, 1, 2, 3, 4, 35, 67, 99, 131, -1]);
    const what = r.int(8);
    if (what < 2) {
      const [name, args] =
        what === 0
          ? (["proxy_on_context_create", [id, r.int(3)]] as const)
          : (["proxy_on_delete", [id]] as const);
      if (this.#policy.limits.fuel.request === null) return null;
      this.#model.enter(name, args);
      this.#running.call(name, ...args);
      this.#model.leave(name, args);
      return null;
    }
    const entry = r.pick(ENTRIES);
    const made = this.#call();
    const odd = r.int(10) === 0 ? r.int(made.args.length) : -1;
    const args = made.args.map((arg, i) =>
      i === odd && typeof arg === "number"
        ? r.pick([0, 1, TEXTS, TEXTS + 3, 2 * PAGE - 1, 2 * PAGE, (2 ** 31) | 0, -1])
        : arg,
    );
    return this.#enter(entry, id, { ...made, args });
  }

  #enter(entry: string, id: number, { row, args }: Made): string | null {
    const { name } = row;
    const view = new DataView(this.#running.memory.buffer);
    view.setInt32(WHICH, answering.indexOf(row), true);
    args.forEach((arg, i) => {
      if (typeof arg === "bigint") view.setBigInt64(ARGS + 8 * i, arg, true);
      else view.setInt32(ARGS + 8 * i, arg, true);
    });
    const type = callback(entry);
    const params =
      type === undefined
        ? [id]
        : callbackSignature(type, "0.2.1").params.map((_, i) => (i === 0 ? id : 0));
    this.#model.enter(entry, params);
    const actsFor = this.#r.pick([0, 0, 1, 2, 3, 35]);
    this.#knows = this.#r.int(4) > 0;
    this.#calls = 0;
    view.setInt32(ACTS_FOR, actsFor, true);
    if (actsFor !== 0 && this.#knows && this.#policy.allow.has(effective.name))
      this.#model.after(effective, [actsFor], 0);
    const allowed = this.#policy.allow.has(name);
    const said = allowed ? this.#model.judge(row, args) : "denied";
    const refusal = Number(row.denied);
    this.#host = this.#r.pick([0, 0, 0, 1]);
    // A length that the host gives back is charged: nothing is read where a result lies outside.
    const outside = row.params.some(
      ({ role }, i) => role.startsWith("out") && (args[i] as number) >>> 0 > 2 * PAGE - 4,
    );
    if (outside) this.#host = 1;
    this.#reached.length = 0;
    this.#running.call(entry, ...params);
    const status = view.getInt32(STATUS, true);
    const expected = said === null ? this.#host : said === "denied" ? refusal : said;
    this.made++;
    if (said === "denied") this.denied++;
    const reached = this.#reached.join();
    const saw = `${entry}(${params}) ${name}(${args}): ${status}, reached [${reached}]; the model says ${expected}`;
    if (status !== expected || reached !== (said === null ? name : "")) return saw;
    if (said === null) this.#model.after(row, args, status);
    this.#model.leave(entry, params);
    return null;
  }
}

/** What is wrong with one policy; null where nothing is. */
export function judgeGuards(seed: number, tally: Tally): string | null {
  const r = random(seed);
  const policy = guardPolicy(r, AMPLE);
  try {
    const { bytes } = harden(plugin, policy);
    const [finding] = verify(bytes, policy);
    if (finding) return `verify refuses it: ${finding.code} ${finding.message}`;
    const play = new Play(r, policy, bytes);
    for (let n = 0; n < STEPS; n++) {
      const wrong = play.step();
      if (wrong !== null) return `step ${n}: ${wrong}`;
    }
    count(tally, "calls", play.made);
    count(tally, "of them denied", play.denied);
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

export function guardsTarget(): Target {
  return {
    versions: {},
    end: () => {},
    async run(seed, tally) {
      const what = judgeGuards(seed, tally);
      if (what !== null) tally.failures.push({ seed, what, bytes: plugin });
    },
  };
}

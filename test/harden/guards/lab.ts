// A plugin that hands every call on as it is told, hardened under a policy, before a host that records what
// reaches it: each export of the name of a host function makes that call with its own arguments. Memory is
// written from outside, so that a test says to the byte what the guards look at.
import assert from "node:assert/strict";
import { harden } from "../../../src/harden/harden.ts";
import type { Policy } from "../../../src/policy/policy.ts";
import { policyFromRole } from "../../../src/policy/resolve.ts";
import type { Rules } from "../../../src/policy/rules.ts";
import type { HostFunction } from "../../../src/spec/host-function-row.ts";
import { hostFunctionIndex, hostFunctionNamed } from "../../../src/spec/host-functions.ts";
import { DENIED_PREFIX } from "../../../src/spec/layout.ts";
import { verify } from "../../../src/verify/verify.ts";
import { wat } from "../../wat.ts";
import { type Export, type Running, run } from "../instance.ts";

type Value = number | bigint;
type Parts<T> = { readonly [K in keyof T]?: T[K] extends object ? Partial<T[K]> | T[K] : T[K] };

export interface Setting {
  readonly rules?: Parts<Rules>;
  readonly limits?: Parts<Policy["limits"]>;
  readonly denied?: Policy["denied"];
  readonly callbacks?: Policy["callbacks"];
  /** More functions of the guest. */
  readonly more?: string;
  /** Answers of the host by name; 0 where there is none. */
  readonly host?: Readonly<Record<string, Export>>;
  readonly pages?: number;
  readonly wasi?: string;
}

export interface Reached {
  readonly name: string;
  readonly args: readonly Value[];
}

export interface Lab {
  readonly running: Running;
  readonly policy: Policy;
  /** Makes a call in an entry of its own, and answers its status. */
  call(name: string, ...args: Value[]): number;
  /** Writes a text, or bytes, into the guest's memory and answers its length. */
  put(at: number, what: string | Uint8Array): number;
  /** What reached the host since it was last asked, denial messages left out. */
  reached(): readonly Reached[];
  /** Denial messages so far. */
  readonly denials: readonly string[];
  /** Whether the denial bit of a host function is set. */
  wasDenied(name: string): boolean;
}

const rowOf = (name: string): HostFunction => {
  const row = hostFunctionNamed(name);
  assert.ok(row, name);
  return row;
};

/** Without limits and rules but those of the setting, every call of `names` allowed. */
export function policyOf(names: readonly string[], setting: Setting = {}): Policy {
  const base = policyFromRole(null);
  const { rules = {}, limits = {} } = setting;
  const merged = <T extends object>(whole: T, parts: object): T => {
    const entries = Object.entries(whole).map(([key, value]) => {
      const part = (parts as Record<string, unknown>)[key];
      if (part === undefined) return [key, value];
      const plain = (one: unknown) =>
        typeof one === "object" && one !== null && !Array.isArray(one);
      return [key, plain(part) && plain(value) ? merged(value, part as object) : part];
    });
    return Object.fromEntries(entries) as T;
  };
  const none = {
    dispatch: { outstanding: null, total: null },
    log: { bytes: null, level: null },
    host: {
      headerBytes: null,
      bodyBytes: null,
      sharedData: null,
      queueItems: null,
      sharedDataPerRequest: 0,
      queueItemsPerRequest: 0,
      metrics: null,
      tick: null,
    },
  };
  const free = merged(base.rules, { foreign: null });
  return {
    ...base,
    allow: new Set(names),
    callbacks: setting.callbacks ?? base.callbacks,
    denied: setting.denied ?? base.denied,
    rules: merged(free, rules),
    limits: merged(merged(base.limits, none), limits),
  };
}

function importOf(name: string, wasi: string): string {
  const row = rowOf(name);
  const params = row.params.map(({ type }) => `(param ${type})`).join(" ");
  const result = row.result === null ? "" : `(result ${row.result})`;
  const from = row.module === "env" ? "env" : wasi;
  return `(import "${from}" "${name}" (func $${name} ${params} ${result}))`;
}

function doorOf(name: string): string {
  const row = rowOf(name);
  const params = row.params.map(({ type }) => `(param ${type})`).join(" ");
  const args = row.params.map((_, i) => `(local.get ${i})`).join(" ");
  return `(func (export "do ${name}") ${params} (result i32) (call $${name} ${args}))`;
}

/** The plugin's own bytes. */
export function guestOf(names: readonly string[], setting: Setting = {}): Uint8Array {
  const wasi = setting.wasi ?? "wasi_snapshot_preview1";
  return wat(`(module ${names.map((name) => importOf(name, wasi)).join("\n")}
    (memory (export "memory") ${setting.pages ?? 2})
    (func (export "proxy_abi_version_0_2_1"))
    ${names.map(doorOf).join("\n")} ${setting.more ?? ""})`);
}

/** Hardens, asks verify, and runs the plugin. */
export function lab(names: readonly string[], setting: Setting = {}): Lab {
  const policy = policyOf(names, setting);
  const { bytes } = harden(guestOf(names, setting), policy);
  assert.deepEqual(verify(bytes, policy), []);
  const reached: Reached[] = [];
  const denials: string[] = [];
  const text = (at: Value, size: Value) =>
    new TextDecoder().decode(running.memory.slice(Number(at), Number(at) + Number(size)));
  const record = (name: string): Export => {
    return (...args) => {
      if (name === "proxy_log" && text(args[1]!, args[2]!).startsWith(DENIED_PREFIX)) {
        denials.push(text(args[1]!, args[2]!).slice(DENIED_PREFIX.length));
        return 0;
      }
      reached.push({ name, args });
      return setting.host?.[name]?.(...args) ?? 0;
    };
  };
  const host = Object.fromEntries([...names, "proxy_log"].map((name) => [name, record(name)]));
  const running: Running = run(bytes, host);
  return {
    running,
    policy,
    denials,
    call: (name, ...args) => {
      const want = rowOf(name).params.length;
      const all = [...args, ...new Array<number>(Math.max(0, want - args.length)).fill(0)];
      return Number(running.call(`do ${name}`, ...all));
    },
    put: (at, what) => {
      const raw = typeof what === "string" ? new TextEncoder().encode(what) : what;
      running.memory.set(raw, at);
      return raw.length;
    },
    reached: () => reached.splice(0),
    wasDenied: (name) => {
      const index = hostFunctionIndex(rowOf(name));
      const word = running.global(`glovebox_denied${Math.floor(index / 64)}`) as bigint;
      return ((word >> BigInt(index % 64)) & 1n) === 1n;
    },
  };
}

/** Whether each call reaches the host or is denied by the policy, in words. */
export function fates(own: Lab, name: string, calls: readonly (readonly Value[])[]): string[] {
  own.reached();
  return calls.map((args) => {
    const status = own.call(name, ...args);
    const count = own.reached().length;
    if (count > 0) return "reached";
    return status === rowOf(name).denied ? "denied" : `status ${status}`;
  });
}

// Runs a module in the engine at hand with stub imports, for tests of what hardened code does.

import assert from "node:assert/strict";
import { harden } from "../../src/harden/harden.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { verify } from "../../src/verify/verify.ts";
import { wat } from "../wat.ts";

type Value = number | bigint;
export type Export = (...args: Value[]) => Value | Value[] | undefined;

export interface Running {
  call(name: string, ...args: Value[]): Value | Value[] | undefined;
  global(name: string): Value;
  readonly memory: Uint8Array;
  has(name: string): boolean;
}

interface Engine {
  readonly Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): { module: string; name: string }[];
  };
  readonly Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
}

const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

/** Instantiates; imports that `host` lacks answer 0. */
export function run(bytes: Uint8Array, host: Record<string, Export> = {}): Running {
  const module = new engine.Module(bytes);
  const imports: Record<string, Record<string, Export>> = {};
  for (const { module: from, name } of engine.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: host[name] ?? (() => 0) };
  }
  const { exports } = new engine.Instance(module, imports);
  return {
    call: (name, ...args) => (exports[name] as Export)(...args),
    global: (name) => (exports[name] as { value: Value }).value,
    has: (name) => exports[name] !== undefined,
    get memory() {
      return new Uint8Array((exports.memory as { buffer: ArrayBuffer }).buffer);
    },
  };
}

/** Hardens text under a policy, checks that verify accepts it, and runs it. */
export function runHardened(
  text: string,
  policy: Policy,
  host: Record<string, Export> = {},
): Running {
  const { bytes } = harden(wat(text), policy);
  assert.deepEqual(verify(bytes, policy), []);
  return run(bytes, host);
}

/** What a call does: its result, or the engine's message. */
export function outcome(running: Running, name: string, ...args: Value[]): string {
  try {
    return `= ${String(running.call(name, ...args))}`;
  } catch (error) {
    return `trap: ${error instanceof Error ? error.message : String(error)}`;
  }
}

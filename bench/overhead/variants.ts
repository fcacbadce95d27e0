// The variants of one module: as built, hardened in both modes, under the schemes and tools that ours is
// compared with, and under Wasmtime's own fuel and epochs. Each is a file; what can't be made says why.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { harden } from "../../src/harden/harden.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { sha256 } from "../../src/util/digest.ts";
import { verify } from "../../src/verify/verify.ts";
import { decode } from "../../src/wasm/decode.ts";
import { benchCache } from "./build.ts";
import { internetComputer } from "./schemes/internet-computer.ts";
import { wasmInstrument } from "./schemes/wasm-instrument.ts";
import { wasmer } from "./schemes/wasmer.ts";
import { PLENTY, weave } from "./schemes/weave.ts";

export interface Variant {
  readonly name: string;
  readonly file: string;
  /** Exported globals to set before every call. */
  readonly refill: Readonly<Record<string, string>>;
  /** Configuration of Wasmtime; the variant is of no other engine. */
  readonly engine?: "fuel" | "epoch";
  readonly bytes: number;
}

export interface Variants {
  readonly base: Variant;
  readonly variants: readonly Variant[];
  readonly missing: readonly { readonly name: string; readonly why: string }[];
}

/**
 * The baseline as one of the variants: what the machine makes of no difference at all. A custom section more, or
 * engines would give it the code that they have compiled already.
 */
export const NOISE = "the module itself again";
export const BOUND = "glovebox bound";
export const EXACT = "glovebox exact";
/** As `bound`, with accounts of streams and the counters that a module tells of itself. */
export const TELLING = "glovebox bound, accounts and telemetry";
export const NATIVE_FUEL = "Wasmtime's fuel";
export const NATIVE_EPOCH = "Wasmtime's epochs";
export const tools = ["radix-wasm-instrument", "wasm-instrument"] as const;

/** A custom section with an empty name and nothing in it. */
const AGAIN = [0, 1, 0];

const MOST_MEMORY = 2 ** 30;
/** Go programs nest deeper than plugins. */
const MOST_STACK = 2 ** 23;
const MOST_DEPTH = 10_000;

/** All that the module imports, and budgets that are never used up. */
export function openPolicy(bytes: Uint8Array, mode: "bound" | "exact", telemetry = false): Policy {
  return policyFromRole(null, {
    "spec.limits.fuel.mode": mode,
    "spec.limits.fuel.callback": Number.MAX_SAFE_INTEGER,
    "spec.limits.fuel.start": Number.MAX_SAFE_INTEGER,
    "spec.limits.memory": MOST_MEMORY,
    "spec.limits.stack": MOST_STACK,
    "spec.limits.callDepth": MOST_DEPTH,
    "spec.capabilities.allow": [...new Set(decode(bytes).imports.map((one) => one.name))],
    "spec.telemetry": telemetry,
  });
}

/** Hardened, and found in order by verify: a figure of code that breaks the promise would mean nothing. */
function contained(bytes: Uint8Array, mode: "bound" | "exact", telemetry = false): Uint8Array {
  const policy = openPolicy(bytes, mode, telemetry);
  const hardened = harden(bytes, policy).bytes;
  const [finding] = verify(hardened, policy);
  if (finding !== undefined) throw new Error(`verify: ${finding.code}`);
  return hardened;
}

const manifest = fileURLToPath(
  new URL("../../../bench/peers/metering/Cargo.toml", import.meta.url),
);

let metering: string | null | undefined;
function meteringProgram(): string | null {
  if (metering !== undefined) return metering;
  const target = join(benchCache(), "..", "metering");
  const args = ["build", "--release", "--locked", "--quiet", "--manifest-path", manifest];
  const env = { ...process.env, CARGO_TARGET_DIR: target };
  const done = spawnSync("cargo", args, { encoding: "utf8", env });
  return (metering = done.status === 0 ? join(target, "release/metering") : null);
}

function byTool(tool: string, from: string): Uint8Array {
  const program = meteringProgram();
  if (program === null) throw new Error("cargo could not build it");
  const to = join(benchCache(), "variants", `draft-${process.pid}.wasm`);
  const done = spawnSync(program, [tool, from, to], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(done.stderr.trim().split("\n")[0]);
  return readFileSync(to);
}

/** Makes every variant of a module that can be made. */
export function variantsOf(path: string): Variants {
  const bytes = readFileSync(path);
  const folder = join(benchCache(), "variants");
  mkdirSync(folder, { recursive: true });
  const variants: Variant[] = [];
  const missing: { name: string; why: string }[] = [];
  const add = (name: string, refill: Variant["refill"], make: () => Uint8Array) => {
    try {
      const made = make();
      const file = join(folder, `${sha256(made).slice(0, 24)}.wasm`);
      if (!existsSync(file)) writeFileSync(file, made);
      variants.push({ name, file, refill, bytes: made.length });
    } catch (cause) {
      missing.push({ name, why: (cause as Error).message });
    }
  };
  const gas = { gas_left: PLENTY };
  const base = { name: "base", file: path, refill: {}, bytes: bytes.length };
  add(NOISE, {}, () => new Uint8Array([...bytes, ...AGAIN]));
  add(BOUND, {}, () => contained(bytes, "bound"));
  add(EXACT, {}, () => contained(bytes, "exact"));
  add(TELLING, {}, () => contained(bytes, "bound", true));
  for (const scheme of [wasmer, internetComputer, wasmInstrument]) {
    add(scheme.name, gas, () => weave(bytes, scheme));
  }
  for (const tool of tools) add(`${tool} itself`, gas, () => byTool(tool, path));
  variants.push({ ...base, name: NATIVE_FUEL, engine: "fuel" });
  variants.push({ ...base, name: NATIVE_EPOCH, engine: "epoch" });
  return { base, variants, missing };
}

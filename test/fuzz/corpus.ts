// Files of the regression corpus: a module as it failed, with the calls to make and the setting in a custom
// section, so that one file replays by itself. Modules without that section are replayed through contain only.
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import type { Module } from "../../src/wasm/module.ts";
import type { Setting } from "./differential.ts";
import type { Call, Sample } from "./generate.ts";

const SECTION = "fuzz";

interface Entry {
  readonly calls: readonly Call[];
  readonly setting: Setting;
}

/** A sample and its setting as one module. */
export function toFile(sample: Sample, setting: Setting): Uint8Array {
  const entry: Entry = { calls: sample.calls, setting };
  const text = JSON.stringify(entry, (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : value,
  );
  const module: Module = decode(sample.bytes);
  const custom = { name: SECTION, bytes: new TextEncoder().encode(text), after: 12 };
  return emit({ ...module, customs: [...module.customs, custom] }).slice();
}

function revive(_: string, value: unknown): unknown {
  if (value === "-0") return -0;
  return typeof value === "string" && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
}

/** The sample and setting in a corpus file; undefined where it has none. */
export function fromFile(bytes: Uint8Array): { sample: Sample; setting: Setting } | undefined {
  let module: Module;
  try {
    module = decode(bytes);
  } catch {
    return undefined;
  }
  const custom = module.customs.find((one) => one.name === SECTION);
  if (custom === undefined) return undefined;
  const { calls, setting } = JSON.parse(new TextDecoder().decode(custom.bytes), revive) as Entry;
  const rest = module.customs.filter((one) => one !== custom);
  return { sample: { bytes: emit({ ...module, customs: rest }).slice(), calls }, setting };
}

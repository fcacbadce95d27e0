// The layered runtime: of all its keys the lab reads those by which the article limits plugins, in Envoy's own
// place (`layered_runtime`) and in the article's (`runtime.layered_runtime`).
import type { LabConfig } from "../lab-config.ts";
import type { ScalarTree, Tree } from "../read/tree.ts";
import type { Picker } from "./picker.ts";

type Limit = keyof LabConfig["limits"];

const ENGINE = "envoy.wasm.runtime.";
const keys: Readonly<Record<string, Limit>> = {
  [`${ENGINE}v8.engine.heap_size_limit`]: "memory",
  [`${ENGINE}v8.engine.memory_limit`]: "memory",
  [`${ENGINE}v8.engine.fuel_consumption`]: "fuel",
  [`${ENGINE}wasmtime.engine.heap_size_limit`]: "memory",
  [`${ENGINE}wasmtime.engine.memory_limit`]: "memory",
  [`${ENGINE}wasmtime.engine.fuel_consumption`]: "fuel",
};

const words: Readonly<Record<Limit, string>> = {
  memory: "a plugin's memory in bytes",
  fuel: "a request's fuel",
};

interface Key {
  readonly value: ScalarTree["value"];
  readonly at: number;
}

/** Nested maps are dotted keys, as Envoy reads them. */
function flatten(tree: Tree | undefined, path: string, into: Map<string, Key>): void {
  if (tree?.kind !== "map") return;
  for (const { key, at, value } of tree.entries) {
    const name = path === "" ? key : `${path}.${key}`;
    if (value.kind === "map") flatten(value, name, into);
    else into.set(name, { value: value.kind === "scalar" ? value.value : null, at });
  }
}

/** Later layers win over earlier ones, key by key. */
function readKeys(runtime: Picker): ReadonlyMap<string, Key> {
  const keys = new Map<string, Key>();
  for (const layer of runtime.messages("layers")) {
    layer.text("name");
    layer.child("admin_layer");
    flatten(layer.tree("static_layer"), "", keys);
  }
  return keys;
}

function limitOf(runtime: Picker, key: string, { value, at }: Key): number | undefined {
  const number = typeof value === "string" && /^[0-9]+$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number) && number > 0) return number;
  runtime.report.add("envoy-wrong-type", "error", at, {
    field: key,
    expected: "a whole number above 0",
    found: String(value ?? "nothing").slice(0, 60),
  });
  return undefined;
}

/** The limits that the layers of one or two runtimes set. */
export function readLimits(runtimes: readonly Picker[]): LabConfig["limits"] {
  const limits: { memory: number | null; fuel: number | null } = { memory: null, fuel: null };
  for (const runtime of runtimes) {
    for (const [key, { value, at }] of readKeys(runtime)) {
      const what = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (what === undefined) {
        const supported = Object.keys(keys).join(", ");
        runtime.report.add("lab-runtime-key", "warning", at, { key: key.slice(0, 100), supported });
        continue;
      }
      const limit = limitOf(runtime, key, { value, at });
      if (limit === undefined) continue;
      const { report } = runtime;
      report.add("article-runtime-key", report.articleLevel, at, {
        key,
        what: words[what],
        value: limit,
      });
      const before = limits[what];
      if (before !== null && before !== limit) {
        report.add("article-runtime-twice", "warning", at, { key, value: Math.min(before, limit) });
      }
      limits[what] = Math.min(before ?? limit, limit);
    }
  }
  return limits;
}

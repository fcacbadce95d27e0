// The source `mutated`: real plugins changed by `wasm-tools mutate`, once or twice, and driven as a host would
// from their start to the end of a request.
import { readdirSync, readFileSync } from "node:fs";
import { I32 } from "../../src/spec/binary.ts";
import { callback } from "../../src/spec/callbacks.ts";
import { hostFunctions } from "../../src/spec/host-functions.ts";
import { decode } from "../../src/wasm/decode.ts";
import { funcImports, funcTypeIndex } from "../../src/wasm/module.ts";
import type { Source } from "./differential-target.ts";
import type { Call } from "./generate.ts";
import { wasmTools } from "./wasm-tools.ts";

const built = new URL("../../plugins/wasm/", import.meta.url);

/** A plugin's life, in order; what it doesn't export is left out. */
const LIFE: readonly Call[] = [
  { name: "_initialize", args: [] },
  { name: "_start", args: [] },
  { name: "proxy_on_context_create", args: [1, 0] },
  { name: "proxy_on_vm_start", args: [1, 0] },
  { name: "proxy_on_configure", args: [1, 0] },
  { name: "proxy_on_context_create", args: [2, 1] },
  { name: "proxy_on_request_headers", args: [2, 3, 0] },
  { name: "proxy_on_request_body", args: [2, 64, 1] },
  { name: "proxy_on_response_headers", args: [2, 2, 0] },
  { name: "proxy_on_response_body", args: [2, 64, 1] },
  { name: "proxy_on_tick", args: [1] },
  { name: "malloc", args: [100] },
  { name: "proxy_on_done", args: [2] },
  { name: "proxy_on_log", args: [2] },
  { name: "proxy_on_delete", args: [2] },
];

/** The calls of a life that a module can answer. Throws a Failure where it can't be read. */
export function lifeOf(bytes: Uint8Array): readonly Call[] {
  const module = decode(bytes);
  const imports = funcImports(module);
  const takes = new Map<string, number>();
  for (const { kind, name, index } of module.exports) {
    if (kind !== "func") continue;
    const { params } = module.types[funcTypeIndex(module, imports, index)]!;
    if (params.every((type) => type === I32)) takes.set(name, params.length);
  }
  // ABI 0.1.0 has fewer parameters in some callbacks.
  return LIFE.filter(({ name }) => takes.has(name) && callback(name) !== undefined).map((call) => ({
    ...call,
    args: call.args.slice(0, takes.get(call.name)!),
  }));
}

const everything = hostFunctions.map((row) => row.name);

/** Numbers for the mutator that try to change a plugin: many find nothing that they could. */
const TRIES = 6;

/** A plugin changed once, or every other seed twice; undefined where no try succeeds. */
function mutant(plugin: Uint8Array, seed: number): Uint8Array | undefined {
  let bytes = plugin;
  let changes = 1 + (seed % 2);
  for (let i = 0; i < TRIES && changes > 0; i++) {
    const made = wasmTools(["mutate", "--seed", String(seed * TRIES + i), "-"], bytes);
    if ("problem" in made) continue;
    bytes = made.bytes;
    changes--;
  }
  return bytes === plugin ? undefined : bytes;
}

export function mutatedSource(): Source {
  const files = readdirSync(built)
    .filter((file) => file.endsWith(".wasm"))
    .sort();
  const plugins = files.map((file) => new Uint8Array(readFileSync(new URL(file, built))));
  return (seed) => {
    const bytes = mutant(plugins[seed % plugins.length]!, seed);
    if (bytes === undefined) return { skipped: "the mutator found nothing to change" };
    let calls: readonly Call[];
    try {
      calls = lifeOf(bytes);
    } catch {
      return { skipped: "the mutant is outside the feature gate" };
    }
    if (calls.length === 0) return { skipped: "the mutant exports nothing to call" };
    return { sample: { bytes, calls }, setting: { ample: 2_000_000, allow: everything } };
  };
}

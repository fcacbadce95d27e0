// The source `smith`: modules of `wasm-tools smith`, whose authors know nothing of us. Its settings keep it in
// our feature gate; a shape module makes it export what a plugin exports. Seeds differ in whether loads and
// divisions may trap (then most calls are short), in reference types (then some are outside the gate), and in
// start sections.
import { hostFunction } from "../../src/spec/host-functions.ts";
import { wat } from "../wat.ts";
import type { Source } from "./differential-target.ts";
import type { Call } from "./generate.ts";
import { type Random, random } from "./random.ts";
import { Scratch, wasmTools } from "./wasm-tools.ts";

const OFF = [
  "compact-imports",
  "custom-descriptors",
  "custom-page-sizes",
  "exceptions",
  "extended-const",
  "gc",
  "memory64",
  "relaxed-simd",
  "shared-everything-threads",
  "tail-call",
  "threads",
  "wide-arithmetic",
] as const;

const config = (seed: number): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(OFF.map((name) => [`${name}-enabled`, false])),
  "reference-types-enabled": seed % 8 === 0,
  "disallow-traps": seed % 4 !== 1,
  "allow-start-export": seed % 4 === 2,
  "canonicalize-nans": true,
  // The exported memory comes on top.
  "max-memories": 0,
  "max-imports": 3,
  "max-globals": 6,
  "max-types": 10,
  "max-tables": 2,
  "max-table-elements": 50,
  "table-max-size-required": true,
  "memory-offset-choices": [90, 9, 1],
});

/** How many different settings the seeds have. */
const SETTINGS = 8;

const MARKER = "proxy_abi_version_0_2_1";

const SHAPES = [
  `(module (memory (export "memory") 1 4) (func (export "${MARKER}"))
    (func (export "f0") (param i32) (result i32) unreachable)
    (func (export "f1") (param i64 f64) (result i64) unreachable)
    (func (export "f2") (param f32 i32) (result f32) unreachable)
    (func (export "f3") (result i32 i64) unreachable))`,
  `(module (memory (export "memory") 0 2) (func (export "${MARKER}"))
    (func (export "malloc") (param i32) (result i32) unreachable)
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_tick") (param i32))
    (func (export "f1") (param i64 f64) (result i64) unreachable))`,
] as const;

const CALLED = [
  "proxy_log",
  "proxy_done",
  "proxy_set_effective_context",
  "proxy_send_local_response",
] as const;

function importsText(): string {
  const imports = CALLED.map((name) => {
    const params = hostFunction("env", name)!
      .params.map((one) => one.type)
      .join(" ");
    return `(import "env" "${name}" (func (param ${params}) (result i32)))`;
  });
  return `(module ${imports.join(" ")})`;
}

const calls: readonly (readonly Call[])[] = [
  [
    { name: "f0", args: [7] },
    { name: "f1", args: [-1n, 1.5] },
    { name: "f2", args: [0.25, 100] },
    { name: "f3", args: [] },
    { name: MARKER, args: [] },
    { name: "f0", args: [-1] },
  ],
  [
    { name: "malloc", args: [16] },
    { name: "proxy_on_context_create", args: [1, 0] },
    { name: "f1", args: [5n, -0] },
    { name: "proxy_on_tick", args: [1] },
    { name: "malloc", args: [0] },
  ],
];

function seedBytes(r: Random): Uint8Array {
  return Uint8Array.from({ length: 100 + r.int(r.int(4) === 0 ? 4000 : 900) }, () => r.int(256));
}

/** The source, and what ends it. */
export function smithSource(): { source: Source; end(): void } {
  const scratch = new Scratch();
  const imports = scratch.file("imports.wasm", wat(importsText()));
  const shapes = SHAPES.map((text, i) => scratch.file(`shape-${i}.wasm`, wat(text)));
  const configs = Array.from({ length: SETTINGS }, (_, i) =>
    scratch.file(`config-${i}.json`, JSON.stringify(config(i))),
  );
  const source: Source = (seed) => {
    const r = random(seed);
    const which = r.int(shapes.length);
    const made = wasmTools(
      [
        "smith",
        "-c",
        configs[seed % SETTINGS]!,
        "--exports",
        shapes[which]!,
        "--available-imports",
        imports,
      ],
      seedBytes(r),
    );
    if ("problem" in made) return { skipped: "the seed gives no module" };
    const setting = { ample: 200_000, allow: seed % 5 === 0 ? [] : CALLED };
    return { sample: { bytes: made.bytes, calls: calls[which]! }, setting };
  };
  return { source, end: () => scratch.end() };
}

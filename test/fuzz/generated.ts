// The sources `generated` and `hoisted`: modules of our own generator, in shapes and under policies that depend on the seed.
import type { Setting } from "./differential.ts";
import { generate, type Sample, type Shape } from "./generate.ts";

const CALLED = [
  "proxy_log",
  "proxy_done",
  "proxy_get_header_map_value",
  "proxy_send_local_response",
  "proxy_set_effective_context",
];

/** Every third seed has SIMD, every fourth a policy that denies calls, every eighth larger bodies. */
function made(seed: number, taken: number): { sample: Sample; setting: Setting } {
  const large = seed % 8 === 0;
  const shape: Shape = { simd: seed % 3 === 0, taken, size: large ? 80 : 16, depth: large ? 4 : 2 };
  const setting: Setting = { ample: 1_000_000, allow: seed % 4 === 0 ? [] : CALLED };
  return { sample: generate(seed, shape), setting };
}

/** All functions stand in tables: each charges for itself. */
export const generated = (seed: number) => made(seed, 100);

/** Few functions stand in tables: what is left to callers, and to the reserve, is at work. */
export const hoisted = (seed: number) => made(seed, 20);

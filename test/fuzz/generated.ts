// The source `generated`: modules of our own generator, in shapes and under policies that depend on the seed.
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
export function generated(seed: number): { sample: Sample; setting: Setting } {
  const shape: Shape = {
    simd: seed % 3 === 0,
    size: seed % 8 === 0 ? 80 : 16,
    depth: seed % 8 === 0 ? 4 : 2,
  };
  const setting: Setting = { ample: 1_000_000, allow: seed % 4 === 0 ? [] : CALLED };
  return { sample: generate(seed, shape), setting };
}

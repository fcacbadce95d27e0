// The sources `generated`, `hoisted` and `aimed`: modules of our own generator, in shapes and under policies that depend on the seed.
import type { Setting } from "./differential.ts";
import { generate, type Sample, type Shape } from "./generate.ts";

const CALLED = [
  "proxy_log",
  "proxy_done",
  "proxy_get_header_map_value",
  "proxy_send_local_response",
  "proxy_set_effective_context",
];

type Made = { sample: Sample; setting: Setting };

/** Every third seed has SIMD, every fourth a policy that denies calls, every eighth larger bodies. */
function made(
  seed: number,
  how: Pick<Shape, "taken" | "aimed">,
  size: number,
  depth: number,
): Made {
  const large = seed % 8 === 0;
  const simd = seed % 3 === 0;
  const shape: Shape = { ...how, simd, size: large ? 80 : size, depth: large ? 4 : depth };
  const setting: Setting = { ample: 1_000_000, allow: seed % 4 === 0 ? [] : CALLED };
  return { sample: generate(seed, shape), setting };
}

/** All functions stand in tables: each charges for itself. */
export const generated = (seed: number): Made => made(seed, { taken: 100, aimed: false }, 16, 2);

/** Few functions stand in tables: what is left to callers, and to the reserve, is at work. */
export const hoisted = (seed: number): Made => made(seed, { taken: 20, aimed: false }, 16, 2);

/** Some stand in tables, and are mostly found there. */
export const aimed = (seed: number): Made => made(seed, { taken: 60, aimed: true }, 40, 3);

/** Each of the three in turn. */
export const mixed = (seed: number): Made => [aimed, generated, hoisted][(seed % 7) % 3]!(seed);

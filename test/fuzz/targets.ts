// The fuzz targets by name. Each is made when it is asked for, so that a party that is missing stops its own
// target only.

import { containTarget } from "./contain.ts";
import type { Setting } from "./differential.ts";
import { differentialTarget } from "./differential-target.ts";
import { generate, type Shape } from "./generate.ts";
import type { Target } from "./target.ts";

export interface TargetOptions {
  /** Every how manieth seed goes through Wasmtime and the search for the smallest budget. */
  readonly rare: number;
  readonly wasmtime: boolean;
}

const CALLED = [
  "proxy_log",
  "proxy_done",
  "proxy_get_header_map_value",
  "proxy_send_local_response",
  "proxy_set_effective_context",
];

/** Every third seed has SIMD, every fourth a policy that denies calls, every eighth larger bodies. */
export function generated(seed: number) {
  const shape: Shape = {
    simd: seed % 3 === 0,
    size: seed % 8 === 0 ? 80 : 16,
    depth: seed % 8 === 0 ? 4 : 2,
  };
  const setting: Setting = { ample: 1_000_000, allow: seed % 4 === 0 ? [] : CALLED };
  return { sample: generate(seed, shape), setting };
}

export const targets: Readonly<Record<string, (options: TargetOptions) => Target>> = {
  contain: containTarget,
  generated: (options) => differentialTarget(generated, { ...options, versions: {} }),
};

// The fuzz targets by name. Each is made when it is asked for, so that a party that is missing stops its own
// target only.

import { containTarget } from "./contain.ts";
import { countedTarget } from "./counted.ts";
import { differentialTarget, type Source } from "./differential-target.ts";
import { aimed, generated, hoisted } from "./generated.ts";
import { guardsTarget } from "./guards.ts";
import { mutatedSource } from "./mutated.ts";
import { smithSource } from "./smith.ts";
import type { Target } from "./target.ts";
import { wasmToolsVersion } from "./wasm-tools.ts";

export interface TargetOptions {
  /** Every how manieth seed goes through Wasmtime and the search for the smallest budget. */
  readonly rare: number;
  readonly wasmtime: boolean;
}

/** A target that needs wasm-tools. Throws where it is missing. */
function withTools(source: Source, options: TargetOptions, end = () => {}): Target {
  const version = wasmToolsVersion();
  if (version === undefined)
    throw new Error("wasm-tools is not installed (npm run fuzz installs it where it can)");
  const target = differentialTarget(source, { ...options, versions: { "wasm-tools": version } });
  return {
    versions: target.versions,
    run: (seed, tally) => target.run(seed, tally),
    end: () => {
      target.end();
      end();
    },
  };
}

export const targets: Readonly<Record<string, (options: TargetOptions) => Target>> = {
  aimed: (options) => differentialTarget(aimed, { ...options, versions: {} }),
  contain: containTarget,
  counted: countedTarget,
  generated: (options) => differentialTarget(generated, { ...options, versions: {} }),
  guards: guardsTarget,
  hoisted: (options) => differentialTarget(hoisted, { ...options, versions: {} }),
  mutated: (options) => withTools(mutatedSource(), options),
  smith: (options) => {
    const { source, end } = smithSource();
    return withTools(source, options, end);
  },
};

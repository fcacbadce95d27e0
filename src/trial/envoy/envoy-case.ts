// The shape of a case in a real Envoy: a row of the trial by its id, and how it is measured there.
import type { Measured } from "../case.ts";
import type { EnvoyLab } from "./envoy-lab.ts";

export interface EnvoyCase {
  /** Of the row in cases.ts. */
  readonly id: string;
  /** What is measured in an Envoy, and when it counts as held. */
  readonly measurement: string;
  readonly plugins: readonly string[];
  readonly measure: (lab: EnvoyLab) => Promise<Measured>;
}

// Releases of Istio that configuration is generated for: the Envoy that each ships, and what its API and istiod know.
// No logic but look-up. Sources: Istio's changelogs, its API's history, istiod's source; "measured" rows are given to
// istioctl of that release by `npm run test:interop`.
import type { EnvoyVersion, Evidence } from "./envoy-versions.ts";
import { minorOf } from "./envoy-versions.ts";

export interface IstioRelease {
  readonly release: string;
  /** The release of Envoy in its proxy. */
  readonly envoy: EnvoyVersion;
  readonly evidence: Evidence;
}

/** Oldest first. */
export const istioReleases = [
  { release: "1.22", envoy: "1.30", evidence: "inferred" },
  { release: "1.23", envoy: "1.31", evidence: "inferred" },
  { release: "1.24", envoy: "1.32", evidence: "inferred" },
  { release: "1.25", envoy: "1.33", evidence: "read" },
  { release: "1.26", envoy: "1.34", evidence: "inferred" },
  { release: "1.27", envoy: "1.35", evidence: "read" },
  { release: "1.28", envoy: "1.36", evidence: "inferred" },
  { release: "1.29", envoy: "1.37", evidence: "read" },
  { release: "1.30", envoy: "1.38", evidence: "read" },
] as const satisfies readonly IstioRelease[];

export type IstioVersion = (typeof istioReleases)[number]["release"];

export interface IstioFeature {
  readonly id: string;
  /** First minor release that has it. */
  readonly since: IstioVersion;
  readonly what: string;
}

export const istioFeatures = [
  { id: "failure-policy", since: "1.25", what: "failStrategy becomes Envoy's failure_policy: the request that traps gets 503 under FAIL_OPEN too" },
  {
    id: "deny-without-code",
    since: "1.25",
    what: "a module that can't be fetched becomes a filter that denies (FAIL_CLOSE, FAIL_RELOAD) or allows (FAIL_OPEN) everything; before, FAIL_CLOSE kept the old configuration",
  },
  { id: "fail-reload", since: "1.27", what: "failStrategy FAIL_RELOAD" },
  { id: "traffic-extension", since: "1.30", what: "TrafficExtension, which a WasmPlugin is translated into" },
] as const satisfies readonly IstioFeature[];

/** Whether a release has a feature of this table. */
export function istioHas(release: string, id: (typeof istioFeatures)[number]["id"]): boolean {
  const row = istioFeatures.find((one) => one.id === id)!;
  return minorOf(release) >= minorOf(row.since);
}

/** The row of a release. */
export function istioRelease(release: IstioVersion): IstioRelease {
  return istioReleases.find((row) => row.release === release)!;
}

// What a release of Istio can be told, by the tables of mesh-api.ts and istiod's own changes. No logic but look-up.
// Sources: Istio's changelogs, its API's history, istiod's source; none of it is measured in a running istiod.
import { minorOf } from "./envoy-versions.ts";
import { istioFailurePolicySince, istioReleases, meshSince } from "./mesh-api.ts";

export type IstioVersion = (typeof istioReleases)[number]["release"];
export type IstioEnvoy = (typeof istioReleases)[number]["envoy"];

const ofApi = (kind: string, value: string): string => meshSince.find((row) => row.kind === kind && row.value === value)!.since;

/** First minor release that has each. */
const features = {
  /** failStrategy becomes Envoy's failure_policy: under FAIL_OPEN the request that traps gets 503 too. */
  "failure-policy": istioFailurePolicySince,
  /** A module that can't be fetched becomes a filter that denies everything, or under FAIL_OPEN allows it. */
  "deny-without-code": "1.25",
  "fail-reload": ofApi("WasmPlugin", "FAIL_RELOAD"),
  "traffic-extension": ofApi("TrafficExtension", ""),
} as const;

/** Whether a release has a feature. */
export function istioHas(release: string, id: keyof typeof features): boolean {
  return minorOf(release) >= minorOf(features[id]);
}

/** First release that has a feature. */
export function istioSince(id: keyof typeof features): string {
  return features[id];
}

/** The Envoy that a release ships. */
export function istioEnvoy(release: IstioVersion): IstioEnvoy {
  return istioReleases.find((row) => row.release === release)!.envoy;
}

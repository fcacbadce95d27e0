// What is known of a plugin's start before any row is measured. A policy that denies what the plugin needs to start is
// said at once, with the way out: every row would only say that nothing works. A start that loops is measured.
import { Failure } from "../errors/failure.ts";
import { checkStart } from "../mesh/envoy/generate/start-check.ts";
import type { Policy } from "../policy/policy.ts";
import { envoyReleases } from "../spec/envoy-versions.ts";

/** Throws `generate-start-denied` where the hardened plugin was denied something and did not start. */
export function refuseDeniedStart(
  hardened: Uint8Array,
  policy: Policy,
  name: string,
  configuration: string | undefined,
): void {
  const { release: version } = envoyReleases.at(-1)!;
  const given = { version, dispatch: null, rootId: name, configuration: configuration ?? null };
  try {
    checkStart(hardened, { policy, ...given, environment: [] });
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "generate-start-denied") throw error;
  }
}

// What the host still keeps for a plugin beside its module: nothing of what the module keeps itself. A plugin that
// runs as shipped has the host's rules on headers, properties, clusters and open calls; a module that was hardened
// before under the file's own policy has those that the configuration adds; and whoever has no budget for whole
// requests has the article's.
import { type ArgumentRules, NO_ARGUMENT_RULES } from "../../host/guards.ts";
import type { Policy } from "../../policy/policy.ts";
import { type Plan, REQUEST_FUEL } from "./plan.ts";

/** null where there is no bound, or where the module keeps it. */
export interface HostRules {
  readonly arguments: ArgumentRules;
  readonly requestFuel: number | null;
  readonly outstanding: number | null;
  /** Calls may reach these clusters only. */
  readonly clusters: readonly string[] | null;
  /** Lines below are dropped. */
  readonly logLevel: number;
}

export const NO_HOST_RULES: HostRules = {
  arguments: NO_ARGUMENT_RULES,
  requestFuel: null,
  outstanding: null,
  clusters: null,
  logLevel: 0,
};

/** `kept`: the policy that the module itself keeps; null for one that runs as shipped. */
export function hostRulesOf({ policy }: Plan, kept: Policy | null): HostRules {
  const { limits, rules } = policy;
  if (kept === null) {
    return {
      arguments: rules,
      requestFuel: limits.fuel.request ?? REQUEST_FUEL,
      outstanding: limits.dispatch.outstanding,
      clusters: rules.dispatch.clusters,
      logLevel: limits.log.level ?? 0,
    };
  }
  const { outstanding } = limits.dispatch;
  const { clusters } = rules.dispatch;
  return {
    ...NO_HOST_RULES,
    requestFuel: kept.limits.fuel.request === null ? REQUEST_FUEL : null,
    outstanding: kept.limits.dispatch.outstanding === outstanding ? null : outstanding,
    clusters: kept.rules.dispatch.clusters === null ? clusters : null,
  };
}

// The policy for watching: everything is let through and metered, so that what a plugin does shows, and a plugin that
// never ends still ends. Bounded by what a machine that tries it can bear.

import type { Policy } from "../policy/policy.ts";
import { policyFromRole } from "../policy/resolve.ts";
import { noRules } from "../policy/rules.ts";
import { field, type Path } from "../policy/schema.ts";
import { PAGE } from "../spec/binary.ts";
import { hostFunctions } from "../spec/host-functions.ts";

const MiB = 2 ** 20;

/** Far beyond any decent callback; a loop without end is over within seconds. */
export const WIDE_FUEL = 2_000_000_000;

/** What engines give their callers at least, and as many calls as fit in. */
export const wideStack = {
  "spec.limits.stack": 512 * 1024,
  "spec.limits.callDepth": 1_000_000,
} as const;

export const wideLimits = {
  "spec.limits.memory": 1024 * MiB,
  "spec.limits.fuel.callback": WIDE_FUEL,
  "spec.limits.fuel.start": WIDE_FUEL,
  ...wideStack,
} as const;

const widest = (path: Path): number => field(path)!.max!;

/** As much as any policy can grant: what counts is there, because counting costs fuel, and denies nothing in practice. */
const wideQuotas = {
  dispatch: { outstanding: null, total: widest("spec.limits.dispatch.total") },
  log: { bytes: widest("spec.limits.log.bytesPerRequest"), level: null },
  host: {
    headerBytes: widest("spec.limits.host.headerBytes"),
    bodyBytes: widest("spec.limits.host.bodyBytes"),
    sharedData: widest("spec.limits.host.sharedData"),
    queueItems: widest("spec.limits.host.queueItems"),
    sharedDataPerRequest: 0,
    queueItemsPerRequest: 0,
    metrics: widest("spec.limits.host.metrics"),
    tick: null,
  },
} as const;

/**
 * Allows every call and every callback. Without `deep` the stack is the default one: counting calls costs fuel, so
 * that fuel is measured under the stack that the policy will have.
 */
export function widePolicy(name: string, deep = false): Policy {
  const { "spec.limits.stack": _s, "spec.limits.callDepth": _d, ...flat } = wideLimits;
  const policy = policyFromRole(null, {
    ...(deep ? wideLimits : flat),
    "metadata.name": name,
    "spec.telemetry": false,
    "spec.capabilities.allow": hostFunctions.map((row) => row.name),
  });
  return { ...policy, limits: { ...policy.limits, ...wideQuotas }, rules: noRules };
}

/** A policy with its own grants, rules and stack: what its guards cost is part of what is measured. */
export function withWideFuel(policy: Policy): Policy {
  const wide = widened(policy);
  const { stackBytes, callDepth } = policy.limits;
  return { ...wide, limits: { ...wide.limits, stackBytes, callDepth } };
}

/** A policy with its own grants and rules, and wide limits. */
export function widened(policy: Policy): Policy {
  const { limits, telemetry, onExhaustion } = policy;
  // Both keep accounts of streams; the plugin's calls of metrics cost more where the module has metrics of its own.
  const accounts = telemetry || onExhaustion !== "trap";
  const request = accounts ? Number.MAX_SAFE_INTEGER : null;
  return {
    ...policy,
    sha256: null,
    limits: {
      ...limits,
      ...wideQuotas,
      memoryPages: wideLimits["spec.limits.memory"] / PAGE,
      fuel: { ...limits.fuel, request, callback: WIDE_FUEL, start: WIDE_FUEL },
      stackBytes: wideLimits["spec.limits.stack"],
      callDepth: wideLimits["spec.limits.callDepth"],
    },
  };
}

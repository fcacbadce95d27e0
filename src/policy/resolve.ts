// PolicyDocument → Policy: defaults filled in, role and lists joined, everything decided and frozen. The one
// place where that happens. The result depends on the document alone.
import { type Finding, finding } from "../errors/failure.ts";
import { PAGE } from "../spec/binary.ts";
import { callback, callbacks, setUpCallbacks } from "../spec/callbacks.ts";
import type { CostVersion } from "../spec/costs.ts";
import { hostFunctions } from "../spec/host-functions.ts";
import { LOG_LEVEL } from "../spec/status.ts";
import {
  DENIED_METRIC,
  DISPATCH_METRIC,
  METRIC_NAME_BYTES,
  METRIC_PREFIX,
  telemetryImports,
} from "../spec/telemetry.ts";
import { optional } from "./capabilities.ts";
import { digestOf } from "./digest.ts";
import { deepFreeze, frozenSet } from "./freeze.ts";
import type { DeniedAnswer, Policy } from "./policy.ts";
import { resolveRules, riskyForeign } from "./resolve-rules.ts";
import { type RoleName, role } from "./roles.ts";
import { API_VERSION, type Field, fields, KIND, type Path, type ValueAt } from "./schema.ts";
import { type PolicyDocument, setting } from "./settings.ts";

/** The policy that a document means. Never throws. */
export function resolvePolicy(document: PolicyDocument): Policy {
  const get = <P extends Path>(path: P) =>
    setting(document, path) ?? (defaults.get(path) as ValueAt<P>);
  const roleName = setting(document, "spec.role") ?? null;
  const template = roleName === null ? undefined : role(roleName);
  const { allow, kept } = capabilities(document, roleName);
  const level = get("spec.limits.log.level");
  const onExhaustion = get("spec.onExhaustion") as Policy["onExhaustion"];
  const clusters = setting(document, "spec.dispatch.clusters") ?? [];
  const telemetry =
    setting(document, "spec.telemetry") ?? reports(get("metadata.name"), allow, clusters);
  const lands = onExhaustion !== "trap";
  const decided = {
    name: get("metadata.name"),
    role: roleName,
    security: template?.security ?? false,
    url: setting(document, "spec.source.url") ?? null,
    sha256: setting(document, "spec.source.sha256") ?? null,
    manifest: setting(document, "spec.source.manifest") ?? null,
    signedBy: setting(document, "spec.source.signedBy") ?? [],
    limits: {
      memoryPages: Math.floor(get("spec.limits.memory") / PAGE),
      onMemoryCap: get("spec.limits.onMemoryCap") as Policy["limits"]["onMemoryCap"],
      fuel: {
        request: get("spec.limits.fuel.request") ?? (telemetry || lands ? ANY_FUEL : null),
        callback: get("spec.limits.fuel.callback"),
        start: get("spec.limits.fuel.start"),
        mode: get("spec.limits.fuel.mode") as Policy["limits"]["fuel"]["mode"],
        costs: get("spec.limits.fuel.costs") as CostVersion,
      },
      stackBytes: get("spec.limits.stack"),
      callDepth: get("spec.limits.callDepth"),
      streams: get("spec.limits.streams"),
      dispatch: {
        outstanding: get("spec.limits.dispatch.outstanding"),
        total: get("spec.limits.dispatch.total"),
      },
      log: {
        bytes: get("spec.limits.log.bytesPerRequest"),
        level: level === null ? null : LOG_LEVEL[level as keyof typeof LOG_LEVEL],
      },
      host: {
        headerBytes: get("spec.limits.host.headerBytes"),
        bodyBytes: get("spec.limits.host.bodyBytes"),
        sharedData: get("spec.limits.host.sharedData"),
        queueItems: get("spec.limits.host.queueItems"),
        sharedDataPerRequest: get("spec.limits.host.sharedDataPerRequest"),
        queueItemsPerRequest: get("spec.limits.host.queueItemsPerRequest"),
        metrics: get("spec.limits.host.metrics"),
        tick: get("spec.limits.host.tick"),
      },
    },
    rules: resolveRules((path) => setting(document, path) ?? null),
    allow,
    callbacks: kept,
    denied: get("spec.capabilities.denied") as DeniedAnswer,
    failure: get("spec.failure") as Policy["failure"],
    onExhaustion,
    telemetry,
  };
  const warnings = [
    ...document.warnings,
    ...lifecycleFindings(document, kept),
    ...ruleFindings(document, allow),
    ...accountFindings(document, decided.limits.fuel.request),
    ...foreignFindings(document, allow, decided.rules.foreign),
  ];
  return deepFreeze({ ...decided, digest: digestOf(decided), warnings });
}

/**
 * The policy of a role with all defaults, or of no role. `overrides` sets fields by path to parsed values
 * (bytes, milliseconds), past the document's bounds.
 */
export function policyFromRole(
  roleName: RoleName | null,
  overrides: { readonly [P in Path]?: ValueAt<P> } = {},
): Policy {
  const where = { at: "file", file: "role" } as const;
  const name = roleName ?? "plugin";
  const base = { apiVersion: API_VERSION, kind: KIND, "metadata.name": name };
  const values = { ...base, ...(roleName === null ? {} : { "spec.role": roleName }), ...overrides };
  const settings = new Map(
    Object.entries(values).map(([path, value]) => [path as Path, { value, where }]),
  );
  return resolvePolicy({ file: "role", settings, warnings: [] });
}

/**
 * Whether telemetry is on by itself: where the plugin may define metrics, and the names of the module's own fit. Who
 * asks for telemetry that does not fit is told by harden.
 */
function reports(name: string, allow: ReadonlySet<string>, clusters: readonly string[]): boolean {
  if (!allow.has(telemetryImports[0])) return false;
  const suffixes = [
    ...hostFunctions.map((row) => DENIED_METRIC + row.name),
    ...clusters.map((cluster) => DISPATCH_METRIC + cluster),
  ];
  const fits = (text: string): boolean =>
    text.length <= METRIC_NAME_BYTES && /^[\x20-\x7e]+$/.test(text);
  return suffixes.every((suffix) => fits(`${METRIC_PREFIX}${name}.${suffix}`));
}

/** The account of a stream that is there to be counted, not to bound anything. */
const ANY_FUEL = Number.MAX_SAFE_INTEGER;

const defaults: ReadonlyMap<string, Field["default"]> = new Map(
  fields.map((row) => [row.path, row.default]),
);

/** Names that come with every role: what SDKs call to start, and hosts answer without any effect. */
const startup = hostFunctions.filter((row) => row.startup).map((row) => row.name);

function capabilities(
  document: PolicyDocument,
  roleName: string | null,
): Pick<Policy, "allow"> & { kept: Policy["callbacks"] } {
  const template = roleName === null ? undefined : role(roleName);
  const replaced = setting(document, "spec.capabilities.allow");
  const listed = replaced ?? setting(document, "spec.capabilities.allow+") ?? [];
  const calls = listed.filter((name) => callback(name) === undefined);
  const named = listed.filter((name) => callback(name) !== undefined);
  const fromRole = replaced === undefined ? (template?.allow ?? []) : [];
  const allow = frozenSet([...fromRole, ...calls, ...(template === undefined ? [] : startup)]);
  if (named.length === 0) return { allow, kept: "all" };
  const needed = callbacks.map((row) => row.name).filter((name) => !optional(name));
  const roleCallbacks = replaced === undefined ? (template?.callbacks ?? []) : [];
  return { allow, kept: frozenSet([...needed, ...named, ...roleCallbacks]) };
}

function lifecycleFindings(
  document: PolicyDocument,
  kept: Policy["callbacks"],
): readonly Finding[] {
  if (kept === "all") return [];
  const missing = setUpCallbacks.filter((name) => !kept.has(name));
  const set =
    document.settings.get("spec.capabilities.allow") ??
    document.settings.get("spec.capabilities.allow+");
  if (missing.length === 0) return [];
  return [
    finding("policy-lifecycle-left-out", "warning", { names: missing.join(", ") }, set?.where),
  ];
}

/** A rule never grants a call, so a rule without its call is probably a slip. */
function ruleFindings(document: PolicyDocument, allow: ReadonlySet<string>): readonly Finding[] {
  return (fields as readonly Field[]).flatMap((row) => {
    const set = document.settings.get(row.path as Path);
    if (set === undefined || row.needs === undefined || row.needs.some((name) => allow.has(name)))
      return [];
    const args = { path: row.path, calls: row.needs.join(", ") };
    return [finding("policy-rule-without-call", "warning", args, set.where)];
  });
}

/** Fields that count for a stream where streams have accounts, and else for one callback. */
const perStream = [
  "spec.limits.streams",
  "spec.limits.dispatch.total",
  "spec.limits.log.bytesPerRequest",
  "spec.limits.host.headerBytes",
] as const satisfies readonly Path[];

function accountFindings(document: PolicyDocument, request: number | null): readonly Finding[] {
  if (request !== null) return [];
  return perStream.flatMap((path) => {
    const set = document.settings.get(path);
    return set === undefined
      ? []
      : [finding("policy-per-callback", "warning", { path }, set.where)];
  });
}

function foreignFindings(
  document: PolicyDocument,
  allow: ReadonlySet<string>,
  names: readonly string[] | null,
): readonly Finding[] {
  if (!allow.has("proxy_call_foreign_function") || names === null) return [];
  const where = document.settings.get("spec.foreign.functions")?.where;
  return riskyForeign(names).map(({ name, why }) =>
    finding("policy-foreign-function", "warning", { name, why }, where),
  );
}

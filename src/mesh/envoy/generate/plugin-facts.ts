// A plugin under a policy, made ready for a proxy: hardened, looked at, started once. What would go wrong in Envoy
// goes wrong here, with a code and a way out. Nothing in here knows how configuration is written.
import { contain } from "../../../contain/contain.ts";
import { type Finding, fail, finding } from "../../../errors/failure.ts";
import type { HardenReport } from "../../../harden/report.ts";
import { inspect } from "../../../inspect/inspect.ts";
import type { ImportReport, InspectReport } from "../../../inspect/report.ts";
import { callback } from "../../../spec/callbacks.ts";
import { minorOf, wasiSince } from "../../../spec/envoy-versions.ts";
import { hostFunctionNamed } from "../../../spec/host-functions.ts";
import type { PluginRequest } from "./request.ts";
import { checkStart } from "./start-check.ts";

/** Whether a call names a cluster that something is sent to. */
export function reachesCluster(name: string): boolean {
  const row = hostFunctionNamed(name);
  return row?.group === "dispatch" && row.params.some((one) => one.name.startsWith("upstream"));
}

export interface Capability {
  readonly name: string;
  /** What the call is for, or when the callback is made. */
  readonly what: string;
}

export interface PluginFacts {
  readonly bytes: Uint8Array;
  readonly report: HardenReport;
  /** What the hardened module imports, by the names that stock hosts ask for. */
  readonly calls: readonly Capability[];
  /** What it exports and stock hosts call, by the same. */
  readonly callbacks: readonly Capability[];
  /** Imports that no list of capabilities covers, and that can do more than answer a number. */
  readonly ungated: readonly string[];
  /** Of its calls, those that reach other clusters. */
  readonly dispatches: readonly string[];
  readonly findings: readonly Finding[];
}

function callsOf(imports: readonly ImportReport[]): readonly Capability[] {
  const names = new Map<string, Capability>();
  for (const { capability, risk, why } of imports) {
    if (capability === null) continue;
    names.set(capability, { name: capability, what: `${risk ?? "unknown"} risk: ${why ?? ""}` });
  }
  return [...names.values()];
}

function callbacksOf({ callbacks }: InspectReport): readonly Capability[] {
  return callbacks
    .filter((one) => one.called && callback(one.name)?.gated === true)
    .map(({ name, phase }) => ({ name, what: phase }));
}

/** WASI functions that came after the release. */
function checkImports(imports: readonly ImportReport[], version: string): void {
  const late = imports.filter(({ since }) => since !== null && minorOf(since) > minorOf(version));
  const last = late.reduce<ImportReport | undefined>(
    (a, b) => (a === undefined || minorOf(b.since!) > minorOf(a.since!) ? b : a),
    undefined,
  );
  if (last === undefined) return;
  fail("generate-import-since", {
    names: [...new Set(late.map((one) => one.name))].join(", "),
    since: last.since!,
    evidence: wasiSince(last.name)?.evidence ?? "read",
    version,
  });
}

function checkLoads({ findings }: InspectReport, version: string): void {
  const first = findings.find((one) => one.level === "error");
  if (first === undefined) return;
  fail("generate-refused", { version, first: first.message, hint: first.hint }, first.where);
}

/**
 * Hardens the plugin and checks what comes out against the release. Throws what `contain` throws, and
 * `generate-…` failures for what the release would refuse or silently not do.
 */
export function pluginFacts(original: Uint8Array, request: PluginRequest): PluginFacts {
  const { policy, version } = request;
  const { bytes, report } = contain(original, policy);
  const inspected = inspect(bytes);
  const imports = inspected.imports;
  checkLoads(inspected, version);
  checkImports(imports, version);
  const callbacks = callbacksOf(inspected);
  if (callbacks.length === 0) fail("generate-no-callback");
  const calls = callsOf(imports);
  const dispatches = calls.map((one) => one.name).filter(reachesCluster);
  const unbounded =
    dispatches.length > 0 && request.dispatch === null
      ? [finding("generate-dispatch-unbounded", "warning", { calls: dispatches.join(", ") })]
      : [];
  const open =
    policy.security && policy.failure === "open"
      ? [finding("generate-open-security", "warning", { role: policy.role ?? "none" })]
      : [];
  return {
    bytes,
    report,
    calls,
    callbacks,
    ungated: imports
      .filter((one) => one.known && one.capability === null && one.risk !== "low")
      .map((one) => one.name),
    dispatches,
    findings: [...checkStart(bytes, request), ...open, ...unbounded],
  };
}

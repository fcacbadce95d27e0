// The trial of a user's own plugin in a real Envoy. What no Envoy tells, its fuel, its pages and whom it calls, is
// learned in the lab first; a row that it gives nothing to measure for is provoked or told as not exercised.
import { fail } from "../../errors/failure.ts";
import { inspect } from "../../inspect/inspect.ts";
import type { Policy } from "../../policy/policy.ts";
import { minorOf } from "../../spec/envoy-versions.ts";
import type { Measured } from "../case.ts";
import { cases } from "../cases.ts";
import { Lab, PATIENCE, requestsOf, tryContain } from "../lab.ts";
import { needsItsOwn, type OwnOptions, type Unmeasured } from "../own.ts";
import { refuseDeniedStart } from "../start.ts";
import { baseOf, report, type TrialReport, type TrialRow } from "../trial.ts";
import { envoyCase } from "./envoy-cases.ts";
import { EnvoyLab, KILL_AFTER } from "./envoy-lab.ts";
import type { FoundEnvoy } from "./find-envoy.ts";
import { type Hints, measures, type OwnSubject } from "./own-rows.ts";

/** Milliseconds for its start and its requests as it is: modules of megabytes are compiled for many seconds. */
const OWN_PATIENCE = 60_000;

/** Says what this Envoy would refuse before it is started for nothing. */
function refuseUnloadable(bytes: Uint8Array, release: string): void {
  const { stock, imports, findings } = inspect(bytes);
  if (stock.verdict !== "loads") {
    const reason = findings.find((one) => one.level === "error")?.message ?? stock.verdict;
    fail("trial-envoy-refuses", { release, reason, way: "`glovebox inspect` says what to change" });
  }
  const late = imports.find(
    ({ since, known }) => known && since !== null && minorOf(since) > minorOf(release),
  );
  if (late === undefined) return;
  const reason = `it imports ${late.name}, which Envoy has since ${late.since}`;
  fail("trial-envoy-refuses", { release, reason, way: "Name a newer Envoy with `--envoy PATH`" });
}

/** What the lab sees of it, hardened and not. */
async function hintsOf(bytes: Uint8Array, policy: Policy, options: OwnOptions): Promise<Hints> {
  const name = options.name ?? policy.name;
  const lab = new Lab(new Map([[name, bytes]]));
  const load = options.configuration === undefined ? {} : { configuration: options.configuration };
  const asked = options.requests ?? [{ body: "x" }];
  const steps = asked.map((one) => ({ do: "request", plugin: name, ...one }) as const);
  try {
    const before = requestsOf(await lab.unhardened(name, steps, load, PATIENCE * 5));
    const { run } = await lab.hardened(name, policy, steps, load);
    const last = run === null ? undefined : requestsOf(run).at(-1);
    const calls = before.flatMap((seen) => seen.calls).filter((one) => one.kind === "http");
    return {
      clusters: [...new Set(calls.map((one) => one.to))],
      fuelMost: last?.after.fuelMost ?? 0,
      pages: last?.after.pages ?? 0,
    };
  } finally {
    await lab.close();
  }
}

async function rowOf(one: (typeof cases)[number], subject: OwnSubject): Promise<TrialRow> {
  const { measurement } = envoyCase(one.id);
  const base = { ...baseOf(one), measurement };
  const empty = { ...base, unhardened: null, hardened: null, details: [] } as const;
  const measure = measures[one.id];
  const measured: Measured | Unmeasured =
    measure === undefined ? needsItsOwn : await measure(subject);
  if ("notExercised" in measured) {
    return { ...empty, verdict: "not-exercised", reason: measured.notExercised };
  }
  const { unhardened, hardened, held, details } = measured;
  const verdict = held ? "held" : "broken";
  return { ...base, unhardened, hardened, details, verdict, reason: null };
}

/** Throws a Failure where this Envoy can't load the plugin, or it can't be contained under the policy. */
export async function trialPluginInEnvoy(
  bytes: Uint8Array,
  policy: Policy,
  options: OwnOptions,
  found: FoundEnvoy,
): Promise<TrialReport> {
  refuseUnloadable(bytes, found.release);
  const contained = tryContain(bytes, policy);
  if ("code" in contained) fail("trial-not-contained", { ...contained });
  const name = options.name ?? policy.name;
  refuseDeniedStart(contained.bytes, policy, name, options.configuration);
  options.progress?.("in the lab, for what an Envoy does not tell");
  const hints = await hintsOf(bytes, policy, options);
  const lab = new EnvoyLab(new Map([[name, bytes]]), found);
  const asks = (options.requests ?? [{ body: "x" }]).map(({ answer: _, ...ask }) => ask);
  const given = {
    targets: hints.clusters,
    ...(options.configuration !== undefined && { configuration: options.configuration }),
  };
  options.progress?.("as it is");
  const before = await lab.unhardened(name, asks, {
    ...given,
    patience: OWN_PATIENCE,
    killAfter: KILL_AFTER,
    expectCalls: hints.clusters.length === 0 ? 0 : 1,
  });
  options.progress?.("hardened");
  const { played: after, refused } = await lab.hardened(name, policy, asks, given);
  if (after === null) return fail("trial-not-contained", { ...refused });
  const subject = { lab, name, policy, asks, given, hints, before, after };
  const rows: TrialRow[] = [];
  for (const one of cases) {
    options.progress?.(one.signal);
    rows.push(await rowOf(one, subject));
  }
  return report(rows, found.release);
}

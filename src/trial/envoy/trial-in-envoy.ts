// The trial of the built-in plugins in a real Envoy: the same rows as in the lab, each cell an Envoy process.
import type { Case } from "../case.ts";
import { cases } from "../cases.ts";
import { baseOf, report, type TrialOptions, type TrialReport, type TrialRow } from "../trial.ts";
import { envoyCase } from "./envoy-cases.ts";
import { EnvoyLab } from "./envoy-lab.ts";
import type { FoundEnvoy } from "./find-envoy.ts";

async function rowOf(row: Case, options: TrialOptions, lab: EnvoyLab): Promise<TrialRow> {
  const one = envoyCase(row.id);
  const base = { ...baseOf(row), measurement: one.measurement };
  const empty = { ...base, unhardened: null, hardened: null, details: [] } as const;
  const missing = one.plugins.filter((name) => !options.plugins.has(name));
  if (missing.length > 0) {
    return { ...empty, verdict: "skipped", reason: `not built: ${missing.join(", ")}` };
  }
  options.progress?.(row.signal);
  try {
    const { held, unhardened, hardened, details } = await one.measure(lab);
    const verdict = held ? "held" : "broken";
    return { ...base, unhardened, hardened, details, verdict, reason: null };
  } catch (error) {
    // One row that could not be measured is a promise not shown to hold; the others still count.
    const detail = error instanceof Error ? error.message : String(error);
    const hardened = { text: `could not be measured: ${detail}`, data: { detail } };
    return { ...empty, hardened, verdict: "broken", reason: null };
  }
}

/** Runs every row, one after the other's scenes as lanes are free. Nothing that it starts outlives it. */
export async function runTrialInEnvoy(
  options: TrialOptions,
  found: FoundEnvoy,
): Promise<TrialReport> {
  const lab = new EnvoyLab(options.plugins, found);
  const wanted = cases.filter((one) => options.only === undefined || options.only.has(one.id));
  const rows = await Promise.all(wanted.map((one) => rowOf(one, options, lab)));
  return report(rows, found.release);
}

// The trial of a user's own plugin: the same rows, each measured by what this plugin does. Where it does
// nothing of the kind, the row is provoked (a budget that is too small, a cap that is too low, another digest)
// or told as not exercised; that never counts as held.
import { fail } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { RESERVE } from "../spec/layout.ts";
import { METRIC_PREFIX } from "../spec/telemetry.ts";
import type { CaseRow, Cell, Measured } from "./case.ts";
import { measureMismatch, measureUpdate } from "./cases/digest.ts";
import { measureExchange } from "./cases/tampered-artifact.ts";
import { cases } from "./cases.ts";
import {
  type HardenedRun,
  Lab,
  type LoadOptions,
  PATIENCE,
  requestsOf,
  trapsOf,
  tryContain,
} from "./lab.ts";
import type { RequestSeen, RequestStep, Run, TickStep } from "./script.ts";
import { refuseDeniedStart } from "./start.ts";
import { report, type TrialReport, type TrialRow } from "./trial.ts";
import { account, answer, hungText, memory, plural, refusal } from "./words.ts";

/** What each kind of call needs to be allowed. */
const callOf: Readonly<Record<string, string>> = {
  http: "proxy_http_call",
  "grpc-call": "proxy_grpc_call",
  "grpc-stream": "proxy_grpc_stream",
  dns: "envoy_resolve_dns",
};

export interface OwnOptions {
  readonly name?: string;
  readonly configuration?: string;
  /** What it is asked; by default one request with a body, and a second of timers. */
  readonly requests?: readonly Omit<RequestStep, "do" | "plugin">[];
  readonly progress?: (signal: string) => void;
}

interface Subject {
  readonly lab: Lab;
  readonly name: string;
  readonly policy: Policy;
  readonly steps: readonly (RequestStep | TickStep)[];
  readonly options: LoadOptions;
  readonly before: Run;
  readonly after: Run;
}

/** A row that this plugin gives nothing to measure for. */
export type Unmeasured = { readonly notExercised: string };
type Measure = (subject: Subject) => Promise<Measured | Unmeasured> | Measured | Unmeasured;

const lastOf = (run: Run): RequestSeen | undefined => requestsOf(run).at(-1);

function callsOf(run: Run): readonly { readonly kind: string; readonly to: string }[] {
  return requestsOf(run).flatMap((seen) => seen.calls);
}

function callCell(run: Run): Cell {
  const calls = callsOf(run);
  const to = [...new Set(calls.map((one) => one.to))];
  const denied = lastOf(run)?.after.denied ?? [];
  const left =
    calls.length === 0
      ? "no call left"
      : `${plural(calls.length, "call")} left to ${to.join(", ")}`;
  const text = denied.length === 0 ? left : `${left}; denied ${denied.join(", ")}`;
  return { text, data: { calls, denied } };
}

function outbound({ before, after, policy }: Subject): Measured | Unmeasured {
  const dispatches = new Set(Object.values(callOf));
  const denied = (lastOf(after)?.after.denied ?? []).filter((name) => dispatches.has(name));
  if (callsOf(before).length === 0 && denied.length === 0) {
    return { notExercised: "it called out in none of its requests" };
  }
  const held = callsOf(after).every((one) => policy.allow.has(callOf[one.kind] ?? ""));
  return { unhardened: callCell(before), hardened: callCell(after), held, details: [] };
}

function memoryCell(run: Run): Cell {
  const seen = lastOf(run);
  if (seen === undefined) return account(run);
  const { pages } = seen.after;
  return { text: `holds ${memory(pages)}; request ${answer(seen)}`, data: { pages } };
}

function memoryRow({ before, after, policy }: Subject): Measured | Unmeasured {
  const seen = lastOf(after);
  if (seen === undefined) return { notExercised: "no request was answered" };
  const sizes = new Set(
    [...requestsOf(before), ...requestsOf(after)].map((one) => one.after.pages),
  );
  const grew = sizes.size > 1;
  if (!grew && !trapsOf(after).some((trap) => trap.reason === "memory")) {
    return { notExercised: "it grew its memory in none of its requests" };
  }
  const cap = policy.limits.memoryPages;
  const hardened = memoryCell(after);
  const text = `${hardened.text}; the cap is ${memory(cap)}`;
  const cell = { text, data: { ...hardened.data, cap } };
  return {
    unhardened: memoryCell(before),
    hardened: cell,
    held: seen.after.pages <= cap,
    details: [],
  };
}

/** The policy with half the fuel that the plugin was seen to need for its dearest callback. */
export function starved(policy: Policy, fuel: number): Policy {
  const callback = RESERVE + RESERVE / 2 + Math.floor(fuel / 2);
  return { ...policy, limits: { ...policy.limits, fuel: { ...policy.limits.fuel, callback } } };
}

async function provoke(subject: Subject, policy: Policy): Promise<HardenedRun> {
  return subject.lab.hardened(subject.name, policy, subject.steps, subject.options);
}

async function fuelRow(subject: Subject): Promise<Measured | Unmeasured> {
  const { before, after, policy } = subject;
  const unhardened =
    before.hung === null
      ? account(before)
      : { text: hungText(before), data: { hung: before.hung } };
  const exhausted = trapsOf(after).some((trap) => trap.reason === "fuel");
  if (before.hung !== null || exhausted) {
    return {
      unhardened,
      hardened: account(after),
      held: exhausted && after.hung === null,
      details: [],
    };
  }
  const most = lastOf(after)?.after.fuelMost ?? 0;
  const result = await provoke(subject, starved(policy, most));
  if (result.refused !== null || trapsOf(result.run).length === 0) {
    return { notExercised: `its dearest callback took ${most} units, too few to halve` };
  }
  const held = trapsOf(result.run)[0]?.reason === "fuel";
  const text = `most ${most} of ${policy.limits.fuel.callback} units; with half of what it needs: ${account(result.run).text}`;
  return {
    unhardened,
    hardened: { text, data: { most, traps: trapsOf(result.run) } },
    held,
    details: [],
  };
}

async function failureRow(subject: Subject): Promise<Measured | Unmeasured> {
  const most = lastOf(subject.after)?.after.fuelMost ?? 0;
  const words: string[] = [];
  let held = true;
  for (const failure of ["closed", "open"] as const) {
    const { run } = await provoke(subject, { ...starved(subject.policy, most), failure });
    const seen = run === null ? undefined : requestsOf(run)[0];
    if (seen === undefined || seen.traps.length === 0) {
      return { notExercised: "none of its requests could be made to trap" };
    }
    held &&= failure === "open" ? seen.skipped && seen.after.failOpen === 1 : seen.status === 503;
    words.push(`${failure}: ${answer(seen)}`);
  }
  const text = `request that traps, ${words.join("; ")}`;
  return { unhardened: account(subject.before), hardened: { text, data: {} }, held, details: [] };
}

/** What the module has told of itself. */
function tellsRow({ before, after, policy }: Subject): Measured | Unmeasured {
  if (!policy.telemetry) return { notExercised: "its policy has no telemetry (spec.telemetry)" };
  const told = lastOf(after)?.after.metrics ?? {};
  const own = Object.keys(lastOf(before)?.after.metrics ?? {});
  const cell = (metrics: Readonly<Record<string, number>>): Cell => ({
    text: `${plural(Object.keys(metrics).length, "statistic")} of its own`,
    data: { metrics },
  });
  const held = own.length === 0 && (told[`${METRIC_PREFIX}${policy.name}.callbacks`] ?? 0) > 0;
  return { unhardened: cell({}), hardened: cell(told), held, details: [] };
}

function deniedRow({ before, after, policy }: Subject): Measured | Unmeasured {
  const denied = lastOf(after)?.after.denied ?? [];
  if (denied.length === 0) return { notExercised: "it made no call that the policy denies" };
  const logs = requestsOf(after).flatMap((seen) => seen.logs);
  const named = denied.filter((name) => logs.some((line) => line.includes(name)));
  const held = denied.every((name) => !policy.allow.has(name));
  const text = `denied ${denied.join(", ")}; ${named.length} of ${denied.length} named in the log of its requests`;
  const hardened = { text, data: { denied, named } };
  return { unhardened: account(before), hardened, held, details: [] };
}

async function capRow(subject: Subject): Promise<Measured | Unmeasured> {
  const pages = lastOf(subject.after)?.after.pages ?? 0;
  if (pages < 2)
    return { notExercised: `it holds ${plural(pages, "page")}: there is no lower cap` };
  const memoryPages = pages - 1;
  const { policy } = subject;
  const result = await provoke(subject, { ...policy, limits: { ...policy.limits, memoryPages } });
  const unhardened = memoryCell(subject.before);
  if (result.refused !== null) {
    const held = result.refused.code === "harden-memory-min";
    return { unhardened, hardened: refusal(result.refused), held, details: [] };
  }
  const held =
    trapsOf(result.run)[0]?.reason === "memory" || policy.limits.onMemoryCap === "refuse";
  const hardened = account(result.run);
  const text = `with a cap of ${memory(memoryPages)}: ${hardened.text}`;
  return { unhardened, hardened: { text, data: hardened.data }, held, details: [] };
}

function stackRow({ before, after }: Subject): Measured | Unmeasured {
  const recursed = [...trapsOf(before), ...trapsOf(after)].some((trap) =>
    /stack/.test(trap.reason),
  );
  if (!recursed) return { notExercised: "none of its requests filled a stack" };
  const held = trapsOf(after)[0]?.reason === "stack";
  return { unhardened: account(before), hardened: account(after), held, details: [] };
}

function crashRow({ before, after }: Subject): Measured | Unmeasured {
  if (!trapsOf(before).some((trap) => trap.reason === "process-crash")) {
    return { notExercised: "it does not bring a stock host down" };
  }
  const held = !trapsOf(after).some((trap) => trap.reason === "process-crash");
  return { unhardened: account(before), hardened: account(after), held, details: [] };
}

export const needsTwo = {
  notExercised: "it takes two plugins; see the trial of the built-in ones",
} as const;

/** Guards, quotas and budgets are shown by plugins that go beyond them on purpose. */
export const needsItsOwn = {
  notExercised: "it takes a plugin made for it; see the trial of the built-in ones",
} as const;

const measures: Readonly<Record<string, Measure | undefined>> = {
  "outbound-call": outbound,
  "memory-cap": memoryRow,
  "infinite-loop": fuelRow,
  "digest-mismatch": ({ lab, name }) => measureMismatch(lab, name),
  "shared-vm": () => needsTwo,
  telemetry: tellsRow,
  "trap-fail-open": failureRow,
  "digest-breaks-load": ({ lab, name }) => measureUpdate(lab, name),
  "denied-capability": deniedRow,
  "cap-too-low": capRow,
  // A plugin of an ABI that hosts don't speak was refused before any row is measured.
  "abi-mismatch": () => ({ notExercised: "its ABI is one that hosts speak" }),
  "shared-vm-failure": () => needsTwo,
  "tampered-artifact": ({ lab, name }) => measureExchange(lab, name),
  "stack-depth": stackRow,
  // One without was refused before any row is measured.
  "unexported-memory": () => ({ notExercised: "it exports its memory" }),
  "start-section-logs": crashRow,
};

async function rowOf(one: (typeof cases)[number], subject: Subject): Promise<TrialRow> {
  const { id, table, signal } = one;
  const base: CaseRow = { id, table, signal, measurement: one.measurement };
  const empty = { ...base, unhardened: null, hardened: null, details: [] } as const;
  const measured = await (measures[id] ?? (() => needsItsOwn))(subject);
  if ("notExercised" in measured) {
    return { ...empty, verdict: "not-exercised", reason: measured.notExercised };
  }
  const { unhardened, hardened, held, details } = measured;
  const verdict = held ? "held" : "broken";
  return { ...base, unhardened, hardened, details, verdict, reason: null };
}

/** Throws a Failure where the plugin can't be contained under the policy at all. */
export async function trialPlugin(
  bytes: Uint8Array,
  policy: Policy,
  options: OwnOptions = {},
): Promise<TrialReport> {
  const name = options.name ?? policy.name;
  const contained = tryContain(bytes, policy);
  if ("code" in contained) fail("trial-not-contained", { ...contained });
  refuseDeniedStart(contained.bytes, policy, name, options.configuration);
  const lab = new Lab(new Map([[name, bytes]]));
  const load = options.configuration === undefined ? {} : { configuration: options.configuration };
  const asked = options.requests ?? [{ body: "x" }];
  const steps = [
    ...asked.map((one) => ({ do: "request", plugin: name, ...one }) as const),
    { do: "tick", plugin: name, advance: 1000 } as const,
  ];
  try {
    options.progress?.("as it is");
    const before = await lab.unhardened(name, steps, load, PATIENCE * 5);
    options.progress?.("hardened");
    const result = await lab.hardened(name, policy, steps, load);
    if (result.refused !== null) fail("trial-not-contained", { ...result.refused });
    const subject = { lab, name, policy, steps, options: load, before, after: result.run };
    const rows: TrialRow[] = [];
    for (const one of cases) {
      options.progress?.(one.signal);
      rows.push(await rowOf(one, subject));
    }
    return report(rows);
  } finally {
    await lab.close();
  }
}

// What a user's own plugin shows for each row in a real Envoy.
import type { Policy } from "../../policy/policy.ts";
import { METRIC_PREFIX } from "../../spec/telemetry.ts";
import type { Cell, Measured } from "../case.ts";
import { needsTwo, starved, type Unmeasured } from "../own.ts";
import { memory, plural, refusal } from "../words.ts";
import { mismatch, update } from "./cases/digest.ts";
import type { EnvoyLab, SceneOptions } from "./envoy-lab.ts";
import { KILL_AFTER } from "./envoy-lab.ts";
import type { Played, SceneAsk } from "./scene.ts";
import {
  account,
  answerText,
  CUSTOM,
  dataOf,
  decisive,
  deniedIn,
  hardenedCell,
  trapIn,
} from "./words.ts";

/** What the lab saw, and no Envoy tells. */
export interface Hints {
  readonly clusters: readonly string[];
  readonly fuelMost: number;
  readonly pages: number;
}

export interface OwnSubject {
  readonly lab: EnvoyLab;
  readonly name: string;
  readonly policy: Policy;
  readonly asks: readonly Omit<SceneAsk, "plugin">[];
  readonly given: SceneOptions;
  readonly hints: Hints;
  readonly before: Played;
  readonly after: Played;
}

type Measure = (subject: OwnSubject) => Promise<Measured | Unmeasured> | Measured | Unmeasured;

/** MiB of growth below which a plugin is not said to take memory. */
const NOTICED = 4;
/** MiB that the process may take beyond the plugin's cap. */
const SLACK = 20;

function callCell(played: Played): Cell {
  const denied = deniedIn(played);
  const calls = `${plural(played.calls.length, "call")} arrived`;
  const text = denied.length === 0 ? calls : `${calls}; denied ${denied.join(", ")}`;
  return { text, data: dataOf(played) };
}

function outbound({ before, after, policy }: OwnSubject): Measured | Unmeasured {
  const deniedCall = deniedIn(after).some((name) => /_(http|grpc)_|_dns$/.test(name));
  if (before.calls.length === 0 && !deniedCall) {
    return { notExercised: "it called out in none of its requests" };
  }
  const held = after.calls.length === 0 || policy.allow.has("proxy_http_call");
  return { unhardened: callCell(before), hardened: callCell(after), held, details: [] };
}

const growth = ({ memory: { idle, peak } }: Played): number | null =>
  idle === null || peak === null ? null : peak - idle;

function memoryRow({ before, after, policy }: OwnSubject): Measured | Unmeasured {
  const grown = growth(after);
  if (grown === null) return { notExercised: "this system does not tell what a process holds" };
  if ((growth(before) ?? 0) < NOTICED && grown < NOTICED) {
    return { notExercised: "Envoy's memory did not grow with its requests" };
  }
  const cap = policy.limits.memoryPages;
  const { text, data } = account(after);
  const held = grown <= (cap * 64) / 1024 + SLACK;
  return {
    unhardened: account(before),
    hardened: { text: `${text}; the cap is ${memory(cap)}`, data },
    held,
    details: [],
  };
}

/** With so little fuel that a callback which the lab saw must trap. */
async function provoked(
  subject: OwnSubject,
  failure = subject.policy.failure,
): Promise<Played | null> {
  const { lab, name, policy, asks, given, hints } = subject;
  const less = { ...starved(policy, hints.fuelMost), failure };
  const { played } = await lab.hardened(name, less, asks, given);
  return played !== null && trapIn(played) !== null ? played : null;
}

function hangs(played: Played): boolean {
  const { start, ended, answers } = played;
  return start === "hung" || ended?.signal === "SIGABRT" || answers.at(-1)?.lost === "patience";
}

async function fuelRow(subject: OwnSubject): Promise<Measured | Unmeasured> {
  const { before, after, hints } = subject;
  const unhardened = account(before, KILL_AFTER);
  if (hangs(before)) {
    // A plugin that traps while it is configured is one that Envoy does not start with: it does not hang.
    const alive = after.start === "refused" || after.ended === null;
    const held = trapIn(after) !== null && alive && after.bystanders.failed === 0;
    return { unhardened, hardened: account(after), held, details: [] };
  }
  const played = await provoked(subject);
  if (played === null) {
    return { notExercised: `its dearest callback took ${hints.fuelMost} units, too few to halve` };
  }
  const { text, data } = account(played);
  const held = played.ended === null && played.bystanders.failed === 0;
  const hardened = { text: `with half of the fuel that it needs: ${text}`, data };
  return { unhardened, hardened, held, details: [] };
}

async function failureRow(subject: OwnSubject): Promise<Measured | Unmeasured> {
  const words: string[] = [];
  let held = true;
  for (const failure of ["closed", "reload"] as const) {
    const played = await provoked(subject, failure);
    if (played === null) return { notExercised: "none of its requests could be made to trap" };
    const seen = decisive(played);
    // One that traps while it is configured is refused at start: no request passes either.
    held &&= played.start !== "ready" || seen?.status === 503;
    words.push(`${failure}: ${played.start === "ready" ? answerText(seen) : "refused at start"}`);
  }
  const hardened = { text: `request that traps, ${words.join("; ")}`, data: {} };
  return { unhardened: account(subject.before), hardened, held, details: [] };
}

/** What the module has told of itself, in Envoy's statistics. */
function tellsRow({ before, after, policy }: OwnSubject): Measured | Unmeasured {
  if (!policy.telemetry) return { notExercised: "its policy has no telemetry (spec.telemetry)" };
  const own = ({ stats }: Played): readonly string[] =>
    Object.keys(stats.after).filter((name) => name.startsWith(`${CUSTOM}${METRIC_PREFIX}`));
  const cell = (played: Played): Cell => ({
    text: `${plural(own(played).length, "statistic")} of its own`,
    data: dataOf(played),
  });
  const told = after.stats.after[`${CUSTOM}${METRIC_PREFIX}${policy.name}.callbacks`] ?? 0;
  const held = own(before).length === 0 && told > 0;
  return { unhardened: cell(before), hardened: cell(after), held, details: [] };
}

function deniedRow({ before, after }: OwnSubject): Measured | Unmeasured {
  const denied = deniedIn(after);
  if (denied.length === 0) return { notExercised: "it made no call that the policy denies" };
  const text = `denied ${denied.join(", ")}, named in Envoy's log; request ${answerText(after.answers[0])}`;
  const hardened = { text, data: dataOf(after) };
  return { unhardened: account(before), hardened, held: after.ended === null, details: [] };
}

async function capRow({ lab, name, policy, asks, given, hints, before }: OwnSubject) {
  const { pages } = hints;
  if (pages < 2)
    return { notExercised: `it holds ${plural(pages, "page")}: there is no lower cap` };
  const memoryPages = pages - 1;
  const lower = { ...policy, limits: { ...policy.limits, memoryPages } };
  const result = await lab.hardened(name, lower, asks, given);
  const unhardened = account(before);
  if (result.refused !== null) {
    const held = result.refused.code === "harden-memory-min";
    return { unhardened, hardened: refusal(result.refused), held, details: [] };
  }
  const { text, data } = hardenedCell(result);
  const held = trapIn(result.played) !== null || policy.limits.onMemoryCap === "refuse";
  const hardened = { text: `with a cap of ${memory(memoryPages)}: ${text}`, data };
  return { unhardened, hardened, held, details: [] };
}

function survived({ before, after }: OwnSubject): Measured | Unmeasured {
  const died = before.start === "crashed" || before.ended?.signal === "SIGSEGV";
  if (!died) return { notExercised: "it does not bring Envoy down" };
  return {
    unhardened: account(before),
    hardened: account(after),
    held: after.ended === null,
    details: [],
  };
}

const nothing = (notExercised: string) => () => ({ notExercised });

/** By the id of the row; rows without one take two plugins. */
export const measures: Readonly<Record<string, Measure | undefined>> = {
  "outbound-call": outbound,
  "memory-cap": memoryRow,
  "infinite-loop": fuelRow,
  "digest-mismatch": (subject) => digestRow(mismatch, subject),
  "digest-breaks-load": (subject) => digestRow(update, subject),
  telemetry: tellsRow,
  "trap-fail-open": failureRow,
  "denied-capability": deniedRow,
  "cap-too-low": capRow,
  // A plugin that this Envoy would refuse was refused before any row is measured.
  "abi-mismatch": nothing("its ABI and imports are those of this Envoy"),
  "shared-vm": () => needsTwo,
  "shared-vm-failure": () => needsTwo,
  "stack-depth": nothing("it is not made to recurse; see the trial of the built-in ones"),
  "unexported-memory": nothing("it exports its memory"),
  "start-section-logs": survived,
};

type Digest = typeof mismatch;

/** Where its requests hang it is only loaded; where its start hangs there is nothing to tell a load by. */
async function digestRow(measure: Digest, subject: OwnSubject): Promise<Measured | Unmeasured> {
  const { lab, name, policy, given, before } = subject;
  if (before.start !== "ready") return { notExercised: "as it is, Envoy does not start with it" };
  const asked = !hangs(before);
  return measure({ lab, name, policy, asked, ...configured(given) });
}

function configured({ configuration }: SceneOptions): { readonly configuration?: string } {
  return configuration === undefined ? {} : { configuration };
}

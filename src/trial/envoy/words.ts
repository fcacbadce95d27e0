// How what was seen in a real Envoy is said in a cell. Every word is chosen by what was measured.
import type { Cell } from "../case.ts";
import { plural, refusal } from "../words.ts";
import type { Answer } from "./client.ts";
import type { HardenedScene } from "./envoy-lab.ts";
import type { Played } from "./scene.ts";

/** What Envoy says of a callback that trapped. */
export const TRAP = /Function:? (\w+) failed:?\s*(.*)/;
/** Envoy's prefix of what plugins define. */
export const CUSTOM = "wasmcustom.";
const DENIED = /capability denied: (\w+)/;
const PLUGIN_LINE = /wasm log[^:]*: (.*)/;

/** The callback that trapped first, by Envoy's log. */
export function trapIn(played: Played): string | null {
  for (const { text } of played.lines) {
    const callback = TRAP.exec(text)?.[1];
    if (callback !== undefined) return callback;
  }
  return null;
}

/** Lines that plugins logged. */
export function pluginLines(played: Played): readonly string[] {
  return played.lines.flatMap(({ text }) => PLUGIN_LINE.exec(text)?.[1] ?? []);
}

/** Host functions that the module itself denied, by the log. */
export function deniedIn(played: Played): readonly string[] {
  const names = played.lines.flatMap(({ text }) => DENIED.exec(text)?.[1] ?? []);
  return [...new Set(names)].sort();
}

export function answerText(answer: Answer | undefined): string {
  if (answer === undefined) return "not asked";
  if (answer.lost === "patience") return "no answer";
  if (answer.lost === "reset") return "connection reset";
  return String(answer.status);
}

/** Rounded: nobody should compare them, and a busy machine adds to each. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Why the start went wrong, in Envoy's own words, cut short. */
export function reasonOf(played: Played): string {
  const lines = [...played.lines, ...played.last];
  const error =
    lines.find(({ level, text }) => level === "error" && !text.startsWith("Caught")) ??
    lines.find(({ level, text }) => level === "critical" && text.length > 0);
  const text = error?.text.replace(/^wasm log[^:]*: /, "") ?? "no reason in its log";
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

export function startText(played: Played): string {
  const { start, startMs, ended } = played;
  if (start === "ready") return "started";
  if (start === "hung")
    return `start did not return within ${duration(startMs)}; Envoy ended by us`;
  if (start === "crashed") return `Envoy crashed at start (${ended?.signal ?? "no signal"})`;
  return `refused at start: ${reasonOf(played)}`;
}

/** Whether the process was ended by its watchdog, crashed, or had to be ended for hanging. */
export function endText(played: Played, killAfter?: number): string | null {
  const { ended } = played;
  if (ended?.signal === "SIGABRT" && killAfter !== undefined) {
    return `worker hung; Envoy's watchdog ended the whole process after ${duration(decisive(played)?.ms ?? 0)}`;
  }
  if (ended !== null)
    return `the whole Envoy process ended (${ended.signal ?? `exit ${ended.status}`})`;
  const last = played.answers.at(-1);
  if (last?.lost === "patience")
    return `worker hung; no answer within ${duration(last.ms)}, Envoy ended by us`;
  return null;
}

export function bystanderText({ bystanders: { asked, failed } }: Played): string {
  return `${failed} of ${plural(asked, "other stream")} failed`;
}

export function memoryText({ memory: { idle, peak } }: Played): string {
  if (peak === null) return "memory not told by this system";
  return idle === null ? `peak ${peak} MiB` : `peak ${peak} MiB (idle ${idle})`;
}

/** The first request that was not simply answered, or else the last. */
export function decisive({ answers }: Played): Answer | undefined {
  return answers.find((one) => one.status !== 200) ?? answers.at(-1);
}

/** Statistics that changed, by the last part of their name. */
export function changed({ stats: { before, after } }: Played): Readonly<Record<string, string>> {
  const names = Object.keys(after).filter((name) => after[name] !== (before[name] ?? 0));
  return Object.fromEntries(names.map((name) => [name, `${before[name] ?? 0}→${after[name]}`]));
}

/** Everything that a cell's words are made of. */
export function dataOf(played: Played): Readonly<Record<string, unknown>> {
  const { release, start, startMs, answers, bystanders, memory, ended, calls } = played;
  return {
    release,
    start,
    startMs: Math.round(startMs),
    statuses: answers.map((one) => one.status),
    ms: answers.map((one) => Math.round(one.ms)),
    lost: answers.map((one) => one.lost),
    passed: answers.map((one) => one.passed),
    trap: trapIn(played),
    denied: deniedIn(played),
    calls: calls.map((one) => one.path),
    bystanders,
    memoryMiB: memory,
    ended,
    stats: played.stats,
    changed: changed(played),
  };
}

/** The usual account: start, hang or crash, trap, answer, the others, memory. */
export function account(played: Played, killAfter?: number): Cell {
  const data = dataOf(played);
  if (played.start !== "ready") return { text: startText(played), data };
  const end = endText(played, killAfter);
  const trap = trapIn(played);
  const first = decisive(played);
  const parts = [
    end,
    trap === null ? null : `trap in ${trap}`,
    end === null ? `request ${answerText(first)} after ${duration(first?.ms ?? 0)}` : null,
    bystanderText(played),
    memoryText(played),
  ];
  return { text: parts.filter((part) => part !== null).join("; "), data };
}

/** As `account`, or the refusal. */
export function hardenedCell(result: HardenedScene): Cell {
  return result.refused === null ? account(result.played) : refusal(result.refused);
}

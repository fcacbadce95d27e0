// `policy learn`: a plugin is watched under a policy that lets everything through, or records say what it did; the
// least policy that would have passed is written from that, and proved on the traffic where there is some.
import { contain } from "../contain/contain.ts";
import { Failure, type Finding, fail, finding } from "../errors/failure.ts";
import { parsePolicy } from "../policy/document.ts";
import type { Policy } from "../policy/policy.ts";
import { resolvePolicy } from "../policy/resolve.ts";
import { role } from "../policy/roles.ts";
import { API_VERSION, field, KIND } from "../policy/schema.ts";
import { show } from "../policy/values.ts";
import { Recorder } from "../record/recorder.ts";
import type { RunRecord } from "../record/run-record.ts";
import { sha256 } from "../util/digest.ts";
import { type LeastOptions, leastLines, scalar } from "./least-lines.ts";
import { type Played, type PlayOptions, play } from "./play.ts";
import { type Line, policyLines } from "./policy-tree.ts";
import { placeOf } from "./reasons.ts";
import type { TrafficRequest } from "./traffic.ts";
import { WIDE_FUEL, widePolicy, wideStack, withWideFuel } from "./wide-policy.ts";

/** What one run under one policy showed. */
export interface Watched {
  readonly record: RunRecord;
  readonly played: Played;
}

/** Runs the plugin under a policy and records it. Throws where it can't be hardened or doesn't start. */
export function watch(
  bytes: Uint8Array,
  policy: Policy,
  requests: readonly TrafficRequest[],
  options: Omit<PlayOptions, "tracer">,
): Watched {
  const { mode, costs } = policy.limits.fuel;
  const tracer = new Recorder({
    plugin: options.name,
    module: sha256(bytes),
    fuel: { mode, costs },
  });
  const played = play(contain(bytes, policy).bytes, requests, { ...options, tracer });
  if (played.notStarted !== null) fail("learn-not-started", { how: played.notStarted });
  return { record: tracer.record(), played };
}

/** Watches under the default stack and, where that is too small for the plugin, under a deep one. */
export function watchWide(
  bytes: Uint8Array,
  name: string,
  requests: readonly TrafficRequest[],
  options: Omit<PlayOptions, "tracer">,
): Watched & { readonly deep: boolean } {
  const run = (deep: boolean) => ({
    ...watch(bytes, widePolicy(name, deep), requests, options),
    deep,
  });
  try {
    const flat = run(false);
    if (!flat.played.traps.some((trap) => trap.endsWith("(stack)"))) return flat;
  } catch (error) {
    const how = error instanceof Failure ? error.args.how : undefined;
    if (!String(how).endsWith("(stack)")) throw error;
  }
  return run(true);
}

export interface PolicyWords extends LeastOptions {
  /** The default stack was too small: the policy sets a deep one. */
  readonly deep?: boolean;
  readonly name: string;
  readonly url: string;
  /** Where the evidence comes from, for the head of the file. */
  readonly origin: string;
}

/** Names in lines of at most a page's width, as comments. */
function wrapped(head: string, names: readonly string[], indent: string): readonly string[] {
  const lines: string[] = [];
  let line = `${indent}# ${head}`;
  for (const name of names) {
    if (line.length + name.length > 110) {
      lines.push(line);
      line = `${indent}#  `;
    }
    line += ` ${name}`;
  }
  return names.length === 0 ? [] : [...lines, line];
}

const list = (names: readonly string[]): readonly string[] =>
  names.map((name, i) => (i === names.length - 1 ? name : `${name},`));

const deepLines = (["spec.limits.stack", "spec.limits.callDepth"] as const).map((path): Line => {
  const [row, value] = [field(path)!, wideStack[path]];
  const reason = `reason: it trapped under the default of ${show(row, Number(row.default))}`;
  return { path, value: show(row, value), reason };
});

/** The least policy as YAML, with `# reason:` beside each grant; `harden` takes it as it stands. */
export function leastPolicyText(record: RunRecord, words: PolicyWords): string {
  const template = words.role === null ? undefined : role(words.role);
  const used = new Set(record.uses.calls.map(({ name }) => name));
  const unused = (template?.allow ?? []).filter((name) => !used.has(name));
  const called = record.callbacks.map(({ name }) => name);
  const fixed: Line[] = [
    { path: "apiVersion", value: API_VERSION, reason: null },
    { path: "kind", value: KIND, reason: null },
    { path: "metadata.name", value: scalar(words.name), reason: null },
    ...(words.role === null
      ? []
      : [{ path: "spec.role", value: words.role, reason: "as asked for" } as const]),
    { path: "spec.source.url", value: scalar(words.url), reason: null },
    { path: "spec.source.sha256", value: JSON.stringify(record.module), reason: null },
    ...(words.deep === true ? deepLines : []),
  ];
  return `${[
    `# The least policy for what was seen, by \`glovebox policy learn\`: ${words.origin}.`,
    "# It grants what was used and nothing else. What was not recorded (errors, rare paths, reloads) may need more.",
    ...wrapped(
      "No callback is named, so all that the module exports stay. Called:",
      list(called),
      "",
    ),
    ...wrapped(`The role ${words.role} also has, and nothing used:`, list(unused), ""),
    ...policyLines([...fixed, ...leastLines(record, words)]),
  ].join("\n")}\n`;
}

/** What a run or its record tells against the policy that was learnt from it. */
export function recordFindings(record: RunRecord, played: Played | null): readonly Finding[] {
  const how = played?.traps[0] ?? record.callbacks.find(({ traps }) => traps > 0)?.name ?? "";
  const trapped = finding("learn-trapped", "error", { count: record.traps, how, fuel: WIDE_FUEL });
  const denied = record.uses.denied.map(({ name, count, first }) =>
    finding("learn-was-denied", "warning", { name, times: count, how: placeOf(first) }),
  );
  return [...(record.traps > 0 ? [trapped] : []), ...denied];
}

/**
 * The record of a run with its fuel as it is under the rules that were learnt from it: guards are paid by whoever
 * calls.
 */
export function underRules(
  bytes: Uint8Array,
  { record }: Watched,
  words: PolicyWords,
  requests: readonly TrafficRequest[],
  options: Omit<PlayOptions, "tracer">,
): RunRecord {
  const policy = policyOf(leastPolicyText(record, words), "policy");
  const ruled = watch(bytes, withWideFuel(policy), requests, options).record;
  const { perCallback, perRequest, perStart } = ruled;
  return { ...record, perCallback, perRequest, perStart };
}

export interface Proof {
  /** Requests that became the same, of all. */
  readonly same: number;
  readonly total: number;
  readonly denied: readonly string[];
  /** Number of the first request that differs, from 1; 0 for what happens outside of requests; null for none. */
  readonly first: number | null;
}

/** Plays the same traffic under another policy and compares what became of it. */
export function prove(
  bytes: Uint8Array,
  policy: Policy,
  requests: readonly TrafficRequest[],
  before: Played,
  options: Omit<PlayOptions, "tracer">,
): Proof {
  const after = play(contain(bytes, policy).bytes, requests, options);
  const differs = before.requests.flatMap(({ digest }, i) =>
    digest === after.requests[i]?.digest ? [] : [i + 1],
  );
  const outside = before.rest === after.rest && after.notStarted === null ? [] : [0];
  return {
    same: before.requests.length - differs.length,
    total: before.requests.length,
    denied: after.denied,
    first: differs[0] ?? outside[0] ?? null,
  };
}

/** The policy of a text, as `harden` would take it. */
export function policyOf(text: string, file: string): Policy {
  return resolvePolicy(parsePolicy(text, file));
}

export function proofFindings({ same, total, denied, first }: Proof): readonly Finding[] {
  if (first === null && denied.length === 0) return [];
  const place =
    first === null ? denied.join(", ") : first === 0 ? "outside of requests" : `request ${first}`;
  return [finding("learn-differs", "error", { count: total - same, total, first: place })];
}

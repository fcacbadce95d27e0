// The risk of a plugin in one word, by the worst of its reasons. One row a reason, worst first; the words are what a
// person reads, so they say what could happen and not which field is missing.
import type { AuditRow, Risk } from "./row.ts";

export type Judged = Omit<AuditRow, "risk" | "reasons">;

interface Reason {
  readonly risk: Risk;
  readonly when: (row: Judged) => boolean;
  readonly why: (row: Judged) => string;
}

const remote = ({ source }: Judged): boolean => /^(?:https?|oci):/.test(source);

const calls = ({ risky }: Judged): readonly string[] =>
  risky.filter((name) => /_call$|_stream$|foreign|resolve_dns/.test(name));

const reasons: readonly Reason[] = [
  {
    risk: "severe",
    when: ({ decides, failure }) => decides !== null && failure === "open",
    why: ({ decides }) =>
      `decides about requests (${decides}) and lets all by after its first trap`,
  },
  {
    risk: "severe",
    when: ({ decides, callbacks }) => decides !== null && callbacks?.length === 0,
    why: ({ decides }) =>
      `decides about requests (${decides}) and is never called: its list names no callback`,
  },
  {
    risk: "severe",
    when: (row) => row.pin === "none" && /^http:/.test(row.source),
    why: () =>
      "whoever stands between the registry and the proxy chooses its code: plain http, no digest",
  },
  {
    risk: "high",
    when: (row) => row.pin === "none" && remote(row),
    why: () => "whoever can write to its registry chooses its code: no digest",
  },
  {
    risk: "high",
    when: ({ module }) => module?.contained === false,
    why: () => "its module doesn't keep the policy that was given",
  },
  {
    risk: "high",
    // What a hardened module may call stands in it, and verify has seen that it is what the policy says.
    when: ({ capabilities, module }) => capabilities === null && module?.contained !== true,
    why: () => "may do all that its host offers, outbound calls included",
  },
  {
    risk: "high",
    when: (row) => row.capabilities !== null && calls(row).length > 0,
    why: (row) => `may send what it sees elsewhere (${calls(row).join(", ")})`,
  },
  {
    risk: "medium",
    when: ({ module }) => module?.hardened === false,
    why: () => "its module has no limit on how long it runs or how much memory it takes",
  },
  {
    risk: "medium",
    when: ({ sameVm }) => sameVm.length > 0,
    why: ({ sameVm }) => `may share a VM, its memory and its traps with ${sameVm.join(", ")}`,
  },
  {
    risk: "medium",
    when: ({ sameData }) => sameData.length > 0,
    why: ({ sameData }) => `shares one namespace of data and queues with ${sameData.join(", ")}`,
  },
  {
    risk: "medium",
    when: ({ hostVariables }) => hostVariables.length > 0,
    why: ({ hostVariables }) => `is shown variables of the proxy: ${hostVariables.join(", ")}`,
  },
  {
    risk: "medium",
    when: ({ decides, callbacks }) => decides === null && callbacks?.length === 0,
    why: () => "is never called: its list names no callback",
  },
  {
    risk: "medium",
    when: ({ unknown }) => unknown.length > 0,
    why: ({ unknown }) =>
      `is allowed names that no host knows, so they stay denied: ${unknown.join(", ")}`,
  },
  {
    risk: "medium",
    when: ({ pin }) => pin === "unchecked",
    why: () => "comes from a file that nobody compares with a digest",
  },
  {
    risk: "medium",
    when: ({ decides, failure }) => decides === null && failure === "open",
    why: () => "is left out silently after its first trap",
  },
];

/** The word and every reason for it, worst first. */
export function riskOf(row: Judged): { readonly risk: Risk; readonly reasons: readonly string[] } {
  const found = reasons.filter((one) => one.when(row));
  const [worst] = found;
  if (worst === undefined) {
    return { risk: "low", reasons: ["pinned, restricted, alone, and closed after a trap"] };
  }
  return { risk: worst.risk, reasons: found.map((one) => one.why(row)) };
}

// A legitimate plugin whose memory cap is too low: how it shows, and that a higher cap helps.
import type { Case, Cell, Detail } from "../case.ts";
import { type Lab, requestsOf, trapsOf } from "../lab.ts";
import { answer, memory, refusal } from "../words.ts";

const GROWING = "memory-leak";
const LARGE = "memory-above-cap";
const MIB = 1024 * 1024;
const LOW = 4 * MIB;
const HIGH = 8 * MIB;
const REQUESTS = 200;

const steps = [{ do: "request", plugin: GROWING, times: REQUESTS }] as const;

async function until(lab: Lab, cap: number): Promise<Cell> {
  const policy = lab.policy("header-rewriter", { "spec.limits.memory": cap });
  const result = await lab.hardened(GROWING, policy, steps);
  if (result.refused !== null) return refusal(result.refused);
  const seen = requestsOf(result.run)[0]!;
  const trap = trapsOf(result.run)[0];
  const { pages } = seen.after;
  const text = `${seen.passed} requests, then ${answer(seen)} (trap: ${trap?.reason ?? "none"}) at ${memory(pages)} of ${memory(cap / 65536)}`;
  return {
    text,
    data: {
      passed: seen.passed,
      status: seen.status,
      reason: trap?.reason ?? null,
      pages,
      cap: cap / 65536,
    },
  };
}

function fails(cell: Cell): boolean {
  const { reason, status, pages, cap } = cell.data;
  return reason === "memory" && status === 503 && (pages as number) <= (cap as number);
}

/** A declared minimum above the cap never becomes an output, and is accepted under a higher cap. */
async function declared(lab: Lab): Promise<Detail> {
  const one = [{ do: "request", plugin: LARGE }] as const;
  const before = requestsOf(await lab.unhardened(LARGE, one))[0];
  const low = await lab.hardened(LARGE, lab.policy("header-rewriter"), one);
  const raised = await lab.hardened(
    LARGE,
    lab.policy("header-rewriter", { "spec.limits.memory": 256 * MIB }),
    one,
  );
  const later = raised.run === null ? undefined : requestsOf(raised.run)[0];
  const held = low.refused?.code === "harden-memory-min" && later?.status === 200;
  const shown = low.refused === null ? { text: "contained", data: {} } : refusal(low.refused);
  return {
    plugin: LARGE,
    unhardened:
      before === undefined
        ? null
        : {
            text: `request ${answer(before)}; holds ${memory(before.after.pages)}`,
            data: { pages: before.after.pages },
          },
    hardened: {
      text: `${shown.text}; with a cap of 256 MiB: ${later === undefined ? "refused" : `request ${answer(later)}`}`,
      data: { ...shown.data, raised: later?.status ?? null },
    },
    held,
  };
}

export const capTooLow: Case = {
  id: "cap-too-low",
  table: "failure-modes",
  signal: "Memory cap too low for legitimate plugin",
  measurement:
    "requests that a growing plugin serves under 4 MiB and under 8 MiB, and its pages when it fails; held when it fails for memory within its cap, later under the higher one, and a module whose minimum is above the cap is refused",
  plugins: [GROWING, LARGE],
  async measure(lab) {
    const before = requestsOf(await lab.unhardened(GROWING, steps))[0]!;
    const low = await until(lab, LOW);
    const high = await until(lab, HIGH);
    const minimum = await declared(lab);
    const later = (high.data.passed as number) > (low.data.passed as number);
    const cell = {
      text: `${before.passed} requests, ${before.traps.length} traps, ${memory(before.after.pages)} held`,
      data: { passed: before.passed, pages: before.after.pages },
    };
    return {
      unhardened: cell,
      hardened: {
        text: `${low.text}; with twice the cap: ${high.text}`,
        data: { low: low.data, high: high.data },
      },
      held: fails(low) && fails(high) && later && minimum.held,
      details: [minimum],
    };
  },
};

// A legitimate plugin whose memory cap is too low: how it shows in an Envoy, and that a higher cap helps.
import type { Cell, Detail } from "../../case.ts";
import { memory, refusal } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab } from "../envoy-lab.ts";
import { answerText, dataOf, memoryText, trapIn } from "../words.ts";

const GROWING = "memory-leak";
const LARGE = "memory-above-cap";
const MIB = 1024 * 1024;
const LOW = 4 * MIB;
const HIGH = 8 * MIB;
const asks = [{ times: 200 }];

async function until(lab: EnvoyLab, cap: number): Promise<Cell> {
  const policy = lab.policy("header-rewriter", { "spec.limits.memory": cap });
  const { played, refused } = await lab.hardened(GROWING, policy, asks);
  if (played === null) return refusal(refused);
  const answer = played.answers[0];
  const trap = trapIn(played);
  const passed = answer?.passed ?? 0;
  const text = `${passed} requests under ${memory(cap / 65536)}, then ${answerText(answer)} (trap in ${trap ?? "nothing"})`;
  return { text, data: { ...dataOf(played), passed, status: answer?.status ?? 0, trap } };
}

const fails = ({ data }: Cell): boolean => data.status === 503 && data.trap !== null;

/** A declared minimum above the cap never becomes an output, and is accepted under a higher cap. */
async function declared(lab: EnvoyLab): Promise<Detail> {
  const before = await lab.unhardened(LARGE, [{}]);
  const low = await lab.hardened(LARGE, lab.policy("header-rewriter"), [{}]);
  const policy = lab.policy("header-rewriter", { "spec.limits.memory": 256 * MIB });
  const raised = await lab.hardened(LARGE, policy, [{}]);
  const status = raised.played?.answers[0]?.status ?? null;
  const shown = low.refused === null ? { text: "contained", data: {} } : refusal(low.refused);
  return {
    plugin: LARGE,
    unhardened: {
      text: `request ${answerText(before.answers[0])}; ${memoryText(before)}`,
      data: dataOf(before),
    },
    hardened: {
      text: `${shown.text}; with a cap of 256 MiB: ${status === null ? "refused" : `request ${status}`}`,
      data: { ...shown.data, raised: status },
    },
    held: low.refused?.code === "harden-memory-min" && status === 200,
  };
}

export const capTooLow: EnvoyCase = {
  id: "cap-too-low",
  measurement:
    "requests that a growing plugin serves under 4 MiB and under 8 MiB; held when it fails within each cap, later under the higher one, and a module whose minimum is above the cap is refused",
  plugins: [GROWING, LARGE],
  async measure(lab) {
    const before = await lab.unhardened(GROWING, asks);
    const low = await until(lab, LOW);
    const high = await until(lab, HIGH);
    const minimum = await declared(lab);
    const later = (high.data.passed as number) > (low.data.passed as number);
    const passed = before.answers[0]?.passed ?? 0;
    return {
      unhardened: {
        text: `${passed} requests, no trap; ${memoryText(before)}`,
        data: dataOf(before),
      },
      hardened: { text: `${low.text}; ${high.text}`, data: { low: low.data, high: high.data } },
      held: fails(low) && fails(high) && later && minimum.held,
      details: [minimum],
    };
  },
};

// Beyond the article's tables: plugins that bring down the host itself, or make it spend what is not theirs.
import type { Case, Detail } from "../case.ts";
import { type Lab, requestsOf, trapsOf } from "../lab.ts";
import { account, plural, refusal } from "../words.ts";

const ROLE = "header-rewriter";
const table = "host-safety";
export const STACK = ["stack-bomb", "stack-small"] as const;
export const UNEXPORTED = "no-memory-export";
export const START_LOGS = "start-logs";

async function recursing(lab: Lab, name: string): Promise<Detail> {
  const steps = [{ do: "request", plugin: name }] as const;
  const before = await lab.unhardened(name, steps);
  const after = await lab.hardened(name, lab.policy(ROLE), steps);
  const shown = after.refused === null ? account(after.run) : refusal(after.refused);
  const held = after.run !== null && trapsOf(after.run)[0]?.reason === "stack";
  return { plugin: name, unhardened: account(before), hardened: shown, held };
}

export const stackDepth: Case = {
  id: "stack-depth",
  table,
  signal: "Plugin recursing without end",
  measurement:
    "what ends the recursion; held when the module's own stack limit does, before the engine's stack is full",
  plugins: STACK,
  async measure(lab) {
    const details = await Promise.all(STACK.map((name) => recursing(lab, name)));
    const held = details.filter((row) => row.held).length;
    return {
      unhardened: details[0]!.unhardened!,
      hardened: {
        text: `${held} of ${plural(details.length, "plugin")} ended by the module's own limit: ${details[0]!.hardened.text}`,
        data: { held, of: details.length },
      },
      held: held === details.length,
      details,
    };
  },
};

export const unexportedMemory: Case = {
  id: "unexported-memory",
  table,
  signal: "Plugin that exports no memory logs",
  measurement:
    "what the host does; held when the default would end the process and harden refuses the module",
  plugins: [UNEXPORTED],
  async measure(lab) {
    const steps = [{ do: "request", plugin: UNEXPORTED }] as const;
    const before = await lab.unhardened(UNEXPORTED, steps);
    const after = await lab.hardened(UNEXPORTED, lab.policy(ROLE), steps);
    const crashed = trapsOf(before)[0]?.reason === "process-crash";
    const hardened = after.refused === null ? account(after.run) : refusal(after.refused);
    return {
      unhardened: account(before),
      hardened,
      held: crashed && after.refused?.code === "harden-memory-none",
      details: [],
    };
  },
};

export const startSection: Case = {
  id: "start-section-logs",
  table,
  signal: "Start section that logs",
  measurement:
    "what the host does; held when the default would end the process and the hardened plugin works",
  plugins: [START_LOGS],
  async measure(lab) {
    const steps = [{ do: "request", plugin: START_LOGS }] as const;
    const before = await lab.unhardened(START_LOGS, steps);
    const after = await lab.hardened(START_LOGS, lab.policy(ROLE), steps);
    const crashed = trapsOf(before)[0]?.reason === "process-crash";
    const hardened = after.refused === null ? account(after.run) : refusal(after.refused);
    const works = after.run !== null && requestsOf(after.run)[0]?.status === 200;
    return { unhardened: account(before), hardened, held: crashed && works, details: [] };
  },
};

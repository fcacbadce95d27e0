// Modules whose ABI is not what they say, or not what a host has: found before anything runs, and a plugin of
// the oldest ABI goes on working.
import type { Case, Cell, Detail } from "../case.ts";
import { type Lab, requestsOf } from "../lab.ts";
import { account, answer, refusal } from "../words.ts";

/** Modules of an ABI that no host has. */
export const wrong = [
  "abi-old-marker",
  "abi-no-marker",
  "abi-future-marker",
  "abi-wrong-import",
  "unknown-import",
];
export const OLD = "header-tag-0-1-0";

async function mismatched(lab: Lab, name: string): Promise<Detail> {
  const steps = [{ do: "request", plugin: name }] as const;
  const before = await lab.unhardened(name, steps);
  const hardened = await lab.hardened(name, lab.policy("header-rewriter"), steps);
  const shown: Cell = hardened.refused === null ? account(hardened.run) : refusal(hardened.refused);
  const held = hardened.refused !== null;
  return {
    plugin: name,
    unhardened: account(before),
    hardened: shown,
    held,
  };
}

async function older(lab: Lab): Promise<Detail> {
  const steps = [{ do: "request", plugin: OLD }] as const;
  const before = requestsOf(await lab.unhardened(OLD, steps))[0]!;
  const hardened = await lab.hardened(OLD, lab.policy("header-rewriter"), steps);
  if (hardened.refused !== null) {
    return { plugin: OLD, unhardened: null, hardened: refusal(hardened.refused), held: false };
  }
  const after = requestsOf(hardened.run)[0]!;
  const same = JSON.stringify(after.upstream) === JSON.stringify(before.upstream);
  const text = (equal: boolean): string =>
    `request ${answer(after)}; headers ${equal ? "the same" : "different"}`;
  return {
    plugin: OLD,
    unhardened: { text: `request ${answer(before)}`, data: { upstream: before.upstream } },
    hardened: { text: text(same), data: { upstream: after.upstream } },
    held: same && after.status === 200,
  };
}

export const abiMismatch: Case = {
  id: "abi-mismatch",
  table: "failure-modes",
  signal: "ABI version mismatch after Envoy upgrade",
  measurement:
    "where a module of the wrong ABI is stopped; held when harden refuses each with a code and writes nothing, and a plugin of ABI 0.1.0 behaves the same hardened",
  plugins: [...wrong, OLD],
  async measure(lab) {
    const details = await Promise.all(wrong.map((name) => mismatched(lab, name)));
    const loads = details.filter((row) => row.unhardened?.data.code === undefined).length;
    const refused = details.filter((row) => row.held).length;
    const old = await older(lab);
    return {
      unhardened: {
        text: `${wrong.length - loads} of ${wrong.length} refused by the host when it loads them: ${details[0]!.unhardened?.text ?? ""}`,
        data: { refused: wrong.length - loads, of: wrong.length },
      },
      hardened: {
        text: `${refused} of ${wrong.length} refused before deployment: ${details[0]!.hardened.text}; ABI 0.1.0 plugin: ${old.hardened.text}`,
        data: { refused, of: wrong.length },
      },
      held: refused === wrong.length && old.held,
      details: [...details, old],
    };
  },
};

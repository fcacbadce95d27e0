// Modules whose ABI is not what they say, or not what this Envoy has: a stock Envoy refuses them at start, harden
// before anything is deployed; and a plugin of the oldest ABI goes on working.
import type { Detail } from "../../case.ts";
import { OLD, wrong } from "../../cases/abi-mismatch.ts";
import { refusal } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { account, answerText, dataOf, hardenedCell, startText } from "../words.ts";

async function mismatched(lab: EnvoyLab, name: string): Promise<Detail> {
  const before = await lab.unhardened(name, [{}]);
  const hardened = await lab.hardened(name, lab.policy("header-rewriter"), [{}]);
  const held = hardened.refused !== null;
  return { plugin: name, unhardened: account(before), hardened: hardenedCell(hardened), held };
}

/** What the upstream got, without what differs from request to request. */
function upstream({ answers }: Played): string {
  const { body, status } = answers[0] ?? {};
  if (status !== 200) return `${status}`;
  const { headers } = JSON.parse(body!) as { headers: Record<string, string> };
  return JSON.stringify({ ...headers, "x-request-id": "" });
}

async function older(lab: EnvoyLab): Promise<Detail> {
  const before = await lab.unhardened(OLD, [{}]);
  const { played, refused } = await lab.hardened(OLD, lab.policy("header-rewriter"), [{}]);
  const unhardened = { text: startText(before), data: dataOf(before) };
  if (played === null) {
    return { plugin: OLD, unhardened, hardened: refusal(refused), held: false };
  }
  const same = upstream(before) === upstream(played);
  const what =
    played.start === "ready" ? `request ${answerText(played.answers[0])}` : startText(played);
  const text = `${what}; the upstream gets ${same ? "the same" : "something else"}`;
  const held = same && before.answers[0]?.status === 200;
  return { plugin: OLD, unhardened, hardened: { text, data: dataOf(played) }, held };
}

export const abiMismatch: EnvoyCase = {
  id: "abi-mismatch",
  measurement:
    "where a module of the wrong ABI is stopped; held when harden refuses each with a code and writes nothing, and a plugin of ABI 0.1.0 behaves the same hardened",
  plugins: [...wrong, OLD],
  async measure(lab) {
    const details = await Promise.all(wrong.map((name) => mismatched(lab, name)));
    const old = await older(lab);
    const refused = details.filter((row) => row.held).length;
    const late = details.filter((row) => row.unhardened?.data.start !== "ready").length;
    return {
      unhardened: {
        text: `${late} of ${wrong.length} keep Envoy from starting: ${details[0]!.unhardened?.text ?? ""}`,
        data: { late, of: wrong.length },
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

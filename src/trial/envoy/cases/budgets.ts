// Beyond the article's tables: fuel of whole requests in a stock Envoy, and that requests that are open together don't
// pay for each other.
import type { Cell } from "../../case.ts";
import { BURNER, burning, ROLE, roomy, SECOND, tight } from "../../cases/budgets.ts";
import { plural, refusal } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { Played } from "../scene.ts";
import { account, answerText, dataOf, trapIn } from "../words.ts";

export const requestBudget: EnvoyCase = {
  id: "request-budget",
  measurement:
    "what ends a request whose callbacks together go beyond its budget, each alone below its own; held when nothing does by default, hardened a trap in the second callback, and more fuel for the request lets it pass",
  plugins: [BURNER],
  async measure(lab) {
    const before = await lab.unhardened(BURNER, [burning]);
    const [after, control] = await Promise.all(
      [tight, roomy].map((rules) => lab.hardened(BURNER, lab.policy(ROLE, rules), [burning])),
    );
    if (after!.played === null) throw new Error(refusal(after!.refused).text);
    const { played } = after!;
    const passes = control!.played?.answers[0]?.status;
    const { text, data } = account(played);
    return {
      unhardened: account(before),
      hardened: { text: `${text}; with five times the fuel: request ${passes}`, data },
      held:
        before.answers[0]?.status === 200 &&
        trapIn(played) === SECOND &&
        played.answers[0]?.status !== 200 &&
        played.bystanders.failed === 0 &&
        passes === 200,
      details: [],
    };
  },
};

/** Requests that are open at the same time, and how many of them have an account. */
const STREAMS = 300;
const SLOTS = 64;

const asks = [
  { together: STREAMS, path: `/hold/${STREAMS}` },
  { together: SLOTS, path: `/hold/${SLOTS}`, beside: { ...burning, path: "/hold/last" } },
];

export const manyStreams: EnvoyCase = {
  id: "many-streams",
  measurement:
    "300 requests that are all open at the same time, 64 of them with accounts, then 64 with a hostile one among them; held when no other request fails and the hostile one ends by its own budget",
  plugins: [BURNER],
  async measure(lab) {
    const before = await lab.unhardened(BURNER, asks);
    const policy = lab.policy(ROLE, { ...tight, "spec.limits.streams": SLOTS });
    const { played, refused } = await lab.hardened(BURNER, policy, asks);
    if (played === null) throw new Error(refusal(refused).text);
    const passed = ({ answers }: Played): number =>
      answers.reduce((sum, one) => sum + one.passed, 0);
    const cell = (one: Played): Cell => {
      const failed = STREAMS + SLOTS - passed(one);
      const hostile = one.answers.at(-1)?.beside ?? undefined;
      const all = plural(STREAMS + SLOTS, "other");
      const text = `${failed} of ${all} failed; the hostile one: ${answerText(hostile)}`;
      return { text, data: { ...dataOf(one), failed, hostile: hostile?.status ?? null } };
    };
    return {
      unhardened: cell(before),
      hardened: cell(played),
      held:
        passed(played) === STREAMS + SLOTS &&
        trapIn(played) === SECOND &&
        played.answers.at(-1)?.beside?.status !== 200 &&
        played.bystanders.failed === 0,
      details: [],
    };
  },
};

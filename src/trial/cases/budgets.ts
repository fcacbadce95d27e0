// Beyond the article's tables: fuel of whole requests, and that requests don't pay for each other.
import type { Case, Cell } from "../case.ts";
import { type PolicyOverrides, requestsOf, trapsOf } from "../lab.ts";
import type { CrowdSeen, Run } from "../script.ts";
import { account, plural, refusal } from "../words.ts";

const table = "host-safety";

export const BURNER = "slow-burner";
export const ROLE = "header-rewriter";
/** What makes the plugin spend fuel, in each callback of the request. */
export const burning = { headers: [["x-burn", "1"]] } as const;
/** One of its callbacks fits twice, two callbacks of one request don't. */
export const tight: PolicyOverrides = {
  "spec.limits.fuel.callback": 20_000_000,
  "spec.limits.fuel.request": 20_000_000,
};
export const roomy: PolicyOverrides = { ...tight, "spec.limits.fuel.request": 100_000_000 };
/** Where the second callback of a request meets its end. */
export const SECOND = "proxy_on_response_headers";

export const requestBudget: Case = {
  id: "request-budget",
  table,
  signal: "Request that spends a little in each callback",
  measurement:
    "what ends a request whose callbacks together go beyond its budget, each alone below its own; held when nothing does unhardened, the module's budget does hardened, in the second callback, and more fuel for the request lets it pass",
  plugins: [BURNER],
  async measure(lab) {
    const steps = [{ do: "request", plugin: BURNER, ...burning }] as const;
    const before = await lab.unhardened(BURNER, steps);
    const [after, control] = await Promise.all(
      [tight, roomy].map((rules) => lab.hardened(BURNER, lab.policy(ROLE, rules), steps)),
    );
    if (after!.refused !== null) throw new Error(refusal(after!.refused).text);
    const run = after!.run!;
    const [trap] = trapsOf(run);
    const passes = control!.run === null ? undefined : requestsOf(control!.run)[0]?.status;
    const { text, data } = account(run);
    return {
      unhardened: account(before),
      hardened: { text: `${text}; with five times the fuel: request ${passes}`, data },
      held:
        requestsOf(before)[0]?.status === 200 &&
        trap?.reason === "fuel" &&
        trap.callback === SECOND &&
        passes === 200,
      details: [],
    };
  },
};

/** Streams that are open at the same time, and how many of them have an account. */
const STREAMS = 10_000;
const SLOTS = 256;

export const manyStreams: Case = {
  id: "many-streams",
  table,
  signal: "Many streams at once",
  measurement:
    "10,000 requests that are all open at the same time, 256 of them with accounts; then 256 more, and as many with a hostile one among them; held when no other request fails, the hostile one ends by its own budget, and every account is given back",
  plugins: [BURNER],
  async measure(lab) {
    const crowd = { do: "crowd", plugin: BURNER } as const;
    const steps = [
      { ...crowd, streams: STREAMS },
      { ...crowd, streams: SLOTS },
      { ...crowd, streams: SLOTS, hostile: burning.headers },
    ];
    const before = await lab.unhardened(BURNER, steps);
    const policy = lab.policy(ROLE, { ...tight, "spec.limits.streams": SLOTS });
    const result = await lab.hardened(BURNER, policy, steps);
    if (result.refused !== null) throw new Error(refusal(result.refused).text);
    const crowds = (run: Run) => run.seen.filter((one): one is CrowdSeen => one.do === "crowd");
    const cell = (run: Run): Cell => {
      const seen = crowds(run);
      const failed = seen.reduce((sum, one) => sum + one.failed, 0);
      const without = seen.map((one) => one.after.unslotted);
      const hostile = seen.at(-1)?.hostile ?? null;
      const text = `${failed} of ${STREAMS + 2 * SLOTS - 1} others failed; the hostile one: ${hostile}; ${plural(without[1] ?? 0, "stream")} without an account`;
      return { text, data: { failed, hostile, without, traps: seen.flatMap((one) => one.traps) } };
    };
    const [unhardened, hardened] = [cell(before), cell(result.run)];
    const [trap] = trapsOf(result.run);
    const seen = crowds(result.run);
    return {
      unhardened,
      hardened,
      held:
        hardened.data.failed === 0 &&
        trap?.reason === "fuel" &&
        trap.callback === SECOND &&
        trapsOf(result.run).length === 1 &&
        seen[0]?.after.unslotted === STREAMS - SLOTS &&
        seen[1]?.after.unslotted === STREAMS - SLOTS,
      details: [],
    };
  },
};

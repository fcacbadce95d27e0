// A plugin that traps on one request: what this one, the next ones and the counters see.
import type { FailurePolicy } from "../../host/failure.ts";
import type { Case, Cell, Detail } from "../case.ts";
import { type Lab, requestsOf } from "../lab.ts";
import type { RequestSeen, RequestStep, Run } from "../script.ts";
import { answer, plural } from "../words.ts";

const NAME = "trap-on-header";
/** Requests after the one that traps. */
const LATER = 5;

const steps: readonly RequestStep[] = [
  { do: "request", plugin: NAME },
  { do: "request", plugin: NAME, headers: [["x-trap", "1"]] },
  ...Array.from({ length: LATER }, () => ({ do: "request", plugin: NAME }) as const),
];

interface Story {
  readonly first: RequestSeen;
  readonly trapping: RequestSeen;
  readonly later: readonly RequestSeen[];
}

function story(run: Run): Story {
  const [first, trapping, ...later] = requestsOf(run);
  if (first === undefined || trapping === undefined || later.length !== LATER) {
    throw new Error("the run of the trapping plugin did not finish");
  }
  return { first, trapping, later };
}

/** A later request that the plugin did not see. */
const bypassed = (seen: RequestSeen): boolean => seen.skipped;

/** `counted`: whether the column has counters; a stock proxy keeps none of these. */
function cell({ trapping, later }: Story, counted: boolean): Cell {
  const skipped = later.filter(bypassed).length;
  const rejected = later.filter((seen) => seen.status === 503).length;
  const { failOpen, failClosed } = later.at(-1)!.after;
  const counts = counted ? `; counted: ${failOpen} open, ${failClosed} closed` : "";
  const fate = [
    skipped > 0 ? `${skipped} bypass the plugin` : "",
    rejected > 0 ? `${rejected} get 503` : "",
    later.length > skipped + rejected
      ? `${later.length - skipped - rejected} served by the plugin`
      : "",
  ].filter((word) => word !== "");
  return {
    text: `request that traps: ${answer(trapping)}; of ${plural(later.length, "later request")} ${fate.join(", ")}${counts}`,
    data: {
      trapping: trapping.status,
      skipped,
      rejected,
      later: later.length,
      ...(counted ? { failOpen, failClosed } : {}),
    },
  };
}

async function hardened(lab: Lab, failure: "closed" | "open" | "reload"): Promise<Story> {
  const result = await lab.hardened(NAME, lab.policy("auth", { "spec.failure": failure }), steps);
  if (result.refused !== null) throw new Error(`${NAME} is refused: ${result.refused.message}`);
  return story(result.run);
}

async function stock(lab: Lab, failure: FailurePolicy): Promise<Story> {
  return story(await lab.unhardened(NAME, steps, { failure }));
}

export const failOpen: Case = {
  id: "trap-fail-open",
  table: "failure-modes",
  signal: "Plugin trap with fail_open: true",
  measurement:
    "one good request, one that traps, five good ones; held when open skips the plugin for the one request only and counts it, and closed and reload reject that one only: the plugin sees every later one",
  plugins: [NAME],
  async measure(lab) {
    const before = await stock(lab, "legacy-open");
    const open = await hardened(lab, "open");
    const closed = await hardened(lab, "closed");
    const reload = await hardened(lab, "reload");
    const openHeld =
      open.trapping.skipped && !open.later.some(bypassed) && open.later[0]!.after.failOpen === 1;
    const rejectsOne = ({ trapping, later }: Story): boolean =>
      trapping.status === 503 && later.every((seen) => seen.status === 200 && !seen.skipped);
    const details: Detail[] = [
      {
        plugin: "failure open",
        unhardened: cell(before, false),
        hardened: cell(open, true),
        held: openHeld,
      },
      {
        plugin: "failure closed",
        unhardened: cell(await stock(lab, "closed"), false),
        hardened: cell(closed, true),
        held: rejectsOne(closed),
      },
      {
        plugin: "failure reload",
        unhardened: cell(await stock(lab, "reload"), false),
        hardened: cell(reload, true),
        held: rejectsOne(reload),
      },
    ];
    const held = details.every((row) => row.held);
    return {
      unhardened: cell(before, false),
      hardened: {
        text: `open: ${cell(open, true).text}. closed: ${cell(closed, true).text}`,
        data: cell(open, true).data,
      },
      held,
      details,
    };
  },
};

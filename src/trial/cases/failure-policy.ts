// A plugin that traps on one request: what this one, the next ones and the counters see.
import type { FailurePolicy } from "../../host/failure.ts";
import { METRIC_PREFIX } from "../../spec/telemetry.ts";
import type { Case, Cell, Detail } from "../case.ts";
import { type Lab, type PolicyOverrides, requestsOf, trapsOf } from "../lab.ts";
import type { RequestSeen, RequestStep, Run } from "../script.ts";
import { answer, plural } from "../words.ts";
import { BURNER, burning, ROLE, tight } from "./budgets.ts";

export const NAME = "trap-on-header";
/** Requests after the one that traps. */
export const LATER = 5;
/** A good one, the one that traps, good ones. */
export const asks: readonly Pick<RequestStep, "headers">[] = [
  {},
  { headers: [["x-trap", "1"]] },
  ...Array.from({ length: LATER }, () => ({})),
];

/** A request that is out of fuel between two of its callbacks: landed by the module itself, without a trap. */
export const landings = [
  { failure: "open", landing: "pass", status: 200 },
  { failure: "closed", landing: "deny", status: 503 },
] as const;

export type Landing = (typeof landings)[number];

/** As `asks`, with one that is out of fuel in its second callback. */
export const landingAsks: readonly Pick<RequestStep, "headers">[] = [
  {},
  burning,
  ...Array.from({ length: LATER }, () => ({})),
];

export function landingPolicy({ failure, landing }: Landing): PolicyOverrides {
  return {
    ...tight,
    "metadata.name": BURNER,
    "spec.failure": failure,
    "spec.onExhaustion": landing,
    "spec.telemetry": true,
  };
}

/** What the module counts such requests by. */
export const LANDED = `${METRIC_PREFIX}${BURNER}.budget_exhausted`;

/** That request only, and counted; `served`: how many of the later ones the plugin saw. */
export function landed(
  { failure, landing, status }: Landing,
  seen: { readonly status: number; readonly served: number; readonly counted: number | undefined },
): Detail {
  const { served, counted } = seen;
  const text = `request that is out of fuel: ${seen.status}; of ${plural(LATER, "later request")} ${served} served by the plugin; counted: ${counted ?? "nothing"}`;
  return {
    plugin: `${BURNER}, failure ${failure}, onExhaustion ${landing}`,
    unhardened: null,
    hardened: { text, data: seen },
    held: seen.status === status && served === LATER && counted === 1,
  };
}

const stepsOf = (plugin: string, all: typeof asks): readonly RequestStep[] =>
  all.map((one) => ({ do: "request", plugin, ...one }) as const);

const steps = stepsOf(NAME, asks);

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

async function landing(lab: Lab, one: Landing): Promise<Detail> {
  const policy = lab.policy(ROLE, landingPolicy(one));
  const result = await lab.hardened(BURNER, policy, stepsOf(BURNER, landingAsks));
  if (result.refused !== null) throw new Error(`${BURNER} is refused: ${result.refused.message}`);
  const { trapping, later } = story(result.run);
  const served = later.filter((seen) => seen.status === 200 && !seen.skipped).length;
  const counted = later.at(-1)!.after.metrics[LANDED];
  const detail = landed(one, { status: trapping.status, served, counted });
  return { ...detail, held: detail.held && trapsOf(result.run).length === 0 };
}

export const failOpen: Case = {
  id: "trap-fail-open",
  table: "failure-modes",
  signal: "Plugin trap with fail_open: true",
  measurement:
    "one good request, one that traps, five good ones; held when open skips the plugin for the one request only and counts it, and closed and reload reject that one only: the plugin sees every later one; the same without a trap where a request is out of fuel and onExhaustion says so",
  plugins: [NAME, BURNER],
  async measure(lab) {
    const before = await stock(lab, "legacy-open");
    const open = await hardened(lab, "open");
    const closed = await hardened(lab, "closed");
    const reload = await hardened(lab, "reload");
    const openHeld =
      open.trapping.skipped && !open.later.some(bypassed) && open.later[0]!.after.failOpen === 1;
    const rejectsOne = ({ trapping, later }: Story): boolean =>
      trapping.status === 503 && later.every((seen) => seen.status === 200 && !seen.skipped);
    const landed = await Promise.all(landings.map((one) => landing(lab, one)));
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
      ...landed,
    ];
    const held = details.every((row) => row.held);
    return {
      unhardened: cell(before, false),
      hardened: {
        text: `open: ${cell(open, true).text}. closed: ${cell(closed, true).text}. open with onExhaustion pass: ${landed[0]!.hardened.text}`,
        data: cell(open, true).data,
      },
      held,
      details,
    };
  },
};

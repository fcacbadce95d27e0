// A plugin that traps on one request of several, under each failure policy of a stock Envoy: hardening changes neither
// the trap nor what Envoy makes of it. And one that is out of fuel, which the module itself answers or lets by, without
// a trap: there `open` is what the article has it to be.
import { failureForm } from "../../../spec/envoy-versions.ts";
import type { Cell, Detail } from "../../case.ts";
import { BURNER, ROLE } from "../../cases/budgets.ts";
import {
  asks,
  LANDED,
  LATER,
  type Landing,
  landed,
  landingAsks,
  landingPolicy,
  landings,
  NAME,
} from "../../cases/failure-policy.ts";
import { plural } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { answerText, bystanderText, CUSTOM, dataOf, trapIn } from "../words.ts";

/** Milliseconds between requests for reload: Envoy makes no new VM within a second of the last. */
const BACK_OFF = 1500;

/** Callbacks for request headers that ran, in all: by the trace of Envoy's Wasm component. */
const ran = ({ lines }: Played): number =>
  lines.filter(({ text }) => /\[host->vm\] proxy_on_request_headers/.test(text)).length;

interface Story {
  readonly trapping: number;
  readonly rejected: number;
  readonly bypassed: number;
  readonly cell: Cell;
}

function story(played: Played): Story {
  const [, trapping, ...later] = played.answers;
  const rejected = later.filter((one) => one.status === 503).length;
  const passed = later.filter((one) => one.status === 200).length;
  // The first two requests ran it.
  const served = Math.max(0, ran(played) - 2);
  const bypassed = Math.max(0, passed - served);
  const fate = [
    bypassed > 0 ? `${bypassed} bypass the plugin` : "",
    rejected > 0 ? `${rejected} get 503` : "",
    passed - bypassed > 0 ? `${passed - bypassed} served by the plugin` : "",
  ].filter((word) => word !== "");
  const text = `request that traps: ${answerText(trapping)}; of ${plural(later.length, "later request")} ${fate.join(", ")}; ${bystanderText(played)}`;
  const data = { ...dataOf(played), trapping: trapping?.status ?? 0, rejected, bypassed };
  return { trapping: trapping?.status ?? 0, rejected, bypassed, cell: { text, data } };
}

type Failure = "closed" | "open" | "reload";

async function columns(lab: EnvoyLab, failure: Failure, stock: Failure | "legacy-open" = failure) {
  const options = { level: "trace", ...(failure === "reload" && { between: BACK_OFF }) } as const;
  const before = story(await lab.unhardened(NAME, asks, { failure: stock, ...options }));
  const policy = lab.policy("auth", { "spec.failure": failure });
  const { played, refused } = await lab.hardened(NAME, policy, asks, options);
  if (played === null) throw new Error(`${NAME} is refused: ${refused.message}`);
  return { before, after: story(played) };
}

async function landing(lab: EnvoyLab, one: Landing): Promise<Detail> {
  const policy = lab.policy(ROLE, landingPolicy(one));
  const { played, refused } = await lab.hardened(BURNER, policy, landingAsks, { level: "trace" });
  if (played === null) throw new Error(`${BURNER} is refused: ${refused.message}`);
  const [, spent, ...later] = played.answers;
  const passed = later.filter((answer) => answer.status === 200).length;
  // The first two requests ran it, and so did as many of the others as there are more.
  const served = Math.min(passed, Math.max(0, ran(played) - 2));
  const counted = played.stats.after[`${CUSTOM}${LANDED}`];
  const detail = landed(one, { status: spent?.status ?? 0, served, counted });
  const whole = trapIn(played) === null && played.bystanders.failed === 0;
  return { ...detail, held: detail.held && whole };
}

export const failOpen: EnvoyCase = {
  id: "trap-fail-open",
  measurement:
    "one good request, one that traps, five good ones; held when closed rejects that and every later one, reload that one only, and open does what the table of releases has for it; and where a request is out of fuel, when the module itself lets that one by (onExhaustion pass) or answers it (deny), counts it, and serves every later one",
  plugins: [NAME, BURNER],
  async measure(lab) {
    const [open, closed, reload, ...soft] = await Promise.all([
      columns(lab, "open", "legacy-open"),
      columns(lab, "closed"),
      columns(lab, "reload"),
      ...landings.map((one) => landing(lab, one)),
    ] as const);
    const detail = (plugin: string, both: typeof open, held: boolean): Detail => ({
      plugin,
      unhardened: both.before.cell,
      hardened: both.after.cell,
      held,
    });
    const closedHeld = closed.after.trapping === 503 && closed.after.rejected === LATER;
    const { after } = reload;
    const reloadHeld = after.trapping === 503 && after.rejected === 0 && after.bypassed === 0;
    const form = failureForm(lab.release, "open")!;
    const opened = form.trapped === "503" ? 503 : 200;
    const openHeld = open.after.trapping === opened && open.after.bypassed === LATER;
    return {
      unhardened: open.before.cell,
      hardened: {
        text: `open: ${open.after.cell.text}. closed: ${closed.after.cell.text}. reload: ${after.cell.text}. ${soft.map((one) => `${one.plugin}: ${one.hardened.text}`).join(". ")}`,
        data: open.after.cell.data,
      },
      held: openHeld && closedHeld && reloadHeld && soft.every((one) => one.held),
      details: [
        detail("failure open", open, openHeld),
        detail("failure closed", closed, closedHeld),
        detail("failure reload", reload, reloadHeld),
        ...soft,
      ],
    };
  },
};

// A plugin that traps on one request of several, under each failure policy of a stock Envoy. Hardening changes
// neither the trap nor what Envoy makes of it: what is missing for the article's `open` is said, not passed over.
import type { Cell, Detail } from "../../case.ts";
import { plural } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { answerText, bystanderText, dataOf } from "../words.ts";

const NAME = "trap-on-header";
const LATER = 5;
/** Milliseconds between requests for reload: Envoy makes no new VM within a second of the last. */
const BACK_OFF = 1500;

const asks = [
  {},
  { headers: [["x-trap", "1"]] as const },
  ...Array.from({ length: LATER }, () => ({})),
];

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

export const failOpen: EnvoyCase = {
  id: "trap-fail-open",
  measurement:
    "one good request, one that traps, five good ones; held when closed rejects that and every later one, reload that one only, and open skips the plugin for that one only",
  plugins: [NAME],
  async measure(lab) {
    const [open, closed, reload] = await Promise.all([
      columns(lab, "open", "legacy-open"),
      columns(lab, "closed"),
      columns(lab, "reload"),
    ]);
    const detail = (plugin: string, both: typeof open, held: boolean): Detail => ({
      plugin,
      unhardened: both.before.cell,
      hardened: both.after.cell,
      held,
    });
    const closedHeld = closed.after.trapping === 503 && closed.after.rejected === LATER;
    const { after } = reload;
    const reloadHeld = after.trapping === 503 && after.rejected === 0 && after.bypassed === 0;
    const openHeld = open.after.trapping === 200 && open.after.bypassed === 0;
    const others = closedHeld && reloadHeld;
    return {
      unhardened: open.before.cell,
      hardened: {
        text: `open: ${open.after.cell.text}. closed: ${closed.after.cell.text}. reload: ${after.cell.text}`,
        data: open.after.cell.data,
      },
      held: openHeld && others,
      notYet: others
        ? "closed and reload hold; open as the article has it needs a module that ends a request without a trap"
        : null,
      details: [
        detail("failure open", open, openHeld),
        detail("failure closed", closed, closedHeld),
        detail("failure reload", reload, reloadHeld),
      ],
    };
  },
};

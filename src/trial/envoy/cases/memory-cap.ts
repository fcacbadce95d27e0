// Plugins that take memory, measured as the memory of the whole Envoy process before and after.
import type { Cell, Detail } from "../../case.ts";
import { memoryRows, ROLE } from "../../cases/memory-cap.ts";
import { memory, refusal } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab, HardenedScene } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { answerText, bystanderText, dataOf, memoryText, startText, trapIn } from "../words.ts";

type Row = (typeof memoryRows)[number];
/** MiB that the process may take beyond the plugin's cap: its own buffers. */
const SLACK = 20;
/** Pages of a gigabyte. */
const GIGABYTE = 16_384;

/** Pages that memory-gigabyte says it got, in a header that reaches the upstream; null where it got none. */
function pagesTold({ answers }: Played): number | null {
  const { body, status } = answers[0] ?? {};
  if (status !== 200) return null;
  const { headers } = JSON.parse(body!) as { headers: Record<string, string> };
  const pages = headers["x-memory-pages"];
  return pages === undefined ? null : Number(pages);
}

function told(played: Played): Cell {
  const data = dataOf(played);
  if (played.start !== "ready") return { text: startText(played), data };
  const last = played.answers.at(-1);
  const trap = trapIn(played);
  const passed = played.answers.reduce((sum, one) => sum + one.passed, 0);
  const pages = pagesTold(played);
  const parts = [
    ...(pages === null ? [] : [`got ${memory(pages)}`]),
    trap === null ? "no trap" : `trap in ${trap}`,
    memoryText(played),
    `request ${answerText(last)}${passed > 1 ? ` after ${passed} requests` : ""}`,
    bystanderText(played),
  ];
  return { text: parts.join("; "), data: { ...data, pages } };
}

const growth = ({ memory: { idle, peak } }: Played): number | null =>
  idle === null || peak === null ? null : peak - idle;

function kept(result: HardenedScene): { readonly shown: Cell; readonly held: boolean } {
  if (result.refused !== null) {
    // A declared minimum above the cap has nothing to trap: it must not be let through at all.
    return { shown: refusal(result.refused), held: result.refused.code === "harden-memory-min" };
  }
  const { played, policy } = result;
  const capMiB = (policy.limits.memoryPages * 64) / 1024;
  const trapped = trapIn(played) !== null && played.answers.at(-1)?.status === 503;
  const held = trapped && played.ended === null && (growth(played) ?? 0) <= capMiB + SLACK;
  return { shown: told(played), held: held && played.bystanders.failed === 0 };
}

async function one(lab: EnvoyLab, { name, times }: Row): Promise<Detail> {
  const asks = [{ times }];
  const before = await lab.unhardened(name, asks);
  const { shown, held } = kept(await lab.hardened(name, lab.policy(ROLE), asks));
  return { plugin: name, unhardened: told(before), hardened: shown, held };
}

export const memoryCap: EnvoyCase = {
  id: "memory-cap",
  measurement:
    "memory of the Envoy process before the request and its peak; held when the default gets a gigabyte and every hardened plugin traps within its cap + 20 MiB, or is refused",
  plugins: memoryRows.map((row) => row.name),
  async measure(lab) {
    const details = await Promise.all(memoryRows.map((row) => one(lab, row)));
    const first = details[0]!;
    const took = first.unhardened!.data.pages === GIGABYTE;
    const cap = memory(lab.policy(ROLE).limits.memoryPages);
    const within = details.filter((row) => row.held).length;
    return {
      unhardened: first.unhardened!,
      hardened: {
        text: `${first.hardened.text}; ${within} of ${details.length} plugins stay within ${cap}`,
        data: first.hardened.data,
      },
      held: took && within === details.length,
      details,
    };
  },
};

// Plugins that never return. As they are, four of them are run: Envoy's watchdog ends the process where it can,
// we where it can't. Hardened, all of them, and once under each failure policy.
import type { Detail } from "../../case.ts";
import { type LoopRow, loopRows } from "../../cases/infinite-loop.ts";
import { plural } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import { type EnvoyLab, HANG, type HardenedScene, KILL_AFTER, START_HANG } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { account, answerText, duration, hardenedCell, TRAP, trapIn } from "../words.ts";

const LATER = 1;

function asksOf(row: LoopRow) {
  const ask = { body: "x", ...(row.path !== undefined && { path: row.path }) };
  // What loops while it logs shows in the next request.
  return Array.from({ length: 1 + LATER }, () => ask);
}

/** It did not return: the worker, or the start. */
function hung(played: Played): boolean {
  if (played.start === "hung") return true;
  const last = played.answers.at(-1);
  const killed = played.ended?.signal === "SIGABRT" && last?.lost === "reset";
  return killed || last?.lost === "patience";
}

/** The plugin trapped, nothing hung, nobody else was hurt. */
function contained(result: HardenedScene): boolean {
  if (result.played === null || trapIn(result.played) === null) return false;
  const { start, ended, answers, bystanders } = result.played;
  // A plugin that traps while it is configured is one that Envoy does not start with.
  if (start === "refused") return true;
  const answered = answers.every((one) => one.lost === null);
  return start === "ready" && ended === null && answered && bystanders.failed === 0;
}

async function one(lab: EnvoyLab, row: LoopRow): Promise<Detail> {
  const asks = asksOf(row);
  let before: Played | null = null;
  if (row.alsoUnhardened) {
    const patience = row.atStart ? START_HANG : HANG;
    before = await lab.unhardened(row.name, asks, { patience, killAfter: KILL_AFTER });
  }
  // A timer fires when it does, before or after requests that are done in milliseconds.
  const fired = row.tick ? { expectLine: TRAP } : {};
  const result = await lab.hardened(row.name, lab.policy(row.role), asks, fired);
  return {
    plugin: row.name,
    unhardened: before === null ? null : account(before, KILL_AFTER),
    hardened: hardenedCell(result),
    held: (before === null || hung(before)) && contained(result),
  };
}

const NAME = "loop-request";

/** What the request that traps and the next one see under each failure policy. */
async function byPolicy(lab: EnvoyLab): Promise<readonly Detail[]> {
  return Promise.all(
    (["closed", "open", "reload"] as const).map(async (failure): Promise<Detail> => {
      const policy = lab.policy("header-rewriter", { "spec.failure": failure });
      const { played } = await lab.hardened(NAME, policy, asksOf({ name: NAME, role: "auth" }));
      const [first, next] = played?.answers ?? [];
      const text = `${failure}: request ${answerText(first)}, the next ${answerText(next)}`;
      const data = { failure, statuses: [first?.status, next?.status] };
      const held = first?.status === 503 && next?.status === (failure === "open" ? 200 : 503);
      return {
        plugin: `${NAME}, failure ${failure}`,
        unhardened: null,
        hardened: { text, data },
        held,
      };
    }),
  );
}

function longest(details: readonly Detail[]): number {
  return Math.max(
    ...details.flatMap((row) => (row.hardened.data.ms as number[] | undefined) ?? []),
  );
}

export const infiniteLoop: EnvoyCase = {
  id: "infinite-loop",
  measurement:
    "whether start and request return; held when the default hangs, every hardened plugin traps, every request is answered and no other stream of the worker fails",
  plugins: loopRows.map((row) => row.name),
  async measure(lab) {
    const details = await Promise.all(loopRows.map((row) => one(lab, row)));
    const run = details.filter((row) => row.unhardened !== null);
    const trapped = details.filter((row) => row.held).length;
    const policies = await byPolicy(lab);
    const others = details.reduce(
      (sum, { hardened: { data } }) =>
        sum + ((data.bystanders as { failed: number } | undefined)?.failed ?? 0),
      0,
    );
    const all = [...details, ...policies];
    return {
      unhardened: {
        text: `${run.filter((row) => row.held).length} of ${plural(run.length, "plugin")} hung: ${run[0]!.unhardened!.text}`,
        data: run[0]!.unhardened!.data,
      },
      hardened: {
        text: `${trapped} of ${details.length} trapped, longest request ${duration(longest(details))}; ${others} other streams failed; ${policies.map((row) => row.hardened.text).join("; ")}`,
        data: { trapped, of: details.length, others, longestMs: longest(details) },
      },
      held: all.every((row) => row.held),
      details: all,
    };
  },
};

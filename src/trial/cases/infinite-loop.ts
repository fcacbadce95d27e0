// Plugins that never return: in a request, in start, in configure, in the allocator, by recursion, by calls
// without any loop. Unhardened the first four are run into the watchdog.
import type { RoleName } from "../../policy/roles.ts";
import type { Case, Cell, Detail } from "../case.ts";
import { type HardenedRun, type Lab, PATIENCE, requestsOf, trapsOf } from "../lab.ts";
import type { RequestStep, TickStep } from "../script.ts";
import { account, answer, plural, refusal } from "../words.ts";

/** A plugin that never returns, and what makes it show. */
export interface LoopRow {
  readonly name: string;
  readonly role: RoleName;
  readonly path?: string;
  readonly tick?: true;
  readonly alsoUnhardened?: true;
  /** It does not return from the start already. */
  readonly atStart?: true;
}

export const loopRows: readonly LoopRow[] = [
  { name: "loop-request", role: "header-rewriter", alsoUnhardened: true },
  { name: "loop-start-section", role: "header-rewriter", alsoUnhardened: true, atStart: true },
  { name: "loop-configure", role: "header-rewriter", alsoUnhardened: true, atStart: true },
  { name: "loop-malloc", role: "header-rewriter", alsoUnhardened: true },
  { name: "loop-initialize", role: "header-rewriter" },
  { name: "loop-body", role: "body-filter" },
  { name: "loop-log", role: "logging" },
  { name: "loop-tick", role: "rate-limiter", tick: true },
  { name: "recursion-direct", role: "header-rewriter" },
  { name: "recursion-mutual", role: "header-rewriter" },
  { name: "recursion-table", role: "header-rewriter" },
  { name: "call-tree", role: "header-rewriter" },
  { name: "malloc-recursion", role: "header-rewriter" },
  { name: "fill-storm", role: "header-rewriter" },
  { name: "slow-match", role: "auth", path: `/${"a".repeat(62)}` },
];

function stepsOf(row: LoopRow): readonly (RequestStep | TickStep)[] {
  const request = { do: "request", plugin: row.name, body: "x" } as const;
  const asked = row.path === undefined ? request : { ...request, path: row.path };
  return row.tick ? [asked, { do: "tick", plugin: row.name, advance: 100 }] : [asked];
}

function outOfFuel(hardened: HardenedRun): boolean {
  return (
    hardened.run !== null &&
    hardened.run.hung === null &&
    trapsOf(hardened.run)[0]?.reason === "fuel"
  );
}

async function one(lab: Lab, row: LoopRow): Promise<Detail> {
  const steps = stepsOf(row);
  const before = row.alsoUnhardened ? await lab.unhardened(row.name, steps, {}, PATIENCE) : null;
  const hardened = await lab.hardened(row.name, lab.policy(row.role), steps);
  const shown = hardened.refused === null ? account(hardened.run) : refusal(hardened.refused);
  const hung = before === null || before.hung !== null;
  return {
    plugin: row.name,
    unhardened: before === null ? null : account(before),
    hardened: shown,
    held: hung && outOfFuel(hardened),
  };
}

/** What the request sees under each failure policy, and the next one after it. */
async function byPolicy(lab: Lab): Promise<{ readonly details: Detail[]; readonly text: string }> {
  const name = "loop-request";
  const details: Detail[] = [];
  const words: string[] = [];
  for (const failure of ["closed", "open", "reload"] as const) {
    const policy = lab.policy("header-rewriter", { "spec.failure": failure });
    const hardened = await lab.hardened(name, policy, [{ do: "request", plugin: name }]);
    const seen = hardened.run === null ? undefined : requestsOf(hardened.run)[0];
    const expected = failure === "open" ? seen?.skipped === true : seen?.status === 503;
    const text = seen === undefined ? "no request" : answer(seen);
    const cell: Cell = { text: `request ${text}`, data: { failure, status: seen?.status ?? null } };
    details.push({
      plugin: `${name}, failure ${failure}`,
      unhardened: null,
      hardened: cell,
      held: expected,
    });
    words.push(`${failure}: ${text}`);
  }
  return { details, text: words.join(", ") };
}

export const infiniteLoop: Case = {
  id: "infinite-loop",
  table: "expected-behaviour",
  signal: "Plugin in infinite loop",
  measurement:
    "whether the step returns within the watchdog's second, and the trap's reason; held when every plugin traps for fuel and the request goes on as its failure policy says",
  plugins: loopRows.map((row) => row.name),
  async measure(lab) {
    const details = await Promise.all(loopRows.map((row) => one(lab, row)));
    const run = details.filter((row) => row.unhardened !== null);
    const hung = run.filter((row) => row.unhardened!.data.hung !== null);
    const trapped = details.filter((row) => row.held).length;
    const policies = await byPolicy(lab);
    const all = [...details, ...policies.details];
    return {
      unhardened: {
        text: `${hung.length} of ${plural(run.length, "plugin")} hung: ${hung[0]?.unhardened?.text ?? "none"}`,
        data: { hung: hung.length, of: run.length },
      },
      hardened: {
        text: `${trapped} of ${details.length} trapped when fuel was exhausted; request ${policies.text}`,
        data: { trapped, of: details.length },
      },
      held: all.every((row) => row.held),
      details: all,
    };
  },
};

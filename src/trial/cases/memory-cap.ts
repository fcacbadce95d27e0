// Plugins that take memory: at once, page by page, a little with each request, or by declaring it.
import type { RoleName } from "../../policy/roles.ts";
import type { Case, Cell, Detail } from "../case.ts";
import { type HardenedRun, type Lab, requestsOf, trapsOf } from "../lab.ts";
import type { RequestSeen, Run } from "../script.ts";
import { answer, hungText, memory, refusal, trapText } from "../words.ts";

export const ROLE: RoleName = "header-rewriter";

/** Requests that a leaking plugin is given: more than its cap can last. */
const REQUESTS = 600;

export const memoryRows = [
  { name: "memory-gigabyte", times: 1, alsoUnhardened: true },
  { name: "memory-leak", times: REQUESTS, alsoUnhardened: true },
  // Unhardened it takes all that the engine gives, which is 4 GiB here: not asked of a laptop.
  { name: "memory-hog", times: 1, alsoUnhardened: false },
  { name: "memory-minimum", times: 1, alsoUnhardened: false },
] as const;

function told(run: Run): Cell {
  const seen = requestsOf(run).at(-1);
  if (seen === undefined)
    return { text: run.hung === null ? "no request" : hungText(run), data: {} };
  const trap = trapsOf(run)[0];
  const after = seen.passed > 0 && seen.passed !== 1 ? ` after ${seen.passed} requests` : "";
  const text = `${trap === undefined ? "no trap" : trapText(trap)}; holds ${memory(seen.after.pages)}${after}; request ${answer(seen)}`;
  return { text, data: { pages: seen.after.pages, trap: trap ?? null, passed: seen.passed } };
}

function kept(hardened: HardenedRun): { readonly shown: Cell; readonly held: boolean } {
  // A declared minimum above the cap has nothing to trap: it must not be let through at all.
  if (hardened.refused !== null) {
    const held = hardened.refused.code === "harden-memory-min";
    return { shown: refusal(hardened.refused), held };
  }
  const seen: RequestSeen | undefined = requestsOf(hardened.run).at(-1);
  const cap = hardened.policy.limits.memoryPages;
  const trapped = trapsOf(hardened.run)[0]?.reason === "memory";
  const held = trapped && seen !== undefined && seen.after.pages <= cap && seen.status === 503;
  return { shown: told(hardened.run), held };
}

async function one(
  lab: Lab,
  { name, times, alsoUnhardened }: (typeof memoryRows)[number],
): Promise<Detail> {
  const steps = [{ do: "request", plugin: name, times }] as const;
  const before = alsoUnhardened ? told(await lab.unhardened(name, steps)) : null;
  const { shown, held } = kept(await lab.hardened(name, lab.policy(ROLE), steps));
  return { plugin: name, unhardened: before, hardened: shown, held };
}

export const memoryCap: Case = {
  id: "memory-cap",
  table: "expected-behaviour",
  signal: "Plugin allocating 1 GB memory",
  measurement:
    "pages that the instance holds after the request, and the trap's reason; held when every growth past the cap traps for memory and the instance stays within it, or the module is refused",
  plugins: memoryRows.map((row) => row.name),
  async measure(lab) {
    const details = await Promise.all(memoryRows.map((row) => one(lab, row)));
    const first = details[0]!;
    const cap = lab.policy(ROLE).limits.memoryPages;
    const held = details.every((row) => row.held);
    return {
      unhardened: first.unhardened!,
      hardened: {
        text: `${first.hardened.text}; ${details.filter((row) => row.held).length} of ${details.length} plugins stay within ${memory(cap)}`,
        data: { ...first.hardened.data, cap },
      },
      held,
      details,
    };
  },
};

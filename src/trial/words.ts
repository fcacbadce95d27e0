// How measurements are said in a cell. Every word here is chosen by what was seen.
import type { Cell } from "./case.ts";
import { requestsOf, trapsOf } from "./lab.ts";
import type { RequestSeen, Run, SeenTrap } from "./script.ts";

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Pages of 64 KiB as people read them. */
export function memory(pages: number): string {
  const kib = pages * 64;
  if (kib < 1024) return `${kib} KiB`;
  const mib = kib / 1024;
  return mib < 1024 ? `${Number(mib.toFixed(1))} MiB` : `${Number((mib / 1024).toFixed(1))} GiB`;
}

/** What the client saw of a request. */
export function answer(seen: RequestSeen): string {
  if (seen.outcome === "paused") return "still waiting";
  if (seen.outcome === "reset") return "reset";
  if (seen.skipped) return `${seen.status}, plugin skipped`;
  return String(seen.status);
}

export function hungText(run: Run): string {
  const { step, ms } = run.hung!;
  const what = step === "load" ? "start" : step;
  return `${what} did not return within ${ms / 1000} s; stopped by watchdog`;
}

export function trapText(trap: SeenTrap): string {
  return `trap: ${trap.reason} in ${trap.callback}`;
}

/** The usual account of a run: refused, hung, trapped, and what the last request saw. */
export function account(run: Run): Cell {
  const load = run.seen[0];
  const requests = requestsOf(run);
  const traps = trapsOf(run);
  const data = { hung: run.hung, traps, statuses: requests.map((one) => one.status) };
  if (load?.do === "load" && load.refused !== null) {
    return { text: `refused to load: ${load.refused.message}`, data: { ...data, ...load.refused } };
  }
  if (run.hung !== null) return { text: hungText(run), data };
  const parts = traps.slice(0, 1).map(trapText);
  const last = requests.at(-1);
  if (last !== undefined) parts.push(`request ${answer(last)}`);
  return { text: parts.join("; "), data };
}

/** A refusal; whole digests stay in the data and are cut short in the words. */
export function refusal(refused: { readonly code: string; readonly message: string }): Cell {
  const message = refused.message.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, "$1…");
  return { text: `refused (${refused.code}): ${message}`, data: { ...refused } };
}

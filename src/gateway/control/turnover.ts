// A version taken over by threads that serve: all of them stage it before any of them uses it. The invariant: once
// the first is told to use it, it is the version in use, whatever becomes of the others: a thread that doesn't follow
// has ended or hangs, and is lost, to be replaced by one that begins with that version. So no two threads that serve
// go on with different versions.
import { Failure } from "../../errors/failure.ts";
import type { Problem, Version } from "../worker/messages.ts";
import type { ThreadHandle } from "./thread-handle.ts";

/** A thread that has ended, or doesn't answer. */
export interface Lost {
  readonly thread: ThreadHandle;
  readonly reason: string;
}

export interface Staged {
  /** Plugins of the version that did not come up, each once. */
  readonly problems: readonly Problem[];
  /** What threads that are well have against the version. */
  readonly refusals: readonly Failure[];
  readonly lost: readonly Lost[];
}

/** Splits what went wrong by whether the thread can go on. Throws what is no Failure. */
function failures(
  threads: readonly ThreadHandle[],
  settled: readonly PromiseSettledResult<unknown>[],
) {
  const lost: Lost[] = [];
  const refusals: Failure[] = [];
  for (const [i, one] of settled.entries()) {
    if (one.status === "fulfilled") continue;
    if (!(one.reason instanceof Failure)) throw one.reason;
    if (one.reason.code === "gateway-thread")
      lost.push({ thread: threads[i]!, reason: one.reason.message });
    else refusals.push(one.reason);
  }
  return { lost, refusals };
}

/** Lets all of them make the plugins of a version; `patience` is in milliseconds. */
export async function stageAll(
  threads: readonly ThreadHandle[],
  version: Version,
  patience: (thread: ThreadHandle) => number,
): Promise<Staged> {
  const settled = await Promise.allSettled(threads.map((one) => one.stage(version, patience(one))));
  const problems = settled.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const byPlugin = new Map(problems.map((one) => [one.plugin, one]));
  return { problems: [...byPlugin.values()], ...failures(threads, settled) };
}

/** Lets all of them use it; answers those that don't. */
export async function commitAll(
  threads: readonly ThreadHandle[],
  number: number,
  milliseconds: number,
): Promise<readonly Lost[]> {
  const settled = await Promise.allSettled(threads.map((one) => one.commit(number, milliseconds)));
  const { lost, refusals } = failures(threads, settled);
  const others = settled.flatMap((one, i) =>
    one.status === "rejected" && refusals.includes(one.reason as Failure)
      ? [{ thread: threads[i]!, reason: (one.reason as Failure).message }]
      : [],
  );
  return [...lost, ...others];
}

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

interface Failed {
  readonly thread: ThreadHandle;
  readonly failure: Failure;
}

/** What went wrong in which thread. Throws what is no Failure. */
function failedOf(
  threads: readonly ThreadHandle[],
  settled: readonly PromiseSettledResult<unknown>[],
): readonly Failed[] {
  return settled.flatMap((one, i) => {
    if (one.status === "fulfilled") return [];
    if (!(one.reason instanceof Failure)) throw one.reason;
    return [{ thread: threads[i]!, failure: one.reason }];
  });
}

const lostBy = ({ thread, failure }: Failed): Lost => ({ thread, reason: failure.message });

/** Lets all of them make the plugins of a version; `patience` is in milliseconds. */
export async function stageAll(
  threads: readonly ThreadHandle[],
  version: Version,
  patience: (thread: ThreadHandle) => number,
): Promise<Staged> {
  const settled = await Promise.allSettled(threads.map((one) => one.stage(version, patience(one))));
  const problems = settled.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const byPlugin = new Map(problems.map((one) => [one.plugin, one]));
  const failed = failedOf(threads, settled);
  const silent = failed.filter(({ failure }) => failure.code === "gateway-thread");
  return {
    problems: [...byPlugin.values()],
    refusals: failed.filter((one) => !silent.includes(one)).map(({ failure }) => failure),
    lost: silent.map(lostBy),
  };
}

/** Lets all of them use it; answers those that don't. */
export async function commitAll(
  threads: readonly ThreadHandle[],
  number: number,
  milliseconds: number,
): Promise<readonly Lost[]> {
  const settled = await Promise.allSettled(threads.map((one) => one.commit(number, milliseconds)));
  return failedOf(threads, settled).map(lostBy);
}

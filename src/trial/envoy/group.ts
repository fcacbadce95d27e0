// Processes that must not outlive the trial, and their folders: each is a group of its own, ended as a whole,
// also where the trial itself is ended by a signal or an error that nobody caught.
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";

interface Kept {
  readonly child: ChildProcess;
  readonly folder: string;
}

const kept = new Set<Kept>();
/** Folders of scenes whose proxy may not be started yet. */
const folders = new Set<string>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function killGroup({ pid }: ChildProcess): void {
  try {
    // The group's id is that of its first process.
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

/** `SIGKILL` needs no answer from the process, so this can be the last thing that ours does. */
function endAll(): void {
  for (const { child, folder } of kept) {
    killGroup(child);
    rmSync(folder, { recursive: true, force: true, maxRetries: 2 });
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 2 });
  kept.clear();
  folders.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  endAll();
  unwatch();
  // Nobody else listens: end as this signal ends a process.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function watch(): void {
  process.on("exit", endAll);
  for (const signal of signals) process.on(signal, onSignal);
}

function unwatch(): void {
  process.off("exit", endAll);
  for (const signal of signals) process.off(signal, onSignal);
}

const idle = (): boolean => kept.size === 0 && folders.size === 0;

/** Takes a folder away where the trial is ended before its time; the answer takes it away now. */
export function keepFolder(folder: string): () => void {
  if (idle()) watch();
  folders.add(folder);
  return () => {
    rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
    if (idle()) unwatch();
  };
}

export interface Grouped {
  readonly child: ChildProcess;
  /** Ends what still runs and removes the folder. */
  readonly end: () => void;
}

/** Starts a program as a group of its own, in a folder that goes when it goes. */
export function startGroup(program: string, args: readonly string[], folder: string): Grouped {
  if (idle()) watch();
  const child = spawn(program, args, {
    cwd: folder,
    detached: true,
    // Nothing else of ours belongs to a proxy that runs somebody else's code.
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const one = { child, folder };
  kept.add(one);
  const end = (): void => {
    killGroup(child);
    rmSync(folder, { recursive: true, force: true, maxRetries: 2 });
    kept.delete(one);
    if (idle()) unwatch();
  };
  return { child, end };
}

// Processes that must not outlive the trial, and their folders: each is a group of its own, ended as a whole.
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { atEnd } from "../at-end.ts";

/** `SIGKILL` needs no answer from the process, so this can be the last thing that ours does. */
function killGroup({ pid }: ChildProcess): void {
  try {
    // The group's id is that of its first process.
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

export interface Grouped {
  readonly child: ChildProcess;
  /** Ends what still runs and removes the folder. */
  readonly end: () => void;
}

/** Starts a program as a group of its own, in a folder that goes when it goes. */
export function startGroup(program: string, args: readonly string[], folder: string): Grouped {
  const child = spawn(program, args, {
    cwd: folder,
    detached: true,
    // Nothing else of ours belongs to a proxy that runs somebody else's code.
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = atEnd(() => {
    killGroup(child);
    rmSync(folder, { recursive: true, force: true, maxRetries: 2 });
  });
  return { child, end };
}

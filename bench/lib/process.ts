// Other processes under measurement: a whole run with its wall time, and a peer that stays alive and runs
// once for every line it is sent.
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";

export interface Ran {
  readonly ms: number;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to the end and times the whole process, its start included. */
export function timed(command: string, args: readonly string[]): Ran {
  const start = performance.now();
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  const ms = performance.now() - start;
  if (done.error) throw done.error;
  return { ms, status: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** As `timed`, for runs that must succeed: a benchmark of a failure measures nothing. */
export function timedGood(command: string, args: readonly string[]): Ran {
  const ran = timed(command, args);
  if (ran.status !== 0) {
    throw new Error(
      `${command} ${args.join(" ")} ended with ${ran.status}: ${ran.stderr || ran.stdout}`,
    );
  }
  return ran;
}

/** True where the program starts and answers --version. */
export function isThere(command: string): boolean {
  return spawnSync(command, ["--version"]).status === 0;
}

export interface Peer {
  /** Asks for one run; the line that the peer answers. */
  readonly run: () => Promise<string>;
  readonly stop: () => void;
}

export function startPeer(command: string, args: readonly string[]): Peer {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (piece) => (stderr += String(piece)));
  child.stdin.on("error", () => {}); // a peer that died is reported by its answer that never comes
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    run: async () => {
      child.stdin.write("\n");
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command} ended: ${stderr.trim()}`);
      return value;
    },
    stop: () => void child.stdin.end(),
  };
}

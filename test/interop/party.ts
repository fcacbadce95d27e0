// Real third parties by the name of their program. scripts/interop.mjs installs what it can and puts it on
// the PATH; a party that is missing all the same is red in CI and a skip with its reason elsewhere.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";

const ci = process.env.CI === "true" || process.env.CI === "1";

/** True where the program is there; otherwise skips the test, or fails it in CI. */
export function present(
  t: TestContext,
  program: string,
  asks: readonly string[] = ["--version"],
): boolean {
  const { error, status } = spawnSync(program, asks);
  if (error === undefined && status === 0) return true;
  const reason = `${program} is not installed (npm run test:interop installs it where it can)`;
  if (ci) throw new Error(reason);
  t.skip(reason);
  return false;
}

/** The same for a program whatever it answers to --version: it only has to be on the PATH. */
export function found(t: TestContext, program: string): boolean {
  const folders = (process.env.PATH ?? "").split(delimiter);
  if (folders.some((folder) => existsSync(join(folder, program)))) return true;
  const reason = `${program} is not installed (npm run test:interop installs it where it can)`;
  if (ci) throw new Error(reason);
  t.skip(reason);
  return false;
}

/** The same for a program whose build takes a quarter of an hour: without it, a skip in CI too. */
export function built(t: TestContext, program: string): boolean {
  const { error, status } = spawnSync(program, ["--version"]);
  if (error === undefined && status === 0) return true;
  t.skip(
    `${program} takes long to build: GLOVEBOX_SLOW_PARTIES=1 npm run test:interop builds it, .ci/run as time allows`,
  );
  return false;
}

export interface Ended {
  /** null where it was ended by a signal. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** true where we ended it, because it would not. */
  readonly timedOut: boolean;
  readonly output: string;
}

/**
 * Runs a program to its end or, by SIGKILL, to the time limit; where its output matches `enough`, it has one
 * more second to end.
 */
export function runParty(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  enough?: RegExp,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let timedOut = false;
    const kill = () => {
      timedOut = true;
      child.kill("SIGKILL");
    };
    let timer = setTimeout(kill, timeoutMs);
    const take = (piece: Buffer) => {
      output = (output + piece.toString()).slice(-100_000);
      if (enough?.test(output)) {
        clearTimeout(timer);
        timer = setTimeout(kill, 1000);
      }
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, timedOut, output });
    });
  });
}

// Where the checks put what they find. The invariant: verification of hostile bytes ends by returning, so
// the two private signals below never leave src/verify: STOP gives up the part that is being read, HALT
// gives up the module because enough has been found.
import type { Args, Code } from "../errors/catalogue.ts";
import { type Finding, finding } from "../errors/failure.ts";

/** After this many findings a module is not read further. */
const ENOUGH = 100;

export const STOP = Symbol("stop");
export const HALT = Symbol("halt");

export class Report {
  readonly findings: Finding[] = [];
  /** While true, findings are dropped: a later walk over the same bytes reports them. */
  muted = false;

  /** Records a finding at a byte of the module and goes on. `func` is -1 where no function is meant. */
  add(code: Code, args: Args, section: string, offset: number, func = -1): void {
    if (this.muted) return;
    const place = { at: "bytes", offset, section } as const;
    this.findings.push(finding(code, "error", args, func < 0 ? place : { ...place, func }));
    if (this.findings.length >= ENOUGH) throw HALT;
  }

  /** Records a finding and gives up the part that is being read. */
  stop(code: Code, args: Args, section: string, offset: number, func = -1): never {
    this.add(code, args, section, offset, func);
    throw STOP;
  }

  /** Runs one part of the work; false when the part gave up. */
  attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (signal) {
      if (signal === STOP) return false;
      throw signal;
    }
  }
}

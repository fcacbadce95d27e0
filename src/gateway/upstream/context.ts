// What all pools of a thread share: the clock, randomness, names of hosts, and who hears of bugs. Everything that
// a test wants to decide enters here.
import type { Deadlines } from "../http/deadlines.ts";
import type { ParserLimits } from "../http/message-parser.ts";

export interface UpstreamContext {
  readonly deadlines: Deadlines;
  /** From 0 (included) to 1 (not). */
  readonly random: () => number;
  /** The addresses of a name; rejects where there are none. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** Hears what was thrown where nothing may be thrown. */
  readonly onBug: (error: unknown) => void;
  /** Headers that a host may answer with. */
  readonly limits: ParserLimits;
}

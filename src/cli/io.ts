// Everything that a command touches outside its arguments: streams, environment, clock, terminal. A test
// gives its own, so commands are deterministic under test. Files are read and written by ref.ts and
// util/atomic-write.ts, which take paths.
import type { Styles } from "./style.ts";

export interface Io {
  /** The result; one writer, the frame in main.ts, except for a command that streams. */
  readonly out: (text: string) => void;
  /** Notes for a person beside the result. Never part of the result. */
  readonly note: (text: string) => void;
  /** What a long command is doing now; shown on a terminal where it takes more than two seconds. */
  readonly progress: (doing: string, expectedMs?: number) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly styles: Styles;
  /** Columns that a table may fill. */
  readonly width: number;
}

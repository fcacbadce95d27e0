// One line on a terminal that says what a long command is doing. Nothing in a pipe, nothing for what takes
// less than two seconds, and nothing left behind at the end. An engine runs without pause, so a step says how
// long it will about take: no timer could show it later.

const QUIET_MS = 2000;
const CLEAR_LINE = "\r\x1b[K";

export interface Progress {
  /** What is done now; shown where it began, or will end by estimate, after the quiet time. */
  readonly step: (doing: string, expectedMs?: number) => void;
  /** Removes the line, so that what is printed next starts clean. */
  readonly clear: () => void;
}

export function createProgress(
  terminal: boolean,
  now: () => number,
  write: (text: string) => void,
): Progress {
  const began = now();
  let shown = false;
  return {
    step: (doing, expectedMs = 0) => {
      if (!terminal || now() - began + expectedMs < QUIET_MS) return;
      shown = true;
      write(`${CLEAR_LINE}${doing} …`);
    },
    clear: () => {
      if (shown) write(CLEAR_LINE);
      shown = false;
    },
  };
}

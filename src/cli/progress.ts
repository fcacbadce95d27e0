// One line on a terminal that says what a long command is doing. Nothing in a pipe, nothing in the first
// two seconds, and nothing left behind at the end.

const QUIET_MS = 2000;
const CLEAR_LINE = "\r\x1b[K";

export interface Progress {
  readonly step: (doing: string) => void;
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
    step: (doing) => {
      if (!terminal || now() - began < QUIET_MS) return;
      shown = true;
      write(`${CLEAR_LINE}${doing} …`);
    },
    clear: () => {
      if (shown) write(CLEAR_LINE);
      shown = false;
    },
  };
}

// Where a plugin's lines go: a ring that keeps the newest ones and counts the rest, so that a plugin that
// floods its log costs a fixed amount of memory. Lines are kept as they were said; nobody formats here.
import { caps } from "./caps.ts";

export interface LogLine {
  /** 0 trace to 5 critical, as in the ABI. */
  readonly level: number;
  readonly text: string;
  readonly plugin: string;
}

export interface LogSink {
  push(line: LogLine): void;
}

export class LogRing implements LogSink {
  readonly #lines: LogLine[] = [];
  readonly #capacity: number;
  #next = 0;
  #total = 0;

  constructor(capacity: number = caps.logLines) {
    this.#capacity = capacity;
  }

  push(line: LogLine): void {
    if (this.#lines.length < this.#capacity) this.#lines.push(line);
    else this.#lines[this.#next] = line;
    this.#next = (this.#next + 1) % this.#capacity;
    this.#total++;
  }

  /** Lines ever pushed, lost ones included. */
  get total(): number {
    return this.#total;
  }

  /** The kept lines, oldest first; `since`: only those pushed after `total` had that value. */
  lines(since = 0): LogLine[] {
    const oldest = this.#lines.length < this.#capacity ? 0 : this.#next;
    const ordered = [...this.#lines.slice(oldest), ...this.#lines.slice(0, oldest)];
    const wanted = Math.min(ordered.length, Math.max(0, this.#total - since));
    return ordered.slice(ordered.length - wanted);
  }
}

/** Bytes of a log text that the host looks at, and whether some were left out. */
export function logLength(size: number): { length: number; cut: boolean } {
  const wanted = size >>> 0;
  return wanted <= caps.logLineBytes
    ? { length: wanted, cut: false }
    : { length: caps.logLineBytes, cut: true };
}

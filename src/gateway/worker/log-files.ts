// Access logs of one thread: lines come together and are appended a few times a second, each write whole lines, so
// that the lines of several threads never mix. A log that can't be written is told once and then dropped.
import { close, open, write } from "node:fs";
import type { AccessLog } from "../../mesh/envoy/lab-config.ts";
import type { LineSink } from "../chain/service.ts";

const FLUSH_BYTES = 64 * 1024;
/** Bytes that may wait for a slow disk; beyond, lines are dropped. */
const WAITING_BYTES = 16 * 1024 * 1024;

class FileLog implements LineSink {
  readonly #name: string;
  readonly #failed: (name: string, reason: string) => void;
  #fd: number | null;
  #text = "";
  #writing = false;
  #broken = false;

  constructor(name: string, fd: number | null, failed: (name: string, reason: string) => void) {
    this.#name = name;
    this.#fd = fd;
    this.#failed = failed;
    if (fd === null) this.#open();
  }

  #open(): void {
    this.#writing = true;
    open(this.#name, "a", 0o644, (error, fd) => {
      this.#writing = false;
      if (error === null) this.#fd = fd;
      else this.#break(error);
      this.flush();
    });
  }

  #break(error: NodeJS.ErrnoException): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#text = "";
    this.#failed(this.#name, error.code ?? error.message);
  }

  write(line: string): void {
    if (this.#broken || this.#text.length > WAITING_BYTES) return;
    this.#text += line;
    if (this.#text.length >= FLUSH_BYTES) this.flush();
  }

  flush(): void {
    if (this.#writing || this.#fd === null || this.#text === "") return;
    const bytes = Buffer.from(this.#text, "latin1");
    this.#text = "";
    this.#put(bytes);
  }

  #put(bytes: Buffer): void {
    this.#writing = true;
    write(this.#fd!, bytes, (error, written) => {
      this.#writing = false;
      if (error !== null && error.code !== "EAGAIN") this.#break(error);
      else if (error !== null) setTimeout(() => this.#put(bytes), 5);
      else if (written < bytes.length) this.#put(bytes.subarray(written));
      else this.flush();
    });
  }

  close(): void {
    this.flush();
    if (this.#fd !== null && this.#fd > 2) close(this.#fd, () => {});
    this.#fd = null;
  }
}

export class LogFiles {
  readonly #logs = new Map<string, FileLog>();
  readonly #failed: (name: string, reason: string) => void;

  constructor(failed: (name: string, reason: string) => void) {
    this.#failed = failed;
  }

  /** Null where a plugin takes the lines. */
  sink(to: AccessLog["to"]): LineSink | null {
    if (to.kind === "plugin") return null;
    const name = to.kind === "file" ? to.path : to.kind;
    let log = this.#logs.get(name);
    if (log === undefined) {
      const fd = { stdout: 1, stderr: 2, file: null }[to.kind];
      log = new FileLog(name, fd, this.#failed);
      this.#logs.set(name, log);
    }
    return log;
  }

  flush(): void {
    for (const log of this.#logs.values()) log.flush();
  }
}

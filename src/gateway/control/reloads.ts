// How the last try to take over a new version ended: for the admin, and said in the log at once.
import { type Finding, finding } from "../../errors/failure.ts";
import { renderFinding } from "../../errors/render.ts";
import type { LogEntry } from "../worker/messages.ts";

export interface Reload {
  readonly time: number;
  readonly taken: boolean;
  /** The version that is in use after it. */
  readonly version: number;
  readonly findings: readonly Finding[];
}

export class Reloads {
  /** null before the first. */
  last: Reload | null = null;
  /** Milliseconds since 1970. */
  readonly #wall: () => number;
  readonly #say: (level: LogEntry["level"], text: string) => void;

  constructor(wall: () => number, say: (level: LogEntry["level"], text: string) => void) {
    this.#wall = wall;
    this.#say = say;
  }

  taken(version: number, findings: readonly Finding[]): void {
    this.last = { time: this.#wall(), taken: true, version, findings };
    this.#say("info", `version ${version} of the configuration is in use`);
    for (const one of findings) if (one.level !== "info") this.#say("warning", renderFinding(one));
  }

  /** What is in the files is the version in use: nothing is refused any more. */
  same(version: number, findings: readonly Finding[]): void {
    if (this.last === null || this.last.taken) return;
    this.last = { time: this.#wall(), taken: true, version, findings };
    this.#say("info", `the files are those of version ${version} again, which is in use`);
  }

  /** A new version was no good; `version` stays. */
  refused(version: number, findings: readonly Finding[]): void {
    const reason = findings.map((one) => one.message).join("; ") || "it has errors";
    const kept = finding("gateway-kept", "error", { reason });
    this.last = { time: this.#wall(), taken: false, version, findings: [kept, ...findings] };
    for (const one of this.last.findings) this.#say("error", renderFinding(one));
  }
}

// What a process remembers of remote modules between two versions of its configuration: which it has met, and which
// it couldn't get a moment ago. Those aren't asked for again at once, so that a configuration that is saved again and
// again doesn't become a flood for whoever serves them. It holds no bytes: see cache.ts.
import { remoteCode } from "../../spec/gateway-limits.ts";

interface Met {
  used: number;
  /** When it couldn't be fetched; null where it could. */
  failed: number | null;
}

export class RemoteMemory {
  /** Milliseconds since some fixed point. */
  readonly #now: () => number;
  /** By digest and address. */
  readonly #met = new Map<string, Met>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Modules that are known; those that could not be fetched too, as in Envoy. */
  get entries(): number {
    return this.#met.size;
  }

  /** Milliseconds since it couldn't be fetched, where that is too short a time to try again; else null. */
  failedBefore(what: string): number | null {
    const failed = this.#met.get(what)?.failed ?? null;
    if (failed === null) return null;
    const passed = this.#now() - failed;
    return passed < remoteCode.negative ? passed : null;
  }

  /** It was found or fetched, or not. */
  met(what: string, good: boolean): void {
    const now = this.#now();
    this.#met.set(what, { used: now, failed: good ? null : now });
    for (const [other, { used }] of this.#met) {
      if (now - used > remoteCode.remembered) this.#met.delete(other);
    }
  }
}

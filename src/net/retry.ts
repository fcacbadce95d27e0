// The same request again, when it may help: after network errors and after the answers that mean "not now". Waits grow,
// are drawn at random so that many clients don't come back at once, and a Retry-After is honoured.
import { Failure, fail } from "../errors/failure.ts";
import { REGISTRY_TRIES, registryTimes } from "../spec/oci.ts";
import { type HttpAnswer, isTransient } from "./http.ts";

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

const again = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Milliseconds that a Retry-After asks for; null without one that can be read. */
export function retryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** Full jitter below a bound that doubles. */
export function backoff(attempt: number, random: number): number {
  const bound = Math.min(registryTimes.retryMost, registryTimes.retryBase * 2 ** attempt);
  return Math.ceil(random * bound);
}

/**
 * Sends until an answer isn't "not now". Throws `registry-busy` when tries or patience are over, and what sending
 * throws. `send` must be safe to do twice.
 */
export async function retried(
  send: () => Promise<HttpAnswer>,
  { host, what }: { readonly host: string; readonly what: string },
  clock: Clock,
): Promise<HttpAnswer> {
  for (let attempt = 0; ; attempt++) {
    const last = attempt + 1 >= REGISTRY_TRIES;
    let wait = backoff(attempt, clock.random());
    try {
      const answer = await send();
      if (!again.has(answer.status)) return answer;
      const asked = retryAfter(answer.headers["retry-after"], clock.now());
      if (last || (asked !== null && asked > registryTimes.retryAfterMost)) {
        const { status } = answer;
        const said = asked === null ? "" : ` and asks to wait ${Math.ceil(asked / 1000)} s`;
        return fail("registry-busy", { host, status, what, asked: said, tries: attempt + 1 });
      }
      wait = Math.max(wait, asked ?? 0);
    } catch (error) {
      if (last || !(error instanceof Failure) || !isTransient(error)) throw error;
    }
    await clock.sleep(wait);
  }
}

// Counts the streams of one client that were reset as soon as they had begun: whoever does that makes the gateway work
// for answers that nobody waits for. Envoy's rule, also its head start for connections with few streams.
import { prematureResets } from "../../spec/gateway-limits.ts";

export class PrematureResets {
  #streams = 0;
  #early = 0;

  /** A stream is over after so many milliseconds; true: its client has gone too far. */
  ended(reset: boolean, lifetime: number): boolean {
    this.#streams++;
    if (!reset || lifetime >= prematureResets.lifetime) return false;
    this.#early++;
    // As if all streams that are still to come ended well.
    return this.#early > Math.max(this.#streams, prematureResets.streams) / 2;
  }
}

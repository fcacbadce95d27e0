// Counts the streams of one client that ended before they were answered, soon after they had begun: whoever does that
// makes the gateway work for answers that nobody waits for. Which code a stream was reset with says nothing. Envoy's
// rule, also its head start for connections with few streams.
import { prematureResets } from "../../spec/gateway-limits.ts";

export class PrematureResets {
  #streams = 0;
  #early = 0;

  /** A stream is over after so many milliseconds; true: its client has gone too far. */
  ended(unanswered: boolean, lifetime: number): boolean {
    this.#streams++;
    if (unanswered && lifetime < prematureResets.lifetime) this.#early++;
    // As if all streams that are still to come ended well.
    return this.#early * 2 >= Math.max(this.#streams, prematureResets.streams);
  }
}

// The times that an HTTP/1 connection may take: for a head, for a request, between bytes, between requests. Pure rules
// over what the connection knows; it must not know sockets, nor what follows from being late.
import type { HttpChain } from "../../mesh/envoy/lab-config.ts";
import type { CodecCounter } from "./connection-context.ts";
import type { H1Exchange } from "./h1-exchange.ts";

/**
 * The next moment at which something can be late; checked again when it comes. Monotonic milliseconds: `headStarted` is
 * when the present head's first byte came, 0 while there is none; `active` when anything moved.
 */
export function nextDeadline(
  chain: HttpChain,
  exchange: H1Exchange | null,
  headStarted: number,
  active: number,
): number {
  if (exchange === null) {
    return headStarted === 0
      ? after(active, chain.idleTimeout)
      : after(headStarted, chain.requestHeadersTimeout);
  }
  const idle = after(active, chain.streamIdleTimeout);
  if (exchange.requestComplete) return idle;
  return Math.min(idle, after(exchange.started, chain.requestTimeout));
}

/** What has run out of time at `now`, by its counter; null for nothing. Times as above. */
export function lateness(
  chain: HttpChain,
  exchange: H1Exchange | null,
  headStarted: number,
  active: number,
  now: number,
): CodecCounter | null {
  if (exchange === null) {
    if (headStarted === 0) {
      return past(active, chain.idleTimeout, now) ? "downstream_cx_idle_timeout" : null;
    }
    const late = past(headStarted, chain.requestHeadersTimeout, now);
    return late ? "downstream_rq_header_timeout" : null;
  }
  if (!exchange.requestComplete && past(exchange.started, chain.requestTimeout, now)) {
    return "downstream_rq_timeout";
  }
  const idle = past(active, chain.streamIdleTimeout, now);
  return idle ? "downstream_rq_idle_timeout" : null;
}

const after = (from: number, limit: number): number =>
  limit === 0 ? Number.POSITIVE_INFINITY : from + limit;

const past = (from: number, limit: number, now: number): boolean => now >= after(from, limit);

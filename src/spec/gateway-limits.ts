// Limits of the lab's HTTP engine that no configuration sets: what a stranger on either side may make a thread
// spend. Sizes are bytes, times milliseconds. Envoy's own defaults where it has one.

/** Responses of upstreams, and the connections to them. */
export const wireLimits = {
  headerBytes: 60 * 1024,
  headerCount: 100,
  /** Interim responses before the one that counts. */
  interims: 100,
  /** An unused connection is closed after this. */
  idle: 3_600_000,
} as const;

/** HTTP/2 on either side. */
export const h2Limits = {
  concurrentStreams: 100,
  streamWindow: 256 * 1024,
  connectionWindow: 1024 * 1024,
  /** Frames of control that a peer may have unanswered. */
  outstandingPings: 10,
  outstandingSettings: 10,
  /** A connection without streams that says nothing for so long is asked whether it is there, and then has as long. */
  probe: 15_000,
  /** For a client to take the end of its connection, before it is cut. */
  linger: 5000,
} as const;

/**
 * Streams that end unanswered before `lifetime`, among so many: with half of them a client attacks. Envoy's rule and
 * its defaults (`http.premature_reset_total_stream_count`, and `…_min_stream_lifetime_seconds`, which is 1 and compared
 * with whole seconds, so that the second second still counts).
 */
export const prematureResets = { streams: 500, lifetime: 2000 } as const;

/** Names of hosts are looked up again after this. */
export const dnsRefresh = 5000;

/** Programs of regular expressions beyond this many steps are slow however linear; such expressions are refused. */
export const maxRegexSteps = 5000;

/** Request bodies up to this size can be sent again by a retry. */
export const retryBodyBytes = 64 * 1024;

/** What a TCP connection that is being closed may take to write what has passed; Envoy's delayed close. */
export const closingTime = 1000;

/** Remote modules: one that couldn't be fetched isn't asked for again within `negative`; Envoy's own times. */
export const remoteCode = { negative: 10_000, remembered: 24 * 3_600_000 } as const;

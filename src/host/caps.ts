// What one plugin may make the host spend, in one place. The first group is the reference host's own
// (limits.h); the second is ours, where the reference host has no limit and a guest could take gigabytes.
// Crossing one gives the guest a status code or a shortened text, never an exception.
import { MAP_LIMITS, RANDOM_BYTES_MAX } from "../spec/status.ts";

export const caps = {
  /** A serialised header map from a guest; larger ones count as empty, as in the reference host. */
  pairsBytes: MAP_LIMITS.bytes,
  pairsCount: MAP_LIMITS.pairs,
  /** random_get beyond this answers EINVAL, as in the reference host. */
  randomBytes: RANDOM_BYTES_MAX,

  /** One log line; the rest is cut off and the cut is marked. */
  logLineBytes: 16 * 1024,
  /** Lines that the log ring keeps. */
  logLines: 1000,
  /** Entries of a WASI vector that are looked at; more answers EINVAL. */
  iovecs: 1024,
  /** Bytes that one WASI write may name in all, aliased or not; more answers EINVAL. */
  iovecBytes: 16 * 1024 * 1024,

  /** Names and values of one header map. */
  headerMapBytes: 1024 * 1024,
  headerMapCount: 4096,
  /** One direction of one stream's buffered body. */
  bodyBytes: 16 * 1024 * 1024,
  /** Values that a plugin puts into the filter state of one stream. */
  filterStateBytes: 1024 * 1024,

  /** Properties that a plugin declares. */
  declaredProperties: 256,
  /** What a foreign function takes, and what it gives. */
  foreignArgumentBytes: 4 * 1024 * 1024,
  foreignResultBytes: 16 * 1024 * 1024,

  /** What all namespaces together may keep in shared data, queues and metrics; see fair.ts for the part of one. */
  sharedBytes: 256 * 1024 * 1024,
  /** Keys and values of one shared-data namespace, and what keeping each pair costs beside its bytes. */
  sharedDataBytes: 16 * 1024 * 1024,
  sharedPairBytes: 64,
  /** Of all namespaces. */
  queues: 1024,
  /** Of one queue. */
  queueItems: 10_000,
  queueBytes: 16 * 1024 * 1024,
  /** Of all namespaces. */
  metrics: 16_384,
  metricNameBytes: 1024,
  /** Calls, gRPC streams and look-ups that one plugin has in flight. */
  outstanding: 1024,
  /** Bytes of all that one plugin has in flight. */
  dispatchBytes: 16 * 1024 * 1024,
  /** What one callback may make the host do beside its own fuel: see Vm.charge. One `compress` of all it may be
   * given is within it. */
  hostWork: 40_000_000,
  /** Effects that one callback may ask for; what goes beyond is not done. */
  effects: 4096,
  /** A name from a guest (header, key, path): longer ones are cut, and then match nothing. */
  textBytes: 1024 * 1024,
  /** Cluster and shared-data names. */
  nameBytes: 64 * 1024,
  /** Clusters that are counted one by one; the rest is counted together. */
  clusters: 1000,
  /** Traps that are remembered one by one. */
  traps: 100,
  /** Queue and timer callbacks that one poll delivers. */
  callbacksPerPoll: 256,
} as const;

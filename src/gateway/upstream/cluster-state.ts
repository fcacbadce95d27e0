// The circuit breakers and counters of one cluster, which all its hosts share. The counters are Envoy's, without
// the prefix that names the cluster.
import type { ClusterConfig } from "../../mesh/envoy/lab-config.ts";

export const clusterCounters = [
  "upstream_cx_total",
  "upstream_cx_active",
  "upstream_cx_destroy",
  "upstream_cx_connect_fail",
  "upstream_cx_connect_timeout",
  "upstream_cx_overflow",
  "upstream_cx_protocol_error",
  "upstream_rq_total",
  "upstream_rq_active",
  "upstream_rq_completed",
  "upstream_rq_pending_total",
  "upstream_rq_pending_active",
  "upstream_rq_pending_overflow",
  "upstream_rq_pending_failure_eject",
  "upstream_rq_cancelled",
  "upstream_rq_rx_reset",
  "upstream_rq_timeout",
  "upstream_rq_per_try_timeout",
  "upstream_rq_retry",
  "upstream_rq_retry_success",
  "upstream_rq_retry_limit_exceeded",
  "membership_total",
  "membership_change",
  "update_attempt",
  "update_success",
  "update_failure",
] as const;

export type ClusterCounter = (typeof clusterCounters)[number];

export class ClusterState {
  readonly config: ClusterConfig;
  readonly counters: Record<ClusterCounter, number>;

  constructor(config: ClusterConfig) {
    this.config = config;
    this.counters = Object.fromEntries(clusterCounters.map((name) => [name, 0])) as Record<
      ClusterCounter,
      number
    >;
  }

  get mayConnect(): boolean {
    return this.counters.upstream_cx_active < this.config.maxConnections;
  }

  get mayWait(): boolean {
    return this.counters.upstream_rq_pending_active < this.config.maxPending;
  }

  get mayAsk(): boolean {
    return this.counters.upstream_rq_active < this.config.maxRequests;
  }
}

// A connection of its own to a host of a cluster, for bytes that are no requests: it counts against the cluster's
// limit of connections like any other, is never shared, and goes when its user has done with it.
import type { ResetReason } from "../http/exchange.ts";
import type { ClusterState } from "./cluster-state.ts";
import {
  type Connected,
  type ConnectOptions,
  type HostAddress,
  openConnection,
} from "./connect.ts";

export interface RawParts {
  readonly host: HostAddress;
  readonly cluster: ClusterState;
  readonly options: ConnectOptions;
  /** Hears how it went, never before this returns, and not after `cancel`. */
  readonly done: (result: Connected | ResetReason) => void;
  /** The connection is gone; called once, whatever became of it. */
  readonly over: (failed: boolean) => void;
}

/** Opens it; with `cancel` it is closed as soon as it is there. */
export function openRaw({ host, cluster, options, done, over }: RawParts): { cancel(): void } {
  const { counters } = cluster;
  let cancelled = false;
  if (!cluster.mayConnect) {
    counters.upstream_cx_overflow++;
    setImmediate(() => {
      over(true);
      if (!cancelled) done("overflow");
    });
    return { cancel: () => void (cancelled = true) };
  }
  counters.upstream_cx_total++;
  counters.upstream_cx_active++;
  openConnection(host, { ...options, raw: true }, (result) => {
    if (typeof result === "string") {
      counters.upstream_cx_active--;
      counters.upstream_cx_connect_fail++;
      if (result === "connect-timeout") counters.upstream_cx_connect_timeout++;
      over(true);
    } else {
      result.socket.once("close", () => {
        counters.upstream_cx_active--;
        counters.upstream_cx_destroy++;
        over(false);
      });
    }
    if (!cancelled) done(result);
    else if (typeof result !== "string") {
      result.socket.on("error", () => {});
      result.socket.destroy();
    }
  });
  return { cancel: () => void (cancelled = true) };
}

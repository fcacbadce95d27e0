// The seam to whoever performs the calls that plugins make: HTTP, gRPC, DNS. A call is dialled after the guest
// has returned; what comes of it is told through answer.ts, and the time limit is the host's (`plugin.poll`).
import type { OutgoingCall } from "./effects.ts";
import type { Plugin } from "./plugin.ts";

export interface Dialer {
  /**
   * Begins a call. It may answer at once, through answer.ts. Null: there is nobody to call, and the plugin is told
   * that the call failed. Must not throw.
   */
  dial(plugin: Plugin, call: OutgoingCall): CallHandle | null;
  /** Whether a call to a cluster could begin now; where it isn't offered, it could. */
  reach?(cluster: string): Reach;
}

/** There is no such cluster; it has no host that could take a call; it can be called. */
export type Reach = "unknown" | "empty" | "ready";

/** A call under way. */
export interface CallHandle {
  /** The answer is not wanted any more: the plugin gave up, died or ended, or the time is over. */
  cancel(): void;
  /** Of a gRPC stream: one more message (null for none), and whether it is the last. */
  send?(message: Uint8Array | null, end: boolean): void;
}

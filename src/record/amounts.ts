// What a plugin made its host spend: of one request or, outside of any, of one callback, and the greatest of each. The
// numbers are those that quotas of a policy bound, counted as a hardened module counts them: also what then failed.
import type { HostFunctionName } from "../spec/host-functions.ts";
import type { Arguments } from "./subjects.ts";

/** Of one request, or of one callback outside of any. */
export interface Spent {
  logBytes: number;
  headerBytes: number;
  dispatches: number;
}

export type Amount = keyof Spent | "bodyBytes";

type Row = readonly (readonly [of: Amount, amount: (args: Arguments) => number])[];

const sizes =
  (...names: readonly string[]) =>
  (args: Arguments): number =>
    names.reduce((sum, name) => sum + args.size(name), 0);
const one = (): number => 1;

const rows: { readonly [Name in HostFunctionName]?: Row } = {
  proxy_log: [["logBytes", sizes("message")]],
  fd_write: [["logBytes", sizes("iovs")]],
  fd_pwrite: [["logBytes", sizes("iovs")]],
  proxy_add_header_map_value: [["headerBytes", sizes("key", "value")]],
  proxy_replace_header_map_value: [["headerBytes", sizes("key", "value")]],
  proxy_set_header_map_pairs: [["headerBytes", sizes("serialized_pairs")]],
  proxy_send_local_response: [
    ["headerBytes", sizes("serialized_headers")],
    ["bodyBytes", sizes("body")],
  ],
  proxy_set_buffer_bytes: [["bodyBytes", sizes("value")]],
  proxy_enqueue_shared_queue: [["bodyBytes", sizes("value")]],
  proxy_http_call: [
    ["bodyBytes", sizes("body")],
    ["dispatches", one],
  ],
  proxy_grpc_call: [
    ["bodyBytes", sizes("message")],
    ["dispatches", one],
  ],
  proxy_grpc_stream: [["dispatches", one]],
  proxy_grpc_send: [["bodyBytes", sizes("message")]],
  envoy_resolve_dns: [["dispatches", one]],
};

export class Amounts {
  readonly most: Record<Amount, number> = {
    logBytes: 0,
    headerBytes: 0,
    dispatches: 0,
    bodyBytes: 0,
  };
  #callback: Record<Amount, number> = { ...this.most };

  /** Nothing spent yet. */
  static none(): Spent {
    return { logBytes: 0, headerBytes: 0, dispatches: 0 };
  }

  /** A call that was granted. */
  add(name: string, args: Arguments, request: Spent | null): void {
    for (const [of, amount] of rows[name as HostFunctionName] ?? []) {
      const spent: Partial<Record<Amount, number>> =
        of === "bodyBytes" || request === null ? this.#callback : request;
      const sum = (spent[of] ?? 0) + amount(args);
      spent[of] = sum;
      this.most[of] = Math.max(this.most[of], sum);
    }
  }

  callbackOver(): void {
    this.#callback = { logBytes: 0, headerBytes: 0, dispatches: 0, bodyBytes: 0 };
  }
}

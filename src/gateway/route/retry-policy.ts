// When a request is sent once more: Envoy's words for it, decided by status or by how it failed. Words that the table
// of them doesn't give to the lab are findings of whoever reads the configuration.
import { type RetryWord, whoRetries } from "../../spec/retry-words.ts";
import type { ResetReason } from "../http/exchange.ts";

interface Rule {
  readonly status: (status: number) => boolean;
  readonly resets: readonly ResetReason[];
}

const never = (): boolean => false;
const broken: readonly ResetReason[] = ["remote-reset", "protocol-error", "timeout"];
const unreachable: readonly ResetReason[] = ["connect-failure", "connect-timeout"];

const retryRules = {
  "5xx": { status: (status) => status >= 500, resets: [...broken, ...unreachable] },
  "gateway-error": {
    status: (status) => status >= 502 && status <= 504,
    resets: [...broken, ...unreachable],
  },
  reset: { status: never, resets: [...broken, ...unreachable] },
  "connect-failure": { status: never, resets: unreachable },
  "refused-stream": { status: never, resets: [] },
  "retriable-4xx": { status: (status) => status === 409, resets: [] },
} as const satisfies Readonly<Record<RetryWord, Rule>>;

export interface RetryPolicy {
  status(status: number): boolean;
  reset(reason: ResetReason): boolean;
  readonly count: number;
  /** Milliseconds; 0 for none. */
  readonly perTryTimeout: number;
}

export function compileRetry(
  retry: {
    readonly on: readonly string[];
    readonly count: number;
    readonly perTryTimeout: number;
  } | null,
): RetryPolicy | null {
  if (retry === null || retry.count === 0) return null;
  const rules = retry.on.flatMap((name) =>
    whoRetries(name) === "lab" ? [retryRules[name as RetryWord] as Rule] : [],
  );
  if (rules.length === 0) return null;
  return {
    status: (status) => rules.some((rule) => rule.status(status)),
    reset: (reason) => rules.some((rule) => rule.resets.includes(reason)),
    count: retry.count,
    perTryTimeout: retry.perTryTimeout,
  };
}

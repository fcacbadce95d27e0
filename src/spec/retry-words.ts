// The words of `retry_on`: those that the lab retries by, and those that only Envoy does. Any other word Envoy passes
// over without saying so. Source: Envoy's documentation of x-envoy-retry-on and x-envoy-retry-grpc-on.

/** What the lab retries by. */
export const retryWords = ["5xx", "gateway-error", "reset", "connect-failure", "refused-stream", "retriable-4xx"] as const;

export type RetryWord = (typeof retryWords)[number];

const others: ReadonlySet<string> = new Set([
  "reset-before-request",
  "envoy-ratelimited",
  "retriable-status-codes",
  "retriable-headers",
  "http3-post-connect-failure",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
]);

/** Who knows a word. */
export function whoRetries(word: string): "lab" | "envoy" | "nobody" {
  if ((retryWords as readonly string[]).includes(word)) return "lab";
  return others.has(word) ? "envoy" : "nobody";
}

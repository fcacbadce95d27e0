// What a client is told where its upstream gave no answer: Envoy's statuses, flags, details and words for each way to
// fail. The words are part of what a mesh's operators know, so they are Envoy's own.
import type { Pair } from "../../host/header-map.ts";
import type { Answer } from "../chain/seams.ts";
import type { ResetReason } from "../http/exchange.ts";

/** How an upstream failed; of a time that ran out, which. */
export type Failed = Exclude<ResetReason, "timeout"> | TimedOut;
export type TimedOut = "timeout" | "per-try-timeout" | "idle-timeout";

interface Row {
  readonly status: number;
  readonly flags: string;
  readonly details: string;
  readonly text: string;
}

const reset = (status: number, flags: string, reason: string): Row => ({
  status,
  flags,
  details: `upstream_reset_before_response_started{${reason.replaceAll(" ", "_")}}`,
  text: reason,
});

const rows: Readonly<Record<Failed, Row>> = {
  "remote-reset": reset(503, "UC", "connection termination"),
  "connect-failure": reset(503, "UF", "remote connection failure"),
  "connect-timeout": reset(503, "UF", "connection timeout"),
  overflow: reset(503, "UO", "overflow"),
  "protocol-error": reset(502, "UPE", "protocol error"),
  local: reset(503, "LR", "local reset"),
  timeout: {
    status: 504,
    flags: "UT",
    details: "response_timeout",
    text: "upstream request timeout",
  },
  "per-try-timeout": {
    status: 504,
    flags: "UT",
    details: "upstream_per_try_timeout",
    text: "upstream request timeout",
  },
  "idle-timeout": {
    status: 504,
    flags: "SI",
    details: "stream_idle_timeout",
    text: "stream timeout",
  },
};

const overloaded: readonly Pair[] = [["x-envoy-overloaded", "true"]];

/** The answer for a failure; `retried`: it was not the first try, `exceeded`: there would have been more. */
export function failureAnswer(failed: Failed, retried = false, exceeded = false): Answer {
  const { status, flags, details, text } = rows[failed];
  const again = retried ? "retried and the latest " : "";
  const body =
    failed.endsWith("timeout") && failed !== "connect-timeout"
      ? text
      : `upstream connect error or disconnect/reset before headers. ${again}reset reason: ${text}`;
  return {
    status,
    details,
    flags: exceeded ? `URX,${flags}` : flags,
    headers: failed === "overflow" ? overloaded : [],
    body: Buffer.from(body),
  };
}

// Requests that a codec refuses before anything is known of them, in Envoy's words: they have a status, and a line
// in the access log like every other request.
import type { Refusal } from "./exchange.ts";

const known: Readonly<Record<number, readonly [details: string, flags: string]>> = {
  403: ["upgrade_failed", ""],
  408: ["request_header_timeout", "DT"],
  431: ["http1.headers_too_large", "DPE"],
  501: ["http1.invalid_transfer_encoding", "DPE"],
};

/** What is answered and logged for a status. */
export function refusalOf(status: number): Refusal {
  const [details, flags] = known[status] ?? ["http1.codec_error", "DPE"];
  return { status, details, flags };
}

// A request as a span of a distributed trace, by the W3C headers: the caller's trace goes on, or a new one begins.
// Only where somebody exports spans; else the headers pass through as they are.
import { randomBytes } from "node:crypto";
import type { HeaderMap } from "../../host/header-map.ts";
import type { HttpStream } from "./http-stream.ts";

export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  /** "" for the first span of a trace. */
  readonly parentId: string;
  readonly sampled: boolean;
}

/** A span that is over; times in milliseconds since 1970. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly status: number;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** Only versions beyond 00 may have something behind the flags. */
const TRACEPARENT =
  /^(?!ff|00-.{53})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Begins a span and tells the upstream of it. `random`: that many random bytes as hex. */
export function beginSpan(
  headers: HeaderMap,
  random: (bytes: number) => string = (bytes) => randomBytes(bytes).toString("hex"),
): SpanContext {
  const [, traceId, parentId, flags] = TRACEPARENT.exec(headers.get("traceparent") ?? "") ?? [];
  const spanId = random(8);
  const sampled = flags === undefined || (Number.parseInt(flags, 16) & 1) === 1;
  const context: SpanContext =
    traceId === undefined
      ? { traceId: random(16), spanId, parentId: "", sampled }
      : { traceId, spanId, parentId: parentId!, sampled };
  // What belonged to a broken header belongs to nothing now.
  if (traceId === undefined) headers.remove("tracestate");
  headers.set("traceparent", `00-${context.traceId}-${spanId}-${sampled ? "01" : "00"}`);
  return context;
}

/** The span of a request that is over. Names are those of the route, never of the request. */
export function spanOf(stream: HttpStream, { traceId, spanId, parentId }: SpanContext): Span {
  const { exchange, matched, startTime, finished } = stream;
  const status = Number(stream.responseHeaders?.get(":status") ?? 0);
  return {
    traceId,
    spanId,
    parentId,
    name: `${exchange.headers.get(":method") ?? ""} ${matched?.route.name || "route"}`,
    start: startTime,
    end: startTime + Math.max(0, finished - exchange.started),
    status,
    attributes: {
      "http.request.method": exchange.headers.get(":method") ?? "",
      "http.response.status_code": status,
      "envoy.route": matched?.route.name ?? "",
      "envoy.cluster": matched?.cluster?.name ?? "",
      "envoy.response_code_details": stream.details,
      ...Object.fromEntries(
        stream.nodes.map(({ filter, stream: { fuel } }) => [`glovebox.fuel.${filter.name}`, fuel]),
      ),
    },
  };
}

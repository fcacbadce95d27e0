// Numbers and names of the guards in hardened modules (docs/guards.md): what a check answers, and the bounds of
// what the guards take apart. harden writes them, verify compares them, the host's parsers are more generous.
import { MAP } from "./status.ts";

/** What a check answers besides a status: go on, or the policy's denial. */
export const CHECK = { pass: -1, deny: -2 } as const;

/** Bounds of serialised maps (rule A20), WASI vectors (A10) and property paths (A15). */
export const GUARD = {
  mapBytes: 64 * 1024,
  mapPairs: 256,
  vectorEntries: 1024,
  pathBytes: 256,
} as const;

/** Maps below this number are the client's: the request's and the response's headers and trailers. */
export const CLIENT_MAPS = MAP.grpcCallInitialMetadata;

/** Property paths whose next segment is a header's name, and the map that it stands in. */
export const headerPaths = [
  { segments: ["request", "headers"], map: MAP.httpRequestHeaders },
  { segments: ["request", "trailers"], map: MAP.httpRequestTrailers },
  { segments: ["response", "headers"], map: MAP.httpResponseHeaders },
  { segments: ["response", "trailers"], map: MAP.httpResponseTrailers },
] as const;

/** Headers of an outbound call that a rule of the policy may fix (rule A18), in the order in which they are looked for. */
export const dispatchHeaders = [
  { name: ":method", rule: "methods" },
  { name: ":path", rule: "paths" },
  { name: ":authority", rule: "authorities" },
  { name: "host", rule: "authorities" },
] as const;

/** No outbound call may carry headers that begin so: some of them choose its destination. */
export const DISPATCH_REFUSED = "x-envoy-";

/** The host function by which a plugin says for which stream it acts. */
export const EFFECTIVE_CONTEXT = "proxy_set_effective_context";

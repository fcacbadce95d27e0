// Numbers of the proxy-wasm ABI and of WASI that cross the wall: status codes, errnos, log levels, actions,
// and the kinds of buffers, maps, streams, metrics and peers. No logic but look-up.
// Sources: proxy-wasm/spec v0.2.1; proxy-wasm-cpp-sdk's enums for the three statuses that only it has;
// Envoy's filter headers for the actions beyond 0 and 1; WASI preview 1 for errnos.

/** What a proxy_* function answers. */
export const STATUS = {
  ok: 0,
  notFound: 1,
  badArgument: 2,
  serializationFailure: 3,
  parseFailure: 4,
  badExpression: 5,
  invalidMemoryAccess: 6,
  empty: 7,
  casMismatch: 8,
  resultMismatch: 9,
  internalFailure: 10,
  brokenConnection: 11,
  unimplemented: 12,
} as const;

/** Errnos that the reference host answers for WASI; 76 is its stub's. */
export const ERRNO = { success: 0, badf: 8, notdir: 20, fault: 21, inval: 28, noent: 44, nosys: 52, notsup: 58, notcapable: 76 } as const;

export const LOG_LEVEL = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, critical: 5 } as const;

/** What a callback answers; the ABI knows these two. */
export const ACTION = { continue: 0, pause: 1 } as const;

/** What Envoy also takes as the answer of a header callback; 1 is rewritten to 4 unless allow_on_headers_stop_iteration. */
export const HEADERS_ACTION = { continue: 0, stopIteration: 1, continueAndEndStream: 2, stopAllIterationAndBuffer: 3, stopAllIterationAndWatermark: 4 } as const;

/** What Envoy also takes as the answer of a body callback. */
export const DATA_ACTION = { continue: 0, stopIterationAndBuffer: 1, stopIterationAndWatermark: 2, stopIterationNoBuffer: 3 } as const;

export const BUFFER = {
  httpRequestBody: 0,
  httpResponseBody: 1,
  downstreamData: 2,
  upstreamData: 3,
  httpCallResponseBody: 4,
  grpcCallMessage: 5,
  vmConfiguration: 6,
  pluginConfiguration: 7,
  foreignFunctionArguments: 8,
} as const;

export const MAP = {
  httpRequestHeaders: 0,
  httpRequestTrailers: 1,
  httpResponseHeaders: 2,
  httpResponseTrailers: 3,
  grpcCallInitialMetadata: 4,
  grpcCallTrailingMetadata: 5,
  httpCallResponseHeaders: 6,
  httpCallResponseTrailers: 7,
} as const;

export const STREAM = { httpRequest: 0, httpResponse: 1, downstream: 2, upstream: 3 } as const;

/** Who closed a network connection. */
export const PEER = { unknown: 0, local: 1, remote: 2 } as const;

/** The low two bits of a metric's id are its type; ids of one type are this far apart. */
export const METRIC = { counter: 0, gauge: 1, histogram: 2 } as const;
export const METRIC_ID_STEP = 4;

/** The low two bits of a call's id; ids of one kind are this far apart. */
export const CALL_ID_STEP = 4;
export const CALL_KIND = { http: 0, grpcCall: 1, grpcStream: 2 } as const;

/** grpc_status of a local response that carries none, as is any beyond the last that gRPC knows. */
export const NO_GRPC_STATUS = -1;
export const GRPC_STATUS_MAX = 16;

/** Limits of the reference host's map parser: beyond them a map counts as empty. */
export const MAP_LIMITS = { bytes: 1024 * 1024, pairs: 1024 } as const;

/** The most bytes that one random_get gives in the reference host. */
export const RANDOM_BYTES_MAX = 64 * 1024;

/** Name of a status or errno number, for reports. */
export function nameOf(table: Readonly<Record<string, number>>, value: number): string | undefined {
  return Object.keys(table).find((key) => table[key] === value);
}

// Envoy's %COMMANDS% of access logs and header edits: those that the lab answers, with what stands in their
// parentheses, and those that only Envoy does. Access logs, header edits and the reader of the configuration derive
// from it. Source: each was given to Envoy 1.40 by `--mode validate`, which refuses what it doesn't know.

/** `header`: a name, or two as `ONE?OTHER`; `optional`: a format; `none`: nothing may stand there, nor a length. */
const answered = {
  START_TIME: "optional",
  REQ: "header",
  REQUEST_HEADER: "header",
  RESP: "header",
  RESPONSE_HEADER: "header",
  TRAILER: "header",
  RESPONSE_TRAILER: "header",
  PROTOCOL: "none",
  RESPONSE_CODE: "none",
  RESPONSE_CODE_DETAILS: "none",
  RESPONSE_FLAGS: "none",
  BYTES_RECEIVED: "none",
  BYTES_SENT: "none",
  DURATION: "none",
  RESPONSE_DURATION: "none",
  UPSTREAM_HOST: "none",
  UPSTREAM_REMOTE_ADDRESS: "none",
  UPSTREAM_LOCAL_ADDRESS: "none",
  UPSTREAM_CLUSTER: "none",
  ROUTE_NAME: "none",
  DOWNSTREAM_REMOTE_ADDRESS: "none",
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: "none",
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: "none",
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: "none",
  DOWNSTREAM_REMOTE_PORT: "none",
  DOWNSTREAM_LOCAL_ADDRESS: "none",
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: "none",
  DOWNSTREAM_LOCAL_PORT: "none",
  DOWNSTREAM_TLS_VERSION: "none",
  DOWNSTREAM_PEER_SUBJECT: "none",
  DOWNSTREAM_PEER_FINGERPRINT_256: "none",
  REQUESTED_SERVER_NAME: "none",
  CONNECTION_ID: "none",
  CONNECTION_TERMINATION_DETAILS: "none",
} as const;

/** A command that the lab answers. */
export type LabCommand = keyof typeof answered;

/** Numbers where a JSON format has nothing else in the place; Envoy 1.40 writes them so. */
export const numberCommands: ReadonlySet<string> = new Set<LabCommand>([
  ...(["RESPONSE_CODE", "BYTES_RECEIVED", "BYTES_SENT", "DURATION", "RESPONSE_DURATION"] as const),
  ...(["CONNECTION_ID", "DOWNSTREAM_REMOTE_PORT", "DOWNSTREAM_LOCAL_PORT"] as const),
]);

/** Written even where there is nothing to tell. */
export const dashCommands: ReadonlySet<string> = new Set<LabCommand>(["RESPONSE_FLAGS"]);

/** Conversions of a time: `%3f`, `%E3S` or `%E*S`, `%Ez`, and single letters. */
export const timeConversions = /%(?:(\d)f|E([*\d])S|E(z)|([A-Za-z%]))/g;

/** What Envoy converts and the lab doesn't. */
const unconverted = /%(?:[UWVGgklPO]|E(?![*\d]S|z))/;

/** Envoy answers these, the lab has nothing for them. */
const unanswered: ReadonlySet<string> = new Set(
  `
  ACCESS_LOG_TYPE BYTES_RETRANSMITTED CEL CLUSTER_METADATA COALESCE COMMON_DURATION CUSTOM_FLAGS
  DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT
  DOWNSTREAM_DETECTED_CLOSE_TYPE DOWNSTREAM_DIRECT_LOCAL_ADDRESS DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT
  DOWNSTREAM_DIRECT_LOCAL_PORT DOWNSTREAM_DIRECT_REMOTE_PORT DOWNSTREAM_HANDSHAKE_DURATION
  DOWNSTREAM_HEADER_BYTES_RECEIVED DOWNSTREAM_HEADER_BYTES_SENT DOWNSTREAM_LOCAL_CLOSE_REASON
  DOWNSTREAM_LOCAL_DNS_SAN DOWNSTREAM_LOCAL_EMAIL_SAN DOWNSTREAM_LOCAL_IP_SAN DOWNSTREAM_LOCAL_OTHERNAME_SAN
  DOWNSTREAM_LOCAL_SUBJECT DOWNSTREAM_LOCAL_URI_SAN DOWNSTREAM_PEER_CERT DOWNSTREAM_PEER_CERT_V_END
  DOWNSTREAM_PEER_CERT_V_START DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1 DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256
  DOWNSTREAM_PEER_CHAIN_SERIALS DOWNSTREAM_PEER_DNS_SAN DOWNSTREAM_PEER_EMAIL_SAN DOWNSTREAM_PEER_FINGERPRINT_1
  DOWNSTREAM_PEER_IP_SAN DOWNSTREAM_PEER_ISSUER DOWNSTREAM_PEER_OTHERNAME_SAN DOWNSTREAM_PEER_SERIAL
  DOWNSTREAM_PEER_URI_SAN DOWNSTREAM_TLS_CIPHER DOWNSTREAM_TLS_SESSION_ID DOWNSTREAM_TRANSPORT_FAILURE_REASON
  DOWNSTREAM_WIRE_BYTES_RECEIVED DOWNSTREAM_WIRE_BYTES_SENT DYNAMIC_METADATA EMIT_TIME EMIT_TIME_LOCAL
  ENVIRONMENT FILTER_CHAIN_NAME FILTER_STATE GRPC_STATUS GRPC_STATUS_NUMBER HOSTNAME LOCAL_REPLY_BODY METADATA
  PACKETS_RETRANSMITTED PATH PER_REQUEST_STATE QUERY_PARAM QUERY_PARAMS REQUEST_DURATION REQUEST_HEADERS_BYTES
  REQUEST_TX_DURATION RESPONSE_FLAGS_LONG RESPONSE_HEADERS_BYTES RESPONSE_TRAILERS_BYTES RESPONSE_TX_DURATION
  ROUNDTRIP_DURATION SPAN_ID START_TIME_LOCAL STREAM_ID TLS_JA3_FINGERPRINT TLS_JA4_FINGERPRINT TRACE_ID
  UNIQUE_ID UPSTREAM_CLUSTER_RAW UPSTREAM_CONNECTION_ID UPSTREAM_CONNECTION_IDS_ATTEMPTED
  UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT
  UPSTREAM_DETECTED_CLOSE_TYPE UPSTREAM_FILTER_STATE UPSTREAM_HEADER_BYTES_RECEIVED UPSTREAM_HEADER_BYTES_SENT
  UPSTREAM_HOSTS_ATTEMPTED UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT UPSTREAM_HOST_NAME
  UPSTREAM_HOST_NAMES_ATTEMPTED UPSTREAM_HOST_NAME_WITHOUT_PORT UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT
  UPSTREAM_LOCAL_CLOSE_REASON UPSTREAM_LOCAL_DNS_SAN UPSTREAM_LOCAL_IP_SAN UPSTREAM_LOCAL_PORT
  UPSTREAM_LOCAL_URI_SAN UPSTREAM_METADATA UPSTREAM_PEER_CERT UPSTREAM_PEER_CERT_V_END
  UPSTREAM_PEER_CERT_V_START UPSTREAM_PEER_DNS_SAN UPSTREAM_PEER_IP_SAN UPSTREAM_PEER_ISSUER
  UPSTREAM_PEER_SUBJECT UPSTREAM_PEER_URI_SAN UPSTREAM_PROTOCOL UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT
  UPSTREAM_REMOTE_PORT UPSTREAM_REQUEST_ATTEMPT_COUNT UPSTREAM_SERVER_NAME UPSTREAM_TLS_CIPHER
  UPSTREAM_TLS_SESSION_ID UPSTREAM_TLS_VERSION UPSTREAM_TRANSPORT_FAILURE_REASON UPSTREAM_WIRE_BYTES_RECEIVED UPSTREAM_WIRE_BYTES_SENT
  VIRTUAL_CLUSTER_NAME
`.match(/\S+/g),
);

/** `%%`, or a command with what belongs to it. */
export const commandPattern = /%(?:%|[A-Z0-9_]+(?:\([^)]*\))?(?::\d+)?%)/g;

export interface Command {
  readonly name: string;
  /** What stands in parentheses; "" for nothing. */
  readonly argument: string;
  /** Characters of the value at most. */
  readonly length: number | null;
}

/** The parts of a command without its percent signs; null where it is none. */
export function splitCommand(text: string): Command | null {
  const found = /^([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?$/.exec(text);
  if (found === null) return null;
  const [, name = "", argument = "", length] = found;
  return { name, argument, length: length === undefined ? null : Number(length) };
}

/** What is wrong with a format: no command, a wrong one, or one that the lab answers with nothing. */
export interface CommandProblem {
  readonly kind: "stray" | "unknown" | "unanswered" | "argument";
  readonly text: string;
}

/** The problems of a text with commands in it, in order. */
export function commandProblems(format: string): readonly CommandProblem[] {
  const problems: CommandProblem[] = [];
  const stray = (text: string): void => {
    const at = text.indexOf("%");
    if (at >= 0) problems.push({ kind: "stray", text: text.slice(at, at + 40) });
  };
  let from = 0;
  for (const match of format.matchAll(commandPattern)) {
    stray(format.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[0] === "%%") continue;
    const kind = problemOf(match[0].slice(1, -1));
    if (kind !== null) problems.push({ kind, text: match[0] });
  }
  stray(format.slice(from));
  return problems;
}

function problemOf(text: string): "unknown" | "unanswered" | "argument" | null {
  const { name, argument, length } = splitCommand(text)!;
  if (!Object.hasOwn(answered, name)) return unanswered.has(name) ? "unanswered" : "unknown";
  const takes = answered[name as LabCommand];
  const bare = length === null && !text.includes("(");
  if (takes === "optional") {
    const conversions = argument.replaceAll("%%", "");
    // Envoy refuses a line feed, and so what stands for one.
    if (/\n|%n/.test(conversions)) return "argument";
    return unconverted.test(conversions) ? "unanswered" : null;
  }
  const fine = takes === "header" ? argument !== "" : bare;
  return fine ? null : "argument";
}

/** Every command that the lab answers, for whoever names one wrongly. */
export const labCommands: readonly string[] = Object.keys(answered);

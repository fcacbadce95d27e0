// Envoy's access-log formats: a string with %COMMANDS%, or an object of such strings, compiled once into a list
// of functions. Text is a byte string (one character a byte), as headers are. A command that nobody knows is a
// finding when the configuration is read, and `-` here.

import type { HeaderMap } from "../../host/header-map.ts";
import { hostPort } from "./attributes.ts";
import type { HttpStream } from "./http-stream.ts";

type Part = (stream: HttpStream) => string | undefined;

/** What Envoy writes where a configuration names no format. */
export const DEFAULT_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% ' +
  "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% " +
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

const MISSING = "-";

type Make = (argument: string) => Part;

/** `NAME?OTHER`: the first of two headers that is there. */
function header(pick: (stream: HttpStream) => HeaderMap | null): Make {
  return (argument) => {
    const [first = "", second] = argument.toLowerCase().split("?");
    return (stream) => {
      const map = pick(stream);
      return map?.get(first) ?? (second === undefined ? undefined : map?.get(second));
    };
  };
}

const plain =
  (read: Part): Make =>
  () =>
    read;
const whole = (milliseconds: number): string => String(Math.max(0, Math.round(milliseconds)));

function startTime(argument: string): Part {
  if (argument === "%s") return ({ startTime: at }) => String(Math.floor(at / 1000));
  if (argument === "%s.%3f") return ({ startTime: at }) => (at / 1000).toFixed(3);
  return ({ startTime: at }) => new Date(at).toISOString();
}

const commands: Readonly<Record<string, Make>> = {
  START_TIME: startTime,
  REQ: header(({ exchange }) => exchange.headers),
  REQUEST_HEADER: header(({ exchange }) => exchange.headers),
  RESP: header(({ responseHeaders }) => responseHeaders),
  RESPONSE_HEADER: header(({ responseHeaders }) => responseHeaders),
  TRAILER: header(({ responseTrailers }) => responseTrailers),
  RESPONSE_TRAILER: header(({ responseTrailers }) => responseTrailers),
  PROTOCOL: plain(({ connection }) => connection.protocol),
  RESPONSE_CODE: plain(({ responseHeaders }) => responseHeaders?.get(":status") ?? "0"),
  RESPONSE_CODE_DETAILS: plain(({ details }) => details || undefined),
  RESPONSE_FLAGS: plain(({ flags }) => flags || undefined),
  BYTES_RECEIVED: plain(({ exchange }) => String(exchange.bytesReceived)),
  BYTES_SENT: plain(({ exchange }) => String(exchange.bytesSent)),
  DURATION: plain(({ finished, exchange, service }) =>
    whole((finished || service.clock.now()) - exchange.started),
  ),
  RESPONSE_DURATION: plain(({ upstreamAnswered, exchange }) =>
    upstreamAnswered === 0 ? undefined : whole(upstreamAnswered - exchange.started),
  ),
  UPSTREAM_HOST: plain(({ upstream }) =>
    upstream === null ? undefined : hostPort(upstream.address, upstream.port),
  ),
  UPSTREAM_REMOTE_ADDRESS: plain(({ upstream }) =>
    upstream === null ? undefined : hostPort(upstream.address, upstream.port),
  ),
  UPSTREAM_LOCAL_ADDRESS: plain(({ upstream }) =>
    upstream === null ? undefined : hostPort(upstream.localAddress, upstream.localPort),
  ),
  UPSTREAM_CLUSTER: plain(({ matched }) => matched?.cluster?.name),
  ROUTE_NAME: plain(({ matched }) => matched?.route.name || undefined),
  VIRTUAL_HOST_NAME: plain(({ matched }) => matched?.virtualHost.name),
  DOWNSTREAM_REMOTE_ADDRESS: plain(({ connection }) =>
    hostPort(connection.sourceAddress, connection.sourcePort),
  ),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: plain(({ connection }) =>
    hostPort(connection.sourceAddress, connection.sourcePort),
  ),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: plain(({ connection }) => connection.sourceAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: plain(
    ({ connection }) => connection.sourceAddress,
  ),
  DOWNSTREAM_REMOTE_PORT: plain(({ connection }) => String(connection.sourcePort)),
  DOWNSTREAM_LOCAL_ADDRESS: plain(({ connection }) =>
    hostPort(connection.localAddress, connection.localPort),
  ),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: plain(({ connection }) => connection.localAddress),
  DOWNSTREAM_LOCAL_PORT: plain(({ connection }) => String(connection.localPort)),
  DOWNSTREAM_TLS_VERSION: plain(({ connection }) => connection.tls?.version),
  DOWNSTREAM_PEER_SUBJECT: plain(({ connection }) => connection.tls?.peerSubject || undefined),
  DOWNSTREAM_PEER_FINGERPRINT_256: plain(
    ({ connection }) => connection.tls?.peerDigest || undefined,
  ),
  REQUESTED_SERVER_NAME: plain(({ connection }) => connection.tls?.serverName || undefined),
  CONNECTION_ID: plain(({ connection }) => String(connection.id)),
  CONNECTION_TERMINATION_DETAILS: plain(() => undefined),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain(() => undefined),
};

const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/** `NAME`, `NAME(argument)` or either with `:length`. */
const COMMAND = /%(?:%|([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%)/g;

/** The names in a format that nobody knows. */
export function unknownCommands(format: string): string[] {
  return [...format.matchAll(COMMAND)].flatMap(([, name]) =>
    name === undefined || Object.hasOwn(commands, name) ? [] : [name],
  );
}

/** One command by its text between the percent signs; undefined where there is no such command. */
export function compileCommand(text: string): Part | undefined {
  const [, name = "", argument = "", length] =
    /^([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?$/.exec(text) ?? [];
  const make = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (make === undefined) return undefined;
  const read = make(argument);
  if (length === undefined) return read;
  const limit = Number(length);
  return (stream) => read(stream)?.slice(0, limit);
}

function compileText(format: string): (stream: HttpStream) => string {
  const parts: (string | Part)[] = [];
  let from = 0;
  for (const match of format.matchAll(COMMAND)) {
    parts.push(bytes(format.slice(from, match.index)));
    from = match.index + match[0].length;
    parts.push(match[0] === "%%" ? "%" : (compileCommand(match[0].slice(1, -1)) ?? MISSING));
  }
  parts.push(bytes(format.slice(from)));
  return (stream) => {
    let text = "";
    for (const part of parts) text += typeof part === "string" ? part : (part(stream) ?? MISSING);
    return text;
  };
}

/** A whole log line, with its line feed, as a byte string. */
export type FormatLine = (stream: HttpStream) => string;

/** Compiles a format as LabConfig has it; null is Envoy's default. */
export function compileFormat(
  format: string | Readonly<Record<string, string>> | null,
): FormatLine {
  if (format === null) return compileText(DEFAULT_FORMAT);
  if (typeof format === "string") return compileText(format);
  const fields = Object.entries(format).map(([key, value]) => [key, compileText(value)] as const);
  return (stream) => {
    const entries = fields.map(([key, read]) => {
      const text = read(stream);
      return [key, text === MISSING ? null : Buffer.from(text, "latin1").toString("utf8")];
    });
    return `${bytes(JSON.stringify(Object.fromEntries(entries)))}\n`;
  };
}

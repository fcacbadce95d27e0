// What access logs may name of a request: Envoy's commands, each with how it is read from a request.

import type { HeaderMap } from "../../host/header-map.ts";
import type { LabCommand } from "../../spec/log-commands.ts";
import { type Make, plain, whole } from "../log/format.ts";
import { timeText } from "../log/time-text.ts";
import { hostPort } from "./attributes.ts";
import type { HttpStream } from "./http-stream.ts";

/** `NAME?OTHER`: the first of two headers that is there. */
function header(pick: (stream: HttpStream) => HeaderMap | null): Make<HttpStream> {
  return (argument) => {
    const [first = "", second] = argument.toLowerCase().split("?");
    return (stream) => {
      const map = pick(stream);
      return map?.get(first) ?? (second === undefined ? undefined : map?.get(second));
    };
  };
}

/** A command that the table of the lab's commands has and this hasn't, or the other way round, is a type error. */
export const requestCommands: Readonly<Record<LabCommand, Make<HttpStream>>> = {
  START_TIME: (argument) => {
    const text = timeText(argument);
    return ({ startTime }) => text(startTime);
  },
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
};

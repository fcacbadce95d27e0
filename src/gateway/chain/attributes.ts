// What plugins may ask about a request by path: computed when asked, never before. What the host knows from the
// headers alone (request.path, request.headers.*, response.code ...) it answers by itself; this is the rest.
// Times are nanoseconds since 1970, durations nanoseconds, as in Envoy.
import type { AttributeValue } from "../../host/properties.ts";
import { type FlagName, flagBits } from "../../spec/response-flags.ts";
import type { TlsInfo } from "../http/exchange.ts";
import type { HttpStream } from "./http-stream.ts";

type Read = (stream: HttpStream) => AttributeValue | undefined;

const nanoseconds = (milliseconds: number): bigint => BigInt(Math.round(milliseconds * 1e6));
const known = (text: string): string | undefined => (text === "" ? undefined : text);

export function hostPort(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

const tls =
  (read: (info: TlsInfo) => AttributeValue | undefined): Read =>
  ({ connection }) => {
    const info = connection.tls;
    return info === null ? undefined : read(info);
  };

function grpcStatus(stream: HttpStream): number | undefined {
  const text =
    stream.responseTrailers?.get("grpc-status") ?? stream.responseHeaders?.get("grpc-status");
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

const reads: Readonly<Record<string, Read>> = {
  "request.time": ({ startTime }) => nanoseconds(startTime),
  "request.protocol": ({ connection }) => connection.protocol,
  "request.duration": (stream) =>
    nanoseconds((stream.finished || stream.service.clock.now()) - stream.exchange.started),
  "request.size": ({ exchange }) => exchange.bytesReceived,
  "request.total_size": ({ exchange }) => exchange.bytesReceived + exchange.headers.bytes,
  "response.code": ({ responseHeaders }) => {
    const status = responseHeaders?.get(":status");
    return status === undefined ? undefined : Number(status);
  },
  "response.code_details": ({ details }) => known(details),
  "response.flags": ({ flags }) => flagBits(flags as FlagName),
  "response.grpc_status": grpcStatus,
  "response.size": ({ exchange }) => exchange.bytesSent,
  "response.total_size": ({ exchange, responseHeaders, responseTrailers }) =>
    exchange.bytesSent + (responseHeaders?.bytes ?? 0) + (responseTrailers?.bytes ?? 0),
  "response.headers_bytes": ({ responseHeaders }) => responseHeaders?.bytes,
  "response.backend_latency": ({ upstreamStarted, upstreamAnswered }) =>
    upstreamAnswered === 0 ? undefined : nanoseconds(upstreamAnswered - upstreamStarted),
  "source.address": ({ connection }) => hostPort(connection.sourceAddress, connection.sourcePort),
  "source.port": ({ connection }) => connection.sourcePort,
  "destination.address": ({ connection }) =>
    hostPort(connection.localAddress, connection.localPort),
  "destination.port": ({ connection }) => connection.localPort,
  "connection.id": ({ connection }) => connection.id,
  "connection.mtls": ({ connection }) => connection.tls?.mutual ?? false,
  "connection.requested_server_name": tls((info) => known(info.serverName)),
  "connection.tls_version": tls((info) => info.version),
  "connection.subject_peer_certificate": tls((info) => known(info.peerSubject)),
  "connection.sha256_peer_certificate_digest": tls((info) => known(info.peerDigest)),
  "upstream.address": ({ upstream }) =>
    upstream === null ? undefined : hostPort(upstream.address, upstream.port),
  "upstream.port": ({ upstream }) => upstream?.port,
  "upstream.local_address": ({ upstream }) =>
    upstream === null ? undefined : hostPort(upstream.localAddress, upstream.localPort),
  "upstream.tls_version": ({ upstream }) => upstream?.tls?.version,
  "upstream.subject_peer_certificate": ({ upstream }) => known(upstream?.tls?.peerSubject ?? ""),
  "upstream.sha256_peer_certificate_digest": ({ upstream }) =>
    known(upstream?.tls?.peerDigest ?? ""),
  "xds.cluster_name": ({ matched }) => matched?.cluster?.name,
  "xds.route_name": ({ matched }) => matched?.route.name,
  "xds.virtual_host_name": ({ matched }) => matched?.virtualHost.name,
  "xds.listener_direction": () => 0,
};

const byPath: ReadonlyMap<string, Read> = new Map(
  Object.entries(reads).map(([path, read]) => [path.replaceAll(".", "\0"), read]),
);

/** The value of an attribute; undefined where there is none, or the host knows it by itself. */
export function attributeOf(stream: HttpStream, path: string): AttributeValue | undefined {
  return byPath.get(path)?.(stream);
}

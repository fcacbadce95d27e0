// What plugins may ask about a TCP connection by path: computed when asked, never before.
import type { AttributeValue } from "../../host/properties.ts";
import { flagBits } from "../../spec/response-flags.ts";
import { hostPort } from "../chain/attributes.ts";
import type { TcpConnection } from "./connection.ts";

type Read = (connection: TcpConnection) => AttributeValue | undefined;

const known = (text: string | undefined): string | undefined => text || undefined;

const reads: Readonly<Record<string, Read>> = {
  "source.address": ({ info }) => hostPort(info.sourceAddress, info.sourcePort),
  "source.port": ({ info }) => info.sourcePort,
  "destination.address": ({ info }) => hostPort(info.localAddress, info.localPort),
  "destination.port": ({ info }) => info.localPort,
  "connection.id": ({ info }) => info.id,
  "connection.mtls": ({ info }) => info.tls?.mutual ?? false,
  "connection.requested_server_name": ({ info }) => known(info.tls?.serverName),
  "connection.tls_version": ({ info }) => known(info.tls?.version),
  "connection.subject_peer_certificate": ({ info }) => known(info.tls?.peerSubject),
  "connection.sha256_peer_certificate_digest": ({ info }) => known(info.tls?.peerDigest),
  "upstream.address": ({ upstream }) =>
    upstream === null ? undefined : hostPort(upstream.address, upstream.port),
  "upstream.port": ({ upstream }) => upstream?.port,
  "upstream.local_address": ({ upstream }) =>
    upstream === null ? undefined : hostPort(upstream.localAddress, upstream.localPort),
  "upstream.tls_version": ({ upstream }) => known(upstream?.tls?.version),
  "response.flags": ({ flags }) => flagBits(flags),
  "xds.cluster_name": ({ service }) => service.chain.cluster,
  "xds.listener_direction": () => 0,
};

const byPath: ReadonlyMap<string, Read> = new Map(
  Object.entries(reads).map(([path, read]) => [path.replaceAll(".", "\0"), read]),
);

/** The value of an attribute by its segments joined by NUL; undefined where there is none. */
export function tcpAttribute(connection: TcpConnection, path: string): AttributeValue | undefined {
  return byPath.get(path)?.(connection);
}

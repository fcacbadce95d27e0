// What access logs may name of a TCP connection. What only requests have is `-`, and its status 0, as in Envoy.
import { hostPort } from "../chain/attributes.ts";
import { type Commands, plain, whole } from "../log/format.ts";
import { timeText } from "../log/time-text.ts";
import type { TcpConnection } from "./connection.ts";

const upstreamAt = plain<TcpConnection>(({ upstream }) =>
  upstream === null ? undefined : hostPort(upstream.address, upstream.port),
);
const client = plain<TcpConnection>(({ info }) => hostPort(info.sourceAddress, info.sourcePort));
const clientAddress = plain<TcpConnection>(({ info }) => info.sourceAddress);

export const connectionCommands: Commands<TcpConnection> = {
  START_TIME: (argument) => {
    const text = timeText(argument);
    return ({ startTime }) => text(startTime);
  },
  RESPONSE_CODE: plain(() => "0"),
  RESPONSE_FLAGS: plain(({ flags }) => flags || undefined),
  BYTES_RECEIVED: plain(({ bytesReceived }) => String(bytesReceived)),
  BYTES_SENT: plain(({ bytesSent }) => String(bytesSent)),
  DURATION: plain(({ duration }) => whole(duration)),
  UPSTREAM_HOST: upstreamAt,
  UPSTREAM_REMOTE_ADDRESS: upstreamAt,
  UPSTREAM_LOCAL_ADDRESS: plain(({ upstream }) =>
    upstream === null ? undefined : hostPort(upstream.localAddress, upstream.localPort),
  ),
  UPSTREAM_CLUSTER: plain(({ service }) => service.chain.cluster),
  DOWNSTREAM_REMOTE_ADDRESS: client,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: client,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: clientAddress,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: clientAddress,
  DOWNSTREAM_REMOTE_PORT: plain(({ info }) => String(info.sourcePort)),
  DOWNSTREAM_LOCAL_ADDRESS: plain(({ info }) => hostPort(info.localAddress, info.localPort)),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: plain(({ info }) => info.localAddress),
  DOWNSTREAM_LOCAL_PORT: plain(({ info }) => String(info.localPort)),
  DOWNSTREAM_TLS_VERSION: plain(({ info }) => info.tls?.version),
  DOWNSTREAM_PEER_SUBJECT: plain(({ info }) => info.tls?.peerSubject || undefined),
  DOWNSTREAM_PEER_FINGERPRINT_256: plain(({ info }) => info.tls?.peerDigest || undefined),
  REQUESTED_SERVER_NAME: plain(({ info }) => info.tls?.serverName || undefined),
  CONNECTION_ID: plain(({ info }) => String(info.id)),
  CONNECTION_TERMINATION_DETAILS: plain(({ details }) => details || undefined),
};

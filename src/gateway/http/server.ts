// The socket server of a listener, with or without TLS: what HTTP and TCP listeners accept from. The invariant: both
// directions of a connection end by themselves, and a handshake that fails is the client's affair.
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { fail } from "../../errors/failure.ts";
import type { DownstreamTls, ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import { tlsInfoOf } from "../upstream/connect.ts";
import type { ConnectionInfo } from "./exchange.ts";

/** What a listener can be told to listen on: a bound socket, or for tests an address. */
export type ListenOn =
  | { readonly fd: number }
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

/** `alpn` is null without TLS, "" where none was agreed on. */
export type Accept = (socket: Socket, alpn: string | null) => void;

/** A server that doesn't listen yet. Throws the Failure `certificate-refused`. */
export function serverOf({ tls, name }: ListenerConfig, accept: Accept): Server {
  const server = tls === null ? plain(accept) : secure(tls, name, accept);
  // A server that fails to accept goes on: the error names one connection at most.
  server.on("error", () => {});
  return server;
}

function plain(accept: Accept): Server {
  const options = { noDelay: true, allowHalfOpen: true };
  return createServer(options, (socket) => accept(socket, null));
}

function secure(tls: DownstreamTls, name: string, accept: Accept): Server {
  try {
    const server = createTlsServer(tlsOptionsOf(tls), (socket) => {
      socket.setNoDelay(true);
      const { alpnProtocol } = socket;
      accept(socket, alpnProtocol === false ? "" : (alpnProtocol ?? ""));
    });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return server;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail("certificate-refused", { name, reason }, undefined, error);
  }
}

/** Starts to accept; rejects with the error of the system. */
export function listenOn(server: Server, on: ListenOn): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...on, backlog: 4096 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** The port that a server listens on; 0 for a path. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Both ends of a connection, and what its handshake told. */
export function endsOf(
  socket: Socket,
  secured: boolean,
): Omit<ConnectionInfo, "id" | "listener" | "protocol"> {
  return {
    sourceAddress: socket.remoteAddress ?? "",
    sourcePort: socket.remotePort ?? 0,
    localAddress: socket.localAddress ?? "",
    localPort: socket.localPort ?? 0,
    tls: secured
      ? tlsInfoOf(socket as TLSSocket, (socket as TLSSocket & Named).servername || "")
      : null,
  };
}

interface Named {
  readonly servername?: string | false;
}

function tlsOptionsOf(tls: DownstreamTls): TlsOptions {
  return {
    cert: tls.certificate,
    key: tls.key,
    minVersion: "TLSv1.2",
    handshakeTimeout: 10_000,
    requestCert: tls.clientAuthority !== null || tls.requireClientCertificate,
    rejectUnauthorized: tls.requireClientCertificate,
    ...(tls.clientAuthority === null ? {} : { ca: tls.clientAuthority }),
    ...(tls.alpn.length === 0 ? {} : { ALPNProtocols: [...tls.alpn] }),
    allowHalfOpen: true,
  } as TlsOptions;
}

// The socket server of a listener, with or without TLS: what HTTP and TCP listeners accept from. The invariant: both
// directions of a connection end by themselves, and a handshake that fails is the client's affair.
import { createServer, type Server, type Socket } from "node:net";
import {
  createSecureContext,
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
  Server as TlsServer,
} from "node:tls";
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
    inUse.set(server, JSON.stringify(certificatesOf(tls)));
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return server;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail("certificate-refused", { name, reason }, undefined, error);
  }
}

/** Throws the Failure `certificate-refused` where a listener could not shake hands with these. */
export function checkCertificates({ tls, name }: ListenerConfig): void {
  if (tls === null) return;
  try {
    createSecureContext(certificatesOf(tls));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    fail("certificate-refused", { name, reason }, undefined, error);
  }
}

/** New connections shake hands with these certificates from now on; they have been checked. */
export function useCertificates(server: Server, { tls }: ListenerConfig): void {
  if (tls === null || !(server instanceof TlsServer)) return;
  const text = JSON.stringify(certificatesOf(tls));
  if (inUse.get(server) === text) return;
  inUse.set(server, text);
  server.setSecureContext(certificatesOf(tls));
}

/** What each server shakes hands with. */
const inUse = new WeakMap<Server, string>();

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

function certificatesOf(tls: DownstreamTls): SecureContextOptions {
  return {
    cert: tls.certificate,
    key: tls.key,
    minVersion: "TLSv1.2",
    ...(tls.clientAuthority === null ? {} : { ca: tls.clientAuthority }),
  };
}

function tlsOptionsOf(tls: DownstreamTls): TlsOptions {
  return {
    ...certificatesOf(tls),
    handshakeTimeout: 10_000,
    requestCert: tls.clientAuthority !== null || tls.requireClientCertificate,
    rejectUnauthorized: tls.requireClientCertificate,
    ...(tls.alpn.length === 0 ? {} : { ALPNProtocols: [...tls.alpn] }),
    allowHalfOpen: true,
  } as TlsOptions;
}

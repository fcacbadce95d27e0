// Opens connections to hosts: TCP, Unix sockets, TLS with the cluster's names and authorities. One callback tells
// how it went, within the connect timeout; it must not know what is sent over them.
import { connect as connectSocket, type Socket } from "node:net";
import {
  type ConnectionOptions,
  connect as connectTls,
  type PeerCertificate,
  type TLSSocket,
} from "node:tls";
import type { UpstreamTls } from "../../mesh/envoy/lab-config.ts";
import type { ResetReason, TlsInfo, UpstreamInfo } from "../http/exchange.ts";
import type { StringTest } from "../route/string-match.ts";

export interface HostAddress {
  /** An address, or the path of a Unix socket with port 0. */
  readonly address: string;
  readonly port: number;
}

export interface Connected {
  readonly socket: Socket;
  readonly info: UpstreamInfo;
  /** What ALPN chose; "" without TLS. */
  readonly protocol: string;
}

export interface ConnectOptions {
  readonly timeout: number;
  readonly tls: UpstreamTls | null;
  /** The certificate's names; empty accepts any. */
  readonly names: readonly StringTest[];
  readonly http2: boolean;
  /** For bytes that are no requests: no protocol is agreed on, and either direction may end before the other. */
  readonly raw?: true;
}

/** Opens one connection; `done` is called once, never before this returns. */
export function openConnection(
  host: HostAddress,
  options: ConnectOptions,
  done: (result: Connected | ResetReason) => void,
): void {
  let settled = false;
  const socket = openSocket(host, options);
  const settle = (result: Connected | ResetReason): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    socket.off("error", failed);
    socket.off("close", failed);
    if (typeof result === "string") {
      socket.on("error", () => {});
      socket.destroy();
    }
    done(result);
  };
  const failed = (): void => settle("connect-failure");
  const timer = setTimeout(() => settle("connect-timeout"), options.timeout || 5000);
  socket.on("error", failed);
  socket.on("close", failed);
  socket.once(options.tls === null ? "connect" : "secureConnect", () => {
    const tls = options.tls === null ? null : tlsInfoOf(socket as TLSSocket, options.tls.sni);
    const info = {
      address: host.address,
      port: host.port,
      localAddress: socket.localAddress ?? "",
      localPort: socket.localPort ?? 0,
      tls,
    };
    const protocol = tls === null ? "" : (socket as TLSSocket).alpnProtocol || "";
    settle({ socket, info, protocol });
  });
}

function openSocket({ address, port }: HostAddress, options: ConnectOptions): Socket {
  const to = port === 0 ? { path: address } : { host: address, port };
  const { tls } = options;
  const raw = options.raw === true;
  if (tls === null) return connectSocket({ ...to, noDelay: true, allowHalfOpen: raw });
  const secure: ConnectionOptions = {
    ...to,
    ...(tls.sni === "" ? {} : { servername: tls.sni }),
    ...(tls.authority === null ? {} : { ca: tls.authority }),
    ...(tls.certificate === null ? {} : { cert: tls.certificate }),
    ...(tls.key === null ? {} : { key: tls.key }),
    // As in Envoy: without authorities nothing is checked, and names only where they are given.
    rejectUnauthorized: tls.authority !== null,
    checkServerIdentity: (_name: string, certificate: PeerCertificate) => {
      if (options.names.length === 0 || namesOf(certificate).some((n) => fits(options.names, n))) {
        return undefined;
      }
      return new Error("none of the certificate's names is expected");
    },
    ...(raw ? { allowHalfOpen: true } : { ALPNProtocols: [options.http2 ? "h2" : "http/1.1"] }),
  };
  return connectTls(secure).setNoDelay(true);
}

const fits = (tests: readonly StringTest[], name: string): boolean =>
  tests.some((test) => test(name));

/** The subject's alternative names. */
function namesOf(certificate: PeerCertificate): readonly string[] {
  return (certificate.subjectaltname ?? "")
    .split(/,\s*/)
    .map((name) => name.replace(/^(DNS|URI|IP Address|email):/i, ""))
    .filter((name) => name !== "");
}

/** What is known of a connection's TLS; `serverName` is what was asked for. */
export function tlsInfoOf(socket: TLSSocket, serverName: string): TlsInfo {
  const peer = socket.getPeerCertificate();
  const shown = peer !== null && Object.keys(peer).length > 0;
  const subject: unknown = shown ? peer.subject : null;
  return {
    version: socket.getProtocol() ?? "",
    serverName,
    mutual: shown && socket.authorized,
    peerSubject: subject === null ? "" : subjectText(subject as Record<string, unknown>),
    peerDigest: shown ? (peer.fingerprint256 ?? "").replaceAll(":", "").toLowerCase() : "",
  };
}

/** A distinguished name in the order of RFC 2253: the last part first. */
function subjectText(subject: Readonly<Record<string, unknown>>): string {
  return Object.entries(subject)
    .flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((v) => `${key}=${v}`))
    .reverse()
    .join(",");
}

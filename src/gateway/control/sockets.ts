// Listening sockets: bound here once, accepted from by every worker through a descriptor of its own (copies.ts). The
// control thread itself accepts nothing, so nothing can keep it from its own work; it holds the sockets open when a
// worker ends.
import net from "node:net";
import { fail } from "../../errors/failure.ts";
import type { Address } from "../../mesh/envoy/lab-config.ts";

export interface BoundSocket {
  readonly handle: Handle;
  /** As `host:port` or a path: the port is the real one where the configuration says 0. */
  readonly address: string;
  close(): void;
}

/** As much of Node's own object of a socket as is used. */
export interface Handle {
  readonly fd: number;
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

/** Node binds without listening only inside; its cluster module stands on the same function. */
const createHandle = (
  net as unknown as {
    _createServerHandle(
      address: string,
      port: number,
      type: number,
      fd: number,
      flags: number,
    ): Handle | number;
  }
)._createServerHandle;

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "this machine has no such address",
};

export function showAddress(address: Address): string {
  if (address.kind === "pipe") return address.path;
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Why the system refused, in words. */
export function listenReason(error: NodeJS.ErrnoException): string {
  return reasons[error.code ?? ""] ?? error.code ?? error.message;
}

/** Whether nobody listens there: binding alone doesn't tell, because several sockets may be bound. */
function probe(address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    const done = (): void => void server.close(() => resolve());
    if (address.kind === "pipe") server.listen(address.path, done);
    else server.listen({ host: address.host, port: address.port, exclusive: true }, done);
  });
}

/** Binds an address. Throws `gateway-port`. */
async function bind(address: Address): Promise<BoundSocket> {
  const shown = showAddress(address);
  const refuse = (error: NodeJS.ErrnoException): never =>
    fail("gateway-port", { address: shown, reason: listenReason(error) }, undefined, error);
  if (address.kind === "pipe" || address.port !== 0) await probe(address).catch(refuse);
  const handle =
    address.kind === "pipe"
      ? createHandle(address.path, -1, -1, -1, 0)
      : createHandle(address.host, address.port, address.host.includes(":") ? 6 : 4, -1, 0);
  if (typeof handle === "number") {
    const { getSystemErrorName } = await import("node:util");
    return refuse(Object.assign(new Error("bind"), { code: getSystemErrorName(handle) }));
  }
  const found: { address?: string; port?: number } = {};
  if (address.kind === "tcp") handle.getsockname(found);
  const port = found.port ?? 0;
  return {
    handle,
    address: address.kind === "tcp" ? showAddress({ ...address, port }) : shown,
    close: () => handle.close(),
  };
}

/** All of them, in order, or none: what was bound is closed again where another one fails. */
export async function bindAll(addresses: readonly Address[]): Promise<BoundSocket[]> {
  const sockets: BoundSocket[] = [];
  try {
    for (const address of addresses) sockets.push(await bind(address));
    return sockets;
  } catch (error) {
    for (const one of sockets) one.close();
    throw error;
  }
}

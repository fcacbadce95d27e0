// How a request that a cell serves tells whose it is: the client's connection, in a header that only threads of
// this process can set, because a cell accepts on a socket that nobody else can open. It is gone before any
// plugin or upstream sees the request.
import type { HeaderMap } from "../../host/header-map.ts";
import type { ConnectionInfo, Exchange } from "../http/exchange.ts";

const HEADER = "x-glovebox-origin";

export function addOrigin(headers: HeaderMap, connection: ConnectionInfo): void {
  headers.set(HEADER, Buffer.from(JSON.stringify(connection), "utf8").toString("base64"));
}

/** The request stays here after all. */
export function dropOrigin(headers: HeaderMap): void {
  headers.remove(HEADER);
}

/** The client's connection; null where the header isn't there or is no such thing. */
export function originOf(exchange: Exchange): ConnectionInfo | null {
  const text = exchange.headers.get(HEADER);
  if (text === undefined) return null;
  exchange.headers.remove(HEADER);
  try {
    return JSON.parse(Buffer.from(text, "base64").toString("utf8")) as ConnectionInfo;
  } catch {
    return null;
  }
}

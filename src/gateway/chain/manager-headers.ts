// The headers that Envoy's connection manager adds by itself: a request id, where the request came from, who
// answered and when. What the client says of its own way here is believed as far as the configuration says.
import { randomUUID } from "node:crypto";
import type { HeaderMap } from "../../host/header-map.ts";
import type { HttpChain } from "../../mesh/envoy/lab-config.ts";
import { internalHeaders } from "../../spec/internal-headers.ts";
import type { ConnectionInfo } from "../http/exchange.ts";

export interface ManagerHeaders {
  request(headers: HeaderMap, connection: ConnectionInfo): void;
  /** `upstreamTime`: milliseconds that an upstream took; null for answers that were made here. */
  response(headers: HeaderMap, upstreamTime: number | null): void;
}

/** Times with a resolution of a second are written once a second. */
class DateText {
  readonly #wall: () => number;
  #second = -1;
  #text = "";

  constructor(wall: () => number) {
    this.#wall = wall;
  }

  now(): string {
    const second = Math.floor(this.#wall() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}

function dropInternal(headers: HeaderMap): void {
  for (let i = headers.size - 1; i >= 0; i--) {
    const name = headers.nameAt(i);
    if (name.startsWith("x-envoy-") && internalHeaders.has(name)) {
      headers.remove(name);
      i = Math.min(i, headers.size);
    }
  }
}

/** `wall`: milliseconds since 1970; `id`: a fresh request id. */
export function managerHeaders(
  chain: Pick<HttpChain, "serverName" | "useRemoteAddress">,
  wall: () => number,
  id: () => string = randomUUID,
): ManagerHeaders {
  const date = new DateText(wall);
  const { serverName, useRemoteAddress } = chain;
  return {
    request(headers, { sourceAddress, tls }) {
      dropInternal(headers);
      const scheme = tls === null ? "http" : "https";
      if (useRemoteAddress) {
        const before = headers.get("x-forwarded-for");
        headers.set(
          "x-forwarded-for",
          before === undefined ? sourceAddress : `${before},${sourceAddress}`,
        );
        headers.set("x-forwarded-proto", scheme);
      } else if (headers.get("x-forwarded-proto") === undefined) {
        headers.add("x-forwarded-proto", scheme);
      }
      if (headers.get("x-request-id") === undefined) headers.add("x-request-id", id());
    },
    response(headers, upstreamTime) {
      if (upstreamTime !== null) {
        headers.set("x-envoy-upstream-service-time", String(Math.max(0, Math.round(upstreamTime))));
      }
      if (headers.get("date") === undefined) headers.add("date", date.now());
      headers.set("server", serverName);
    },
  };
}

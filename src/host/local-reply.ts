// The headers and body of a local response, as Envoy makes them: text/plain and a length where there is a
// body, neither of both where there is none, and for gRPC requests a trailers-only response with the status in the
// headers. A HEAD request is told the length of a body that it isn't sent.
import { MAP, NO_GRPC_STATUS } from "../spec/status.ts";
import type { LocalReply } from "./effects.ts";
import { HeaderMap } from "./header-map.ts";
import { addTo } from "./joined.ts";

const NOTHING = new Uint8Array(0);

const UNKNOWN = 2;

const byHttp: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

/** gRPC status of an HTTP status, by gRPC's own mapping; unknown for the rest. */
export function grpcOfHttp(status: number): number {
  return byHttp[status] ?? UNKNOWN;
}

export function localReplyHeaders(
  reply: LocalReply,
  request: HeaderMap | null,
): { readonly map: HeaderMap; readonly body: Uint8Array } {
  const map = new HeaderMap();
  map.add(":status", String(reply.status));
  for (const [name, value] of reply.headers) {
    if (name.toLowerCase() !== ":status") addTo(map, MAP.httpResponseHeaders, name, value);
  }
  if (isGrpc(request)) {
    const given = reply.grpcStatus;
    const status = given === NO_GRPC_STATUS ? grpcOfHttp(reply.status) : given;
    map.set(":status", "200");
    map.set("content-type", "application/grpc");
    if (!map.get("grpc-status")) map.set("grpc-status", String(status));
    map.remove("content-length");
    if (reply.body.length > 0) map.set("grpc-message", percentEncoded(reply.body));
    return { map, body: NOTHING };
  }
  if (reply.body.length === 0) {
    map.remove("content-length");
    map.remove("content-type");
    return { map, body: NOTHING };
  }
  map.set("content-length", String(reply.body.length));
  if (map.get("content-type") === undefined) map.add("content-type", "text/plain");
  return { map, body: request?.get(":method") === "HEAD" ? NOTHING : reply.body };
}

function isGrpc(request: HeaderMap | null): boolean {
  const type = request?.get("content-type") ?? "";
  return type === "application/grpc" || type.startsWith("application/grpc+");
}

/** gRPC's escape for messages: printable ASCII but `%` as it is. */
function percentEncoded(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += plain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

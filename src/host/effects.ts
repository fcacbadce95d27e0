// What a guest asked the host to do. Host calls only append here; everything is performed after the guest has
// returned, in order, so that no callback ever runs inside another.
import type { ConnectionContext } from "./connection-context.ts";
import type { CallHandle } from "./dialer.ts";
import type { Pair } from "./header-map.ts";
import type { RootContext } from "./root-context.ts";
import type { StreamContext } from "./stream-context.ts";

export interface LocalReply {
  readonly status: number;
  readonly details: string;
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
  /** -1 for none. */
  readonly grpcStatus: number;
}

/** An HTTP call that a plugin made through the proxy. */
export interface HttpCall {
  readonly kind: "http";
  readonly token: number;
  readonly cluster: string;
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
  readonly trailers: readonly Pair[];
  /** Milliseconds. */
  readonly timeout: number;
}

export interface GrpcCall {
  readonly kind: "grpc-call" | "grpc-stream";
  readonly token: number;
  /** A cluster's name, also where the plugin gave a whole service description. */
  readonly service: string;
  readonly serviceName: string;
  readonly methodName: string;
  readonly metadata: readonly Pair[];
  /** The request of a call; what was sent so far on a stream. */
  readonly messages: Uint8Array[];
  /** Milliseconds; 0 for a stream. */
  readonly timeout: number;
  /** The plugin has said that it sends nothing more. */
  ended: boolean;
  /** The other side has ended it. */
  over?: true;
}

export interface DnsCall {
  readonly kind: "dns";
  readonly token: number;
  readonly name: string;
}

export type OutgoingCall = HttpCall | GrpcCall | DnsCall;

export type Effect =
  | {
      readonly kind: "continue";
      readonly stream: StreamContext;
      readonly half: "request" | "response";
    }
  | { readonly kind: "close"; readonly stream: StreamContext }
  | { readonly kind: "local"; readonly stream: StreamContext; readonly reply: LocalReply }
  | { readonly kind: "call"; readonly call: OutgoingCall }
  /** A message (null for none) on a gRPC stream that was dialled before; `end`: the last one. */
  | {
      readonly kind: "send";
      readonly token: number;
      readonly message: Uint8Array | null;
      readonly end: boolean;
    }
  | { readonly kind: "cancel"; readonly handle: CallHandle }
  | { readonly kind: "continue-connection"; readonly connection: ConnectionContext }
  | {
      readonly kind: "close-connection";
      readonly connection: ConnectionContext;
      readonly flow: "downstream" | "upstream";
    }
  | { readonly kind: "tick"; readonly root: RootContext; readonly period: number }
  | { readonly kind: "done"; readonly root: RootContext };

const pairBytes = (pairs: readonly Pair[]): number =>
  pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0);

/** What keeping one message costs beside its bytes. */
export const MESSAGE = 64;

/** Bytes that a call keeps while it is in flight. */
export function sizeOf(call: OutgoingCall): number {
  if (call.kind === "dns") return call.name.length;
  if (call.kind === "http") {
    return call.body.length + pairBytes(call.headers) + pairBytes(call.trailers);
  }
  return call.messages.reduce((sum, one) => sum + one.length + MESSAGE, pairBytes(call.metadata));
}

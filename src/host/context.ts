// What a host call acts on: the plugin's own (root) context, one request's, or the VM's. A context knows which
// header maps, buffers and properties are there right now; a map that is not there answers BAD_ARGUMENT.
import type { BodyBuffer } from "./body.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { HeaderMap } from "./header-map.ts";
import type { RootContext } from "./root-context.ts";
import type { StreamContext } from "./stream-context.ts";

/** A buffer that the guest may read; a BodyBuffer it may also change. */
export type GuestBuffer = BodyBuffer | Uint8Array;

export interface Context {
  /** 1 and up; 0 is the VM's own. */
  readonly id: number;
  /** The plugin's context: what dispatches and timers belong to. */
  readonly root: RootContext;
  /** Null outside a request. */
  readonly stream: StreamContext | null;
  /** Null outside a network connection. */
  readonly connection: ConnectionContext | null;
  /** The header map of that number, null where it is not available now; `change`: to be changed or measured. */
  map(type: number, change: boolean): HeaderMap | null;
  /** An access log is told: what a request never had is then not found, where a map is otherwise closed. */
  readonly logging: boolean;
  /** The buffer of that number, null where the reference host answers NOT_FOUND. */
  buffer(type: number): GuestBuffer | null;
  /** A property's bytes by its path (segments joined by NUL), null where there is none. */
  property(path: string): Uint8Array | null;
  setProperty(path: string, value: Uint8Array): number;
  /** Sets one of the proxy's own keys; `span` is a number of LIFE_SPAN. Answers a status. */
  setEnvoyState(key: string, value: string, span: number): number;
}

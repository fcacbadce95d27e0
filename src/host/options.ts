// What the caller of the host decides about a plugin, and the defaults for what it leaves open.
import type { Dialer } from "./dialer.ts";
import type { FailurePolicy, Semantics } from "./failure.ts";
import type { Guards } from "./guards.ts";
import type { ForeignFunction } from "./plugin-state.ts";
import {
  type AttributeSource,
  type Attributes,
  type PluginIdentity,
  sourceOf,
} from "./properties.ts";
import type { HostServices } from "./services.ts";
import type { Tracer } from "./tracer.ts";

export interface PluginOptions {
  readonly name: string;
  readonly rootId?: string;
  /** Without one, plugins share a namespace in stock semantics and have one each in ours. */
  readonly vmId?: string;
  readonly configuration?: string | Uint8Array;
  readonly vmConfiguration?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly failure?: FailurePolicy;
  readonly semantics?: Semantics;
  /** Milliseconds between two reloads, and up to half as many at random; default 0, in stock semantics 1000. */
  readonly reloadBackoff?: number;
  /** While reloads don't help, the wait doubles up to so many milliseconds; without it, it stays. */
  readonly reloadBackoffMax?: number;
  /** Names that the host lets through; none given or empty means all, as in stock hosts. */
  readonly capabilities?: Iterable<string>;
  /** Clusters that exist; without a list every name does. */
  readonly clusters?: Iterable<string>;
  /** sha256 of the bytes, lower-case hex; another digest is refused before anything is compiled. */
  readonly sha256?: string;
  /** Attributes that hold outside and inside of requests. */
  readonly attributes?: Attributes | AttributeSource;
  readonly foreign?: Readonly<Record<string, ForeignFunction>>;
  /** Lines below it are dropped; default 0 (trace). */
  readonly logLevel?: number;
  readonly allowHeadersStop?: boolean;
  readonly services?: HostServices;
  /** Performs calls; without one they wait to be answered through answer.ts. */
  readonly dialer?: Dialer;
  /** Told of every call and callback, from the first instance on. */
  readonly tracer?: Tracer;
  /** Rules on the arguments of host calls. */
  readonly guards?: Guards;
}

function bytes(value: string | Uint8Array | undefined): Uint8Array {
  return typeof value === "string" ? new TextEncoder().encode(value) : (value ?? new Uint8Array(0));
}

export function identityOf(options: PluginOptions): PluginIdentity {
  return {
    name: options.name,
    rootId: options.rootId ?? "",
    vmId: options.vmId ?? "",
    configuration: bytes(options.configuration),
    vmConfiguration: bytes(options.vmConfiguration),
    attributes: sourceOf(options.attributes),
  };
}

/** The namespace of shared data and queues. */
export function namespaceOf(options: PluginOptions, semantics: Semantics): string {
  // As guests write it: one character a byte.
  if (options.vmId !== undefined || semantics === "stock") {
    return Buffer.from(options.vmId ?? "", "utf8").toString("latin1");
  }
  return `plugin ${options.name}`;
}

// The foreign functions that every plugin finds, as Envoy has them: those that the spec table marks as offered,
// and no other. Each takes bytes and answers bytes or a status; none throws. As in Envoy they act on the context of
// the running callback, whatever the plugin has chosen as the effective one.
import { deflateSync, inflateSync } from "node:zlib";
import {
  declareArguments,
  filterStateArguments,
  filterStateFits,
  filterStateKeys,
} from "../../spec/foreign-functions.ts";
import { STATUS } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import type { Context } from "../context.ts";
import type { Declared } from "../filter-state.ts";
import type { ForeignFunction } from "../plugin-state.ts";
import { readMessage } from "./message.ts";
import { sign, verifySignature } from "./signatures.ts";

const NOTHING = new Uint8Array(0);

/** What a byte costs to compress: see Vm.charge. */
const PER_COMPRESSED = 8;
/** Bytes that one byte of zlib data can become. */
const MOST_PER_BYTE = 1032;

/** Bytes that data may have become before it failed. */
const mostOf = (argument: Uint8Array): number =>
  Math.min(caps.foreignResultBytes, argument.length * MOST_PER_BYTE);

/** What requests have declared, which nobody asks for but another declaration of the same request. */
const ofStreams = new WeakMap<Context, Map<string, Declared>>();

function declaredBy(context: Context): Map<string, Declared> {
  if (context === context.root) return context.root.declared;
  const known = ofStreams.get(context) ?? new Map<string, Declared>();
  ofStreams.set(context, known);
  return known;
}

/** What zlib makes of it: SERIALIZATION_FAILURE for what is no zlib data, INTERNAL_FAILURE for too much. */
function zlib(work: () => Uint8Array): Uint8Array | number {
  try {
    return work();
  } catch (error) {
    const code = (error as { readonly code?: string }).code;
    return code === "ERR_BUFFER_TOO_LARGE" ? STATUS.internalFailure : STATUS.serializationFailure;
  }
}

export const foreignTable: Readonly<Record<string, ForeignFunction>> = {
  verify_signature: (argument, vm) => verifySignature(argument, (work) => vm.charge(work)),
  sign: (argument, vm) => sign(argument, (work) => vm.charge(work)),
  compress(argument, vm) {
    vm.charge(argument.length * PER_COMPRESSED);
    return zlib(() => deflateSync(argument));
  },

  /** Bounded, where Envoy takes as much memory as the data asks for. */
  uncompress(argument, vm) {
    const result = zlib(() => inflateSync(argument, { maxOutputLength: caps.foreignResultBytes }));
    vm.charge(typeof result === "number" ? mostOf(argument) : result.length);
    return result;
  },

  set_envoy_filter_state(argument, vm) {
    const message = readMessage(filterStateArguments, argument);
    if (message === null) return STATUS.badArgument;
    if (!filterStateKeys.includes(message.path)) return STATUS.notFound;
    if (!filterStateFits(message.path, message.value)) return STATUS.badArgument;
    const status = vm.running.setEnvoyState(message.path, message.value, message.span);
    return status === STATUS.ok ? NOTHING : status;
  },

  clear_route_cache(_, vm) {
    vm.running.stream?.clearRouteCache();
    return NOTHING;
  },

  /**
   * Holds for what is written later by requests of this plugin; as in Envoy, a name is declared once, and what a
   * request declares holds for nothing.
   */
  declare_property(argument, vm) {
    const message = readMessage(declareArguments, argument);
    if (message === null) return STATUS.badArgument;
    const declared = declaredBy(vm.running);
    if (declared.has(message.name)) return STATUS.badArgument;
    if (declared.size >= caps.declaredProperties) return STATUS.internalFailure;
    declared.set(message.name, { readonly: message.readonly, span: message.span });
    return NOTHING;
  },
};

// gRPC calls and streams. As with HTTP calls they belong to the plugin's context and leave after the guest
// has returned; what a plugin sends on a stream before is appended to the record of that stream, what it sends
// later goes to whoever performs it.

import { envoyGrpcFields, grpcServiceFields } from "../../spec/grpc-service.ts";
import { CALL_KIND, STATUS } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import { type GrpcCall, MESSAGE } from "../effects.ts";
import { readMessage } from "../foreign/message.ts";
import { readPairs } from "../pairs.ts";
import type { Vm } from "../vm.ts";

/** The record of a token, or the status that says why there is none. */
function grpc(vm: Vm, token: number): GrpcCall | number {
  const kind = token & 3;
  if (kind !== CALL_KIND.grpcCall && kind !== CALL_KIND.grpcStream) return STATUS.badArgument;
  const call = vm.plugin.flights.calls.get(token);
  return call === undefined || call.kind === "http" || call.kind === "dns" ? STATUS.notFound : call;
}

/** The cluster of a name that is a serialised GrpcService; null for a plain name. */
function clusterIn(name: string): string | null {
  const service = readMessage(grpcServiceFields, Buffer.from(name, "latin1"));
  const grpc = service === null ? null : readMessage(envoyGrpcFields, service.envoy_grpc);
  return grpc === null || grpc.cluster_name === "" ? null : grpc.cluster_name;
}

function start(
  vm: Vm,
  kind: GrpcCall["kind"],
  name: string,
  serviceName: string,
  methodName: string,
  metadata: GrpcCall["metadata"],
  messages: Uint8Array[],
  timeout: number,
  tokenAt: number,
): number {
  const { plugin } = vm;
  if (name.length > caps.nameBytes) return STATUS.parseFailure;
  const service = clusterIn(name) ?? name;
  if (plugin.clusters !== null && !plugin.clusters.has(service)) return STATUS.parseFailure;
  if (plugin.dialer?.reach?.(service) === "unknown") return STATUS.parseFailure;
  const token = plugin.flights.token(
    kind === "grpc-call" ? CALL_KIND.grpcCall : CALL_KIND.grpcStream,
  );
  const ended = kind === "grpc-call";
  const call: GrpcCall = {
    kind,
    token,
    service,
    serviceName,
    methodName,
    metadata,
    messages,
    timeout,
    ended,
  };
  if (!plugin.dispatch(vm, call)) return STATUS.internalFailure;
  vm.memory.setU32(tokenAt, token);
  return STATUS.ok;
}

function metadataOf(vm: Vm, address: number, size: number): GrpcCall["metadata"] {
  vm.charge(2 * (size >>> 0));
  return readPairs(vm.memory, address, size);
}

function giveUp(vm: Vm, call: GrpcCall): void {
  const handle = vm.plugin.flights.handle(call.token);
  vm.plugin.flights.take(call.token);
  if (handle !== undefined) vm.ask({ kind: "cancel", handle });
}

export const grpcCalls = {
  proxy_grpc_call(
    vm: Vm,
    service: number,
    serviceSize: number,
    name: number,
    nameSize: number,
    method: number,
    methodSize: number,
    metadata: number,
    metadataSize: number,
    message: number,
    messageSize: number,
    timeout: number,
    token: number,
  ): number {
    const m = vm.memory;
    if (
      !m.has(service, serviceSize) ||
      !m.has(name, nameSize) ||
      !m.has(method, methodSize) ||
      !m.has(metadata, metadataSize) ||
      !m.has(message, messageSize) ||
      !m.has(token, 4)
    ) {
      return STATUS.invalidMemoryAccess;
    }
    if (messageSize >>> 0 > caps.dispatchBytes) return STATUS.internalFailure;
    return start(
      vm,
      "grpc-call",
      m.latin1(service, serviceSize),
      m.latin1(name, nameSize),
      m.latin1(method, methodSize),
      metadataOf(vm, metadata, metadataSize),
      [m.copy(message, messageSize)],
      timeout >>> 0,
      token,
    );
  },

  proxy_grpc_stream(
    vm: Vm,
    service: number,
    serviceSize: number,
    name: number,
    nameSize: number,
    method: number,
    methodSize: number,
    metadata: number,
    metadataSize: number,
    token: number,
  ): number {
    const m = vm.memory;
    if (
      !m.has(service, serviceSize) ||
      !m.has(name, nameSize) ||
      !m.has(method, methodSize) ||
      !m.has(metadata, metadataSize) ||
      !m.has(token, 4)
    ) {
      return STATUS.invalidMemoryAccess;
    }
    return start(
      vm,
      "grpc-stream",
      m.latin1(service, serviceSize),
      m.latin1(name, nameSize),
      m.latin1(method, methodSize),
      metadataOf(vm, metadata, metadataSize),
      [],
      0,
      token,
    );
  },

  proxy_grpc_send(vm: Vm, token: number, message: number, size: number, end: number): number {
    if (!vm.memory.has(message, size)) return STATUS.invalidMemoryAccess;
    if ((token & 3) !== CALL_KIND.grpcStream) return STATUS.badArgument;
    const call = grpc(vm, token >>> 0);
    if (typeof call === "number") return call;
    // The reference proxy would write to a stream that it has closed.
    if (call.ended) return STATUS.badArgument;
    const { flights } = vm.plugin;
    const added = MESSAGE + (size >>> 0);
    if (!flights.grow(added)) return STATUS.internalFailure;
    const bytes = vm.memory.copy(message, size);
    if (flights.handle(call.token) === undefined) call.messages.push(bytes);
    else if (!vm.ask({ kind: "send", token: call.token, message: bytes, end: end !== 0 })) {
      flights.shrink(added);
      return STATUS.internalFailure;
    }
    call.ended = end !== 0;
    return STATUS.ok;
  },

  proxy_grpc_cancel(vm: Vm, token: number): number {
    const call = grpc(vm, token >>> 0);
    if (typeof call === "number") return call;
    giveUp(vm, call);
    return STATUS.ok;
  },

  /** A call is cancelled by it, a stream only closed from this side. */
  proxy_grpc_close(vm: Vm, token: number): number {
    const call = grpc(vm, token >>> 0);
    if (typeof call === "number") return call;
    if (call.kind === "grpc-call" || call.over) giveUp(vm, call);
    else if (!call.ended) {
      call.ended = true;
      if (vm.plugin.flights.handle(call.token) !== undefined) {
        vm.ask({ kind: "send", token: call.token, message: null, end: true });
      }
    }
    return STATUS.ok;
  },

  proxy_get_status(vm: Vm, code: number, address: number, size: number): number {
    const { status } = vm.active.root;
    if (!vm.memory.has(code, 4)) return STATUS.invalidMemoryAccess;
    vm.memory.setU32(code, status.code);
    return vm.giveText(status.message, address, size);
  },
};

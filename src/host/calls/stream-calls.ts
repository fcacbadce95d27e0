// What a plugin does to a request as a whole: let it go on, cut it off, answer it, route it again.
import { GRPC_STATUS_MAX, NO_GRPC_STATUS, STATUS, STREAM } from "../../spec/status.ts";
import { readPairs } from "../pairs.ts";
import type { Vm } from "../vm.ts";

function resume(vm: Vm, half: "request" | "response"): number {
  const stream = vm.active.stream;
  if (stream !== null) {
    vm.ask({ kind: "continue", stream, half });
    // Whatever is continued, the reference proxy closes what it has of the request.
    stream.request.continued = true;
  }
  return STATUS.ok;
}

export const streamCalls = {
  /** What was written towards the upstream can't be continued, as in the reference proxy. */
  proxy_continue_stream(vm: Vm, type: number): number {
    switch (type >>> 0) {
      case STREAM.httpRequest:
        return resume(vm, "request");
      case STREAM.httpResponse:
        return resume(vm, "response");
      case STREAM.downstream: {
        const { connection } = vm.active;
        if (connection !== null) vm.ask({ kind: "continue-connection", connection });
        return STATUS.ok;
      }
      case STREAM.upstream:
        return STATUS.unimplemented;
      default:
        return STATUS.badArgument;
    }
  },

  proxy_continue_request(vm: Vm): number {
    return resume(vm, "request");
  },

  proxy_continue_response(vm: Vm): number {
    return resume(vm, "response");
  },

  proxy_close_stream(vm: Vm, type: number): number {
    if (type >>> 0 > STREAM.upstream) return STATUS.badArgument;
    const { stream, connection } = vm.active;
    if (type <= STREAM.httpResponse) {
      if (stream !== null) vm.ask({ kind: "close", stream });
    } else if (connection !== null) {
      const flow = type === STREAM.downstream ? "downstream" : "upstream";
      vm.ask({ kind: "close-connection", connection, flow });
    }
    return STATUS.ok;
  },

  proxy_send_local_response(
    vm: Vm,
    status: number,
    details: number,
    detailsSize: number,
    body: number,
    bodySize: number,
    headers: number,
    headersSize: number,
    grpcStatus: number,
  ): number {
    const memory = vm.memory;
    if (
      !memory.has(details, detailsSize) ||
      !memory.has(body, bodySize) ||
      !memory.has(headers, headersSize)
    ) {
      return STATUS.invalidMemoryAccess;
    }
    const stream = vm.active.stream;
    // Only the first answer counts, so only that one is kept.
    if (stream === null || stream.replyAsked) return STATUS.ok;
    stream.replyAsked = true;
    vm.ask({
      kind: "local",
      stream,
      reply: {
        // Outside of these no proxy can send it on, and the reference host fails later; what the plugin means is no.
        status: status < 200 || status > 599 ? 500 : status,
        details: memory
          .utf8(details, Math.min(detailsSize >>> 0, 1024))
          .replace(/[ \t\n\v\f\r]/g, "_"),
        headers: readPairs(memory, headers, headersSize),
        body: memory.copy(body, bodySize),
        grpcStatus: grpcStatus >>> 0 > GRPC_STATUS_MAX ? NO_GRPC_STATUS : grpcStatus,
      },
    });
    return STATUS.ok;
  },

  proxy_clear_route_cache(vm: Vm): number {
    vm.active.stream?.clearRouteCache();
    return STATUS.ok;
  },
};

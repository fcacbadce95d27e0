// HTTP calls to clusters. They belong to the plugin's context; the call leaves after the guest has returned.
import { CALL_KIND, STATUS } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import { isHeaderText, type Pair } from "../header-map.ts";
import { requestPairs } from "../joined.ts";
import { readPairs } from "../pairs.ts";
import type { Vm } from "../vm.ts";

const required = [":path", ":method", ":authority"];

function complete(headers: readonly Pair[]): boolean {
  const names = new Set(headers.map(([name]) => name));
  return (
    required.every((name) => names.has(name)) &&
    headers.every(([name, value]) => isHeaderText(name) && isHeaderText(value))
  );
}

export const httpCall = {
  proxy_http_call(
    vm: Vm,
    name: number,
    nameSize: number,
    headerPairs: number,
    headerSize: number,
    body: number,
    bodySize: number,
    trailerPairs: number,
    trailerSize: number,
    timeout: number,
    token: number,
  ): number {
    const memory = vm.memory;
    if (
      !memory.has(name, nameSize) ||
      !memory.has(body, bodySize) ||
      !memory.has(headerPairs, headerSize) ||
      !memory.has(trailerPairs, trailerSize) ||
      !memory.has(token, 4)
    ) {
      return STATUS.invalidMemoryAccess;
    }
    vm.charge(2 * ((headerSize >>> 0) + (trailerSize >>> 0)));
    const headers = requestPairs(readPairs(memory, headerPairs, headerSize));
    const trailers = readPairs(memory, trailerPairs, trailerSize);
    const cluster = memory.latin1(name, nameSize);
    const { plugin } = vm;
    memory.setU32(token, 0);
    if (timeout < 0 || nameSize >>> 0 > caps.nameBytes) return STATUS.badArgument;
    if (plugin.clusters !== null && !plugin.clusters.has(cluster)) return STATUS.badArgument;
    const reach = plugin.dialer?.reach?.(cluster) ?? "ready";
    if (reach === "unknown" || !complete(headers)) return STATUS.badArgument;
    if (reach === "empty") return STATUS.internalFailure;
    if (bodySize >>> 0 > caps.dispatchBytes) return STATUS.internalFailure;
    const id = plugin.flights.token(CALL_KIND.http);
    const call = {
      kind: "http",
      token: id,
      cluster,
      headers,
      body: memory.copy(body, bodySize),
      trailers,
      timeout,
    } as const;
    if (!plugin.dispatch(vm, call)) return STATUS.internalFailure;
    memory.setU32(token, id);
    return STATUS.ok;
  },
};

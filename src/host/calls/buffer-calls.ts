// Bodies, configuration and the answers of calls, as buffers. A write takes bytes away at the start and puts others
// there, or adds at the end; anything in the middle is BAD_ARGUMENT, as in the reference proxy.
import { BUFFER, STATUS } from "../../spec/status.ts";
import { BodyBuffer } from "../body.ts";
import { caps } from "../caps.ts";
import type { Vm } from "../vm.ts";

const LAST_BUFFER = BUFFER.foreignFunctionArguments;

export const bufferCalls = {
  proxy_get_buffer_bytes(
    vm: Vm,
    type: number,
    start: number,
    length: number,
    address: number,
    size: number,
  ): number {
    if (type >>> 0 > LAST_BUFFER) return STATUS.badArgument;
    const buffer = vm.active.buffer(type);
    if (buffer === null) return STATUS.notFound;
    const from = start >>> 0;
    // The reference host adds them up in 64 bits: nothing overflows, whatever its own comment says.
    const to = from + (length >>> 0);
    const view = buffer instanceof BodyBuffer ? buffer.view() : buffer;
    return vm.give(
      from > view.length ? view.subarray(0, 0) : view.subarray(from, to),
      address,
      size,
    );
  },

  proxy_get_buffer_status(vm: Vm, type: number, size: number, flags: number): number {
    if (type >>> 0 > LAST_BUFFER) return STATUS.badArgument;
    const buffer = vm.active.buffer(type);
    if (buffer === null) return STATUS.notFound;
    if (!vm.memory.has(size, 4) || !vm.memory.has(flags, 4)) return STATUS.invalidMemoryAccess;
    vm.memory.setU32(size, buffer.length);
    vm.memory.setU32(flags, 0);
    return STATUS.ok;
  },

  proxy_set_buffer_bytes(
    vm: Vm,
    type: number,
    start: number,
    length: number,
    data: number,
    size: number,
  ): number {
    if (type >>> 0 > LAST_BUFFER) return STATUS.badArgument;
    const buffer = vm.active.buffer(type);
    if (buffer === null) return STATUS.notFound;
    if (!vm.memory.has(data, size)) return STATUS.invalidMemoryAccess;
    if (!(buffer instanceof BodyBuffer)) return STATUS.badArgument;
    const from = start >>> 0;
    const count = length >>> 0;
    if (buffer.length + (size >>> 0) > caps.bodyBytes) return STATUS.badArgument;
    vm.charge(size >>> 2);
    const bytes = vm.memory.slice(data, size);
    if (from === 0) {
      if (count >= buffer.length) buffer.replace(bytes);
      else {
        buffer.drop(count);
        buffer.prepend(bytes);
      }
    } else if (from >= buffer.length) buffer.append(bytes);
    else return STATUS.badArgument;
    return STATUS.ok;
  },

  /** ABI 0.1.0: the configuration that is being read now, the VM's before that. */
  proxy_get_configuration(vm: Vm, address: number, size: number): number {
    const root = vm.active.root;
    const { configuration, vmConfiguration } = root.identity;
    return vm.give(root.configuring ? configuration : vmConfiguration, address, size);
  },
};

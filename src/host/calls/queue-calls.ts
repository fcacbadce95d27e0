// Shared queues: registered by name in the plugin's namespace, found by name in any.
import { STATUS } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import type { Vm } from "../vm.ts";

/** Finding a queue by its name means looking at all of them. */
const LOOK_UP = 20_000;

export const queueCalls = {
  proxy_register_shared_queue(vm: Vm, name: number, size: number, out: number): number {
    const { memory, plugin } = vm;
    if (!memory.has(name, size) || !memory.has(out, 4)) return STATUS.invalidMemoryAccess;
    if (size >>> 0 > caps.metricNameBytes) return STATUS.badArgument;
    vm.charge(LOOK_UP);
    const context = vm.active.root.id;
    const text = memory.latin1(name, size);
    const id = plugin.services.queues.register(plugin.namespace, text, plugin, context);
    if (id === 0) return STATUS.internalFailure;
    memory.setU32(out, id);
    return STATUS.ok;
  },

  proxy_resolve_shared_queue(
    vm: Vm,
    vmId: number,
    vmIdSize: number,
    name: number,
    size: number,
    out: number,
  ): number {
    const { memory, plugin } = vm;
    if (!memory.has(vmId, vmIdSize) || !memory.has(name, size)) return STATUS.invalidMemoryAccess;
    vm.charge(LOOK_UP);
    const namespace = vmIdSize === 0 ? plugin.namespace : memory.latin1(vmId, vmIdSize);
    const id = plugin.services.queues.resolve(namespace, memory.latin1(name, size));
    if (id === 0) return STATUS.notFound;
    if (!memory.has(out, 4)) return STATUS.invalidMemoryAccess;
    memory.setU32(out, id);
    return STATUS.ok;
  },

  proxy_enqueue_shared_queue(vm: Vm, id: number, data: number, size: number): number {
    if (!vm.memory.has(data, size)) return STATUS.invalidMemoryAccess;
    vm.charge(size >>> 2);
    const { services, namespace } = vm.plugin;
    return services.queues.enqueue(namespace, id >>> 0, vm.memory.copy(data, size));
  },

  /** The item is gone only once the guest has it. (The reference host loses it on a bad address.) */
  proxy_dequeue_shared_queue(vm: Vm, id: number, address: number, size: number): number {
    if (!vm.memory.has(address, 4) || !vm.memory.has(size, 4)) return STATUS.invalidMemoryAccess;
    const { queues } = vm.plugin.services;
    const taken = queues.dequeue(id >>> 0);
    const { status, item } = taken;
    if (item === null) return status;
    vm.charge(item.length >>> 2);
    const given = vm.give(item, address, size);
    if (given !== STATUS.ok) queues.restore(id >>> 0, taken);
    return given;
  },
};

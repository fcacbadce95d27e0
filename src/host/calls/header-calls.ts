// Header and trailer maps: BAD_ARGUMENT for a map that is not open now, or for text that may not stand in a
// header. (The reference host checks no text; a guest could then write header lines of its own.)
import { MAP, STATUS } from "../../spec/status.ts";
import { HeaderMap } from "../header-map.ts";
import { addTo, nameIn } from "../joined.ts";
import { pairsSize, readPairs, writePairs } from "../pairs.ts";
import type { Vm } from "../vm.ts";

const LAST_MAP = MAP.httpCallResponseTrailers;

/** What a map's owner answers when a pair could not be put into it. */
const REFUSED = STATUS.badArgument;

/** Looking through a map costs the host more the more headers there are. */
const PER_HEADER = 16;
/** Making text of a serialised map, a byte. */
const PER_BYTE = 2;

function open(vm: Vm, type: number, change: boolean): HeaderMap | null {
  if (type >>> 0 > LAST_MAP) return null;
  const map = vm.active.map(type, change);
  if (map !== null) vm.charge(map.size * PER_HEADER);
  return map;
}

function nameAt(vm: Vm, type: number, key: number, size: number): string {
  return nameIn(type, vm.memory.latin1(key, size));
}

/** The reference proxy chooses the route again after each change of a request's headers. */
function changed(vm: Vm, type: number): number {
  if (type === MAP.httpRequestHeaders) vm.active.stream?.clearRouteCache();
  return STATUS.ok;
}

/** Adds a header, or sets it in the place of all of its name. */
function write(
  vm: Vm,
  how: "add" | "set",
  type: number,
  key: number,
  keySize: number,
  value: number,
  size: number,
): number {
  if (type >>> 0 > LAST_MAP) return STATUS.badArgument;
  const memory = vm.memory;
  if (!memory.has(key, keySize) || !memory.has(value, size)) return STATUS.invalidMemoryAccess;
  const map = open(vm, type, true);
  if (map === null) return STATUS.badArgument;
  const name = nameAt(vm, type, key, keySize);
  const text = memory.latin1(value, size);
  const done = how === "add" ? addTo(map, type, name, text) : map.set(name, text);
  return done ? changed(vm, type) : REFUSED;
}

export const headerCalls = {
  /** Bytes of all names and values, as the reference proxy counts them, and as there of maps that may be changed. */
  proxy_get_header_map_size(vm: Vm, type: number, out: number): number {
    const map = open(vm, type, true);
    if (map === null) return STATUS.badArgument;
    if (!vm.memory.has(out, 4)) return STATUS.invalidMemoryAccess;
    vm.memory.setU32(out, map.bytes);
    return STATUS.ok;
  },

  /** A map that is not open has no pairs. */
  proxy_get_header_map_pairs(vm: Vm, type: number, address: number, size: number): number {
    if (type >>> 0 > LAST_MAP) return STATUS.badArgument;
    const map = open(vm, type, false);
    const memory = vm.memory;
    if (!memory.has(address, 4) || !memory.has(size, 4)) return STATUS.invalidMemoryAccess;
    const length = map === null || map.size === 0 ? 0 : pairsSize(map);
    let at = 0;
    if (map !== null && length > 0) {
      vm.charge(map.size * PER_HEADER + length);
      at = vm.allocate(length);
      if (at === 0) return STATUS.invalidMemoryAccess;
      writePairs(memory, at, map);
    }
    memory.setU32(address, at);
    memory.setU32(size, length);
    return STATUS.ok;
  },

  proxy_set_header_map_pairs(vm: Vm, type: number, ptr: number, size: number): number {
    if (type >>> 0 > LAST_MAP) return STATUS.badArgument;
    if (!vm.memory.has(ptr, size)) return STATUS.invalidMemoryAccess;
    vm.charge((size >>> 0) * PER_BYTE);
    const pairs = readPairs(vm.memory, ptr, size);
    const map = open(vm, type, true);
    if (map === null) return STATUS.badArgument;
    const wanted = new HeaderMap();
    for (const [name, value] of pairs) {
      if (!addTo(wanted, type, nameIn(type, name), value)) return REFUSED;
    }
    map.assign(wanted);
    return changed(vm, type);
  },

  proxy_get_header_map_value(
    vm: Vm,
    type: number,
    key: number,
    keySize: number,
    address: number,
    size: number,
  ): number {
    if (type >>> 0 > LAST_MAP) return STATUS.badArgument;
    if (!vm.memory.has(key, keySize)) return STATUS.invalidMemoryAccess;
    const map = open(vm, type, false);
    if (map === null && !vm.active.logging) return STATUS.badArgument;
    const value = map?.get(nameAt(vm, type, key, keySize).toLowerCase());
    // ABI 0.1.0 knew no "not found" here.
    if (value === undefined && vm.abi !== "0.1.0") return STATUS.notFound;
    return vm.giveText(value ?? "", address, size);
  },

  proxy_add_header_map_value(
    vm: Vm,
    type: number,
    key: number,
    keySize: number,
    value: number,
    size: number,
  ): number {
    return write(vm, "add", type, key, keySize, value, size);
  },

  proxy_replace_header_map_value(
    vm: Vm,
    type: number,
    key: number,
    keySize: number,
    value: number,
    size: number,
  ): number {
    return write(vm, "set", type, key, keySize, value, size);
  },

  proxy_remove_header_map_value(vm: Vm, type: number, key: number, keySize: number): number {
    if (type >>> 0 > LAST_MAP) return STATUS.badArgument;
    if (!vm.memory.has(key, keySize)) return STATUS.invalidMemoryAccess;
    const map = open(vm, type, true);
    if (map === null) return STATUS.badArgument;
    map.remove(nameAt(vm, type, key, keySize));
    return changed(vm, type);
  },
};

// Header and trailer maps: BAD_ARGUMENT for a map that is not open now, or for text that may not stand in a
// header. (The reference host checks no text; a guest could then write header lines of its own.)
import { MAP, STATUS } from "../../spec/status.ts";
import { HeaderMap } from "../header-map.ts";
import { pairsSize, readPairs, writePairs } from "../pairs.ts";
import type { Vm } from "../vm.ts";

const LAST_MAP = MAP.httpCallResponseTrailers;

/** What a map's owner answers when a pair could not be put into it. */
const REFUSED = STATUS.badArgument;

/** Looking through a map costs the host more the more headers there are. */
const PER_HEADER = 16;
/** Making text of a serialised map, a byte. */
const PER_BYTE = 2;

function open(vm: Vm, type: number): HeaderMap | null {
  if (type >>> 0 > LAST_MAP) return null;
  const map = vm.active.map(type);
  if (map !== null) vm.charge(map.size * PER_HEADER);
  return map;
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
  const map = open(vm, type);
  if (map === null) return STATUS.badArgument;
  const done = map[how](memory.latin1(key, keySize), memory.latin1(value, size));
  return done ? STATUS.ok : REFUSED;
}

export const headerCalls = {
  /** Bytes of all names and values, as the reference proxy counts them. */
  proxy_get_header_map_size(vm: Vm, type: number, out: number): number {
    const map = open(vm, type);
    if (map === null) return STATUS.badArgument;
    if (!vm.memory.has(out, 4)) return STATUS.invalidMemoryAccess;
    vm.memory.setU32(out, map.bytes);
    return STATUS.ok;
  },

  proxy_get_header_map_pairs(vm: Vm, type: number, address: number, size: number): number {
    const map = open(vm, type);
    if (map === null) return STATUS.badArgument;
    const memory = vm.memory;
    if (!memory.has(address, 4) || !memory.has(size, 4)) return STATUS.invalidMemoryAccess;
    const length = map.size === 0 ? 0 : pairsSize(map);
    let at = 0;
    if (length > 0) {
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
    const map = open(vm, type);
    if (map === null) return STATUS.badArgument;
    const wanted = new HeaderMap();
    for (const [name, value] of pairs) if (!wanted.add(name, value)) return REFUSED;
    map.assign(wanted);
    return STATUS.ok;
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
    const map = open(vm, type);
    if (map === null) return STATUS.badArgument;
    const value = map.get(vm.memory.latin1(key, keySize).toLowerCase());
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
    const map = open(vm, type);
    if (map === null) return STATUS.badArgument;
    map.remove(vm.memory.latin1(key, keySize));
    return STATUS.ok;
  },
};

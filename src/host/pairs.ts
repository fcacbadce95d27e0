// The wire format of header maps between host and guest: a count, then all lengths, then every name and
// value with a NUL behind it, all numbers 32-bit little-endian.
//
//   count | namelen valuelen | namelen valuelen | … | name 00 value 00 | name 00 value 00 | …
//
// Reading is as strict as the reference host's: anything that does not fit exactly counts as no pairs at all.
import { caps } from "./caps.ts";
import type { HeaderMap, Pair } from "./header-map.ts";
import type { GuestMemory } from "./memory.ts";

/** Reads pairs; the caller has asked `memory.has(ptr, size)`. */
export function readPairs(memory: GuestMemory, ptr: number, size: number): Pair[] {
  const length = size >>> 0;
  if (length < 4 || length > caps.pairsBytes) return [];
  const base = ptr >>> 0;
  const end = base + length;
  const count = memory.u32(base);
  let at = base + 4 + count * 8;
  if (count > caps.pairsCount || at > end) return [];
  const pairs: Pair[] = [];
  for (let i = 0; i < count; i++) {
    const nameLength = memory.u32(base + 4 + i * 8);
    const valueLength = memory.u32(base + 8 + i * 8);
    const value = at + nameLength + 1;
    const next = value + valueLength + 1;
    if (next > end || memory.bytes[value - 1] !== 0 || memory.bytes[next - 1] !== 0) return [];
    pairs.push([memory.latin1(at, nameLength), memory.latin1(value, valueLength)]);
    at = next;
  }
  return at === end ? pairs : [];
}

/** Bytes that `writePairs` needs. */
export function pairsSize(map: HeaderMap): number {
  return 4 + map.size * 10 + map.bytes;
}

/** Writes a map; the caller has allocated `pairsSize(map)` bytes at `ptr`. */
export function writePairs(memory: GuestMemory, ptr: number, map: HeaderMap): void {
  const base = ptr >>> 0;
  const count = map.size;
  memory.setU32(base, count);
  let at = base + 4 + count * 8;
  for (let i = 0; i < count; i++) {
    const name = map.nameAt(i);
    const value = map.valueAt(i);
    memory.setU32(base + 4 + i * 8, name.length);
    memory.setU32(base + 8 + i * 8, value.length);
    memory.writeLatin1(at, name);
    at += name.length;
    memory.bytes[at++] = 0;
    memory.writeLatin1(at, value);
    at += value.length;
    memory.bytes[at++] = 0;
  }
}

/** A map as bytes, for properties. */
export function pairsBytes(pairs: readonly Pair[]): Uint8Array {
  const total = pairs.reduce((sum, [name, value]) => sum + 10 + name.length + value.length, 4);
  const bytes = Buffer.alloc(total);
  bytes.writeUInt32LE(pairs.length, 0);
  let at = 4 + pairs.length * 8;
  for (const [i, [name, value]] of pairs.entries()) {
    bytes.writeUInt32LE(name.length, 4 + i * 8);
    bytes.writeUInt32LE(value.length, 8 + i * 8);
    at += bytes.write(name, at, "latin1") + 1;
    at += bytes.write(value, at, "latin1") + 1;
  }
  return bytes;
}

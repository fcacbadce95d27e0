// Whether a cluster's name is also a protobuf message: Envoy tries a gRPC call's target as a serialised GrpcService
// first (rule A17). Any well-formed message counts, whatever its fields: Envoy takes unknown ones too.

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const GROUP = 3;
const GROUP_END = 4;
const FIXED32 = 5;

/** Groups inside of groups; Envoy's parser gives up there too. */
const MAX_DEPTH = 100;

/** Whether protobuf's parser takes all of these bytes for a message. Empty bytes are one. */
export function readsAsMessage(bytes: Uint8Array): boolean {
  const open: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = varint(bytes, at);
    if (tag === null) return false;
    // The parser keeps 32 bits of a tag.
    const [field, type] = [Number((tag.value & 0xffffffffn) >> 3n), Number(tag.value & 7n)];
    if (field === 0) return false;
    at = tag.next;
    if (type === GROUP) {
      open.push(field);
      if (open.length > MAX_DEPTH) return false;
    } else if (type === GROUP_END) {
      if (open.pop() !== field) return false;
    } else {
      const next = skip(bytes, at, type);
      if (next === null) return false;
      at = next;
    }
  }
  return open.length === 0;
}

/** The end of a value of that wire type; null where it has none inside of the bytes. */
function skip(bytes: Uint8Array, at: number, type: number): number | null {
  let end: number;
  if (type === VARINT) return varint(bytes, at)?.next ?? null;
  if (type === FIXED64) end = at + 8;
  else if (type === FIXED32) end = at + 4;
  else if (type === BYTES) {
    const size = varint(bytes, at);
    if (size === null || size.value > BigInt(bytes.length)) return null;
    end = size.next + Number(size.value);
  } else return null;
  return end <= bytes.length ? end : null;
}

/** A number of up to ten bytes. */
function varint(bytes: Uint8Array, at: number): { value: bigint; next: number } | null {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return null;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return null;
}

// Flat protobuf messages to and from plain values, by a field table of src/spec: enough for the arguments and
// results of foreign functions. Reading follows proto3: unknown fields and known ones of another wire type are
// skipped, the last of a repeated one counts, text must be UTF-8; null for bytes that are no message.
import type { MessageField } from "../../spec/foreign-functions.ts";

interface Values {
  readonly string: string;
  readonly bytes: Uint8Array;
  readonly bool: boolean;
  readonly enum: number;
}

export type MessageOf<Fields extends readonly MessageField[]> = {
  [Field in Fields[number] as Field["name"]]: Values[Field["type"]];
};

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const NOTHING = new Uint8Array(0);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  /** The low 53 bits; null where it ends too soon or is longer than ten bytes. */
  varint(): number | null {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) return null;
      if (i < 7) value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return value;
    }
    return null;
  }

  take(length: number): Uint8Array | null {
    if (length > this.#bytes.length - this.at) return null;
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** What stands there, by its wire type; null for what is no field. */
  value(wire: number): number | Uint8Array | null {
    if (wire === VARINT) return this.varint();
    if (wire === FIXED64) return this.take(8);
    if (wire === FIXED32) return this.take(4);
    if (wire !== BYTES) return null;
    const length = this.varint();
    return length === null ? null : this.take(length);
  }
}

const empty: Values = { string: "", bytes: NOTHING, bool: false, enum: 0 };

function convert(type: MessageField["type"], value: number | Uint8Array): unknown {
  if (typeof value === "number") return type === "bool" ? value !== 0 : value;
  if (type === "bytes") return value;
  try {
    return utf8.decode(value);
  } catch {
    return null;
  }
}

export function readMessage<const Fields extends readonly MessageField[]>(
  fields: Fields,
  bytes: Uint8Array,
): MessageOf<Fields> | null {
  const message: Record<string, unknown> = {};
  for (const field of fields) message[field.name] = empty[field.type];
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === null || tag < 8 || tag > 0xffffffff) return null;
    const value = reader.value(tag % 8);
    if (value === null) return null;
    const field = fields.find((one) => one.number === Math.floor(tag / 8));
    const wire = field?.type === "bool" || field?.type === "enum" ? VARINT : BYTES;
    if (field === undefined || tag % 8 !== wire) continue;
    const converted = convert(field.type, value);
    if (converted === null) return null;
    message[field.name] = converted;
  }
  return message as MessageOf<Fields>;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** A message as bytes; values that are the default are left out, as proto3 does. */
export function writeMessage<const Fields extends readonly MessageField[]>(
  fields: Fields,
  message: MessageOf<Fields>,
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, name, type } of fields) {
    const value = message[name as keyof MessageOf<Fields>] as unknown;
    if (type === "bool" || type === "enum") {
      const plain = Number(value);
      if (plain !== 0)
        parts.push(Uint8Array.from([...varint(number * 8 + VARINT), ...varint(plain)]));
      continue;
    }
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : (value as Uint8Array);
    if (bytes.length === 0) continue;
    parts.push(Uint8Array.from([...varint(number * 8 + BYTES), ...varint(bytes.length)]), bytes);
  }
  return Buffer.concat(parts);
}

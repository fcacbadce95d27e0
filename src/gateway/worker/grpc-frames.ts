// gRPC's message framing: one byte that says whether the message is compressed, four of length, the message.
// Compressed messages are not read: nobody asked for them.

const HEAD = 5;

/** One message with its head. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(HEAD + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, HEAD);
  return framed;
}

export class GrpcReader {
  readonly #limit: number;
  #rest: Buffer = Buffer.alloc(0);

  /** `limit`: bytes of one message. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The messages that are complete now; null where it is no gRPC. */
  read(bytes: Uint8Array): Uint8Array[] | null {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    const messages: Uint8Array[] = [];
    while (this.#rest.length >= HEAD) {
      const size = this.#rest.readUInt32BE(1);
      if (this.#rest[0] !== 0 || size > this.#limit) return null;
      if (this.#rest.length < HEAD + size) break;
      messages.push(this.#rest.subarray(HEAD, HEAD + size));
      this.#rest = this.#rest.subarray(HEAD + size);
    }
    return messages;
  }
}

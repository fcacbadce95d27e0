// Gzip as layers use it. Packing gives the same bytes on every platform; unpacking reads every byte of the input, checks
// the checksum and stops at a limit before memory does.
import { crc32, gzipSync, type InputType, inflateRaw, type ZlibOptions } from "node:zlib";
import { fail } from "../errors/failure.ts";

const HEADER = 10;
const TRAILER = 8;
/** Lazily pulled image formats pack each file as a member of its own. */
const MEMBERS = 4_000;
const flag = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/** One member without a time or a name. */
export function gzip(bytes: Uint8Array): Uint8Array {
  const packed = gzipSync(bytes, { level: 6 });
  // Zlib writes the operating system here; 255 is "unknown".
  packed[9] = 255;
  return packed;
}

/** The offset behind a member's header; null where it is none. */
function headerEnd(bytes: Uint8Array, start: number): number | null {
  const [a, b, method, flags] = bytes.subarray(start, start + 4);
  if (a !== 0x1f || b !== 0x8b || method !== 8 || flags! & flag.reserved) return null;
  let at = start + HEADER;
  if (flags! & flag.extra) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const text of [flag.name, flag.comment]) {
    if (!(flags! & text)) continue;
    const zero = bytes.indexOf(0, at);
    if (zero < 0) return null;
    at = zero + 1;
  }
  if (flags! & flag.headerCrc) at += 2;
  return at < bytes.length ? at : null;
}

/** What the last member says of its length, as the size of one piece: honest archives then need no second copy. */
function pieceSize(bytes: Uint8Array, limit: number): number {
  const said = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4);
  return Math.min(Math.max(said.getUint32(0, true) + 1, 65_536), limit + 1);
}

/** As Node answers where `info` is asked for. */
interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}
type Inflate = (
  bytes: InputType,
  options: ZlibOptions,
  done: (error: Error | null, answer: unknown) => void,
) => void;

/** In a thread of Node's own; meanwhile this one writes the cache and asks for signatures. */
function inflated(
  bytes: Uint8Array,
  limit: number,
): Promise<{ bytes: Uint8Array; read: number } | string> {
  const options = {
    // Without it one can't tell where the stream ended and what follows it.
    info: true,
    maxOutputLength: Math.max(1, limit),
    chunkSize: Math.max(64, pieceSize(bytes, limit)),
  };
  return new Promise((resolve) => {
    (inflateRaw as Inflate)(bytes, options, (error, answer) => {
      if (error === null) {
        const { buffer, engine } = answer as Inflated;
        return resolve({ bytes: buffer, read: engine.bytesWritten });
      }
      const { code, message } = error as NodeJS.ErrnoException;
      resolve(code === "ERR_BUFFER_TOO_LARGE" ? "limit" : message);
    });
  });
}

/** Unpacks all of `bytes`. Throws `layer-gzip`, and `layer-bomb` beyond `limit`. */
export async function gunzip(bytes: Uint8Array, limit: number, what: string): Promise<Uint8Array> {
  const bad = (reason: string): never => fail("layer-gzip", { what, reason });
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let at = 0, members = 0; at < bytes.length; members++) {
    if (members >= MEMBERS) bad(`it has more than ${MEMBERS} parts`);
    const start = headerEnd(bytes, at);
    if (start === null) return bad(members === 0 ? "it is not gzip" : "something follows its end");
    const part = await inflated(bytes.subarray(start), limit - size);
    if (part === "limit") return fail("layer-bomb", { what, limit });
    if (typeof part === "string") return bad(part);
    const end = start + part.read;
    if (end + TRAILER > bytes.length) bad("it ends too soon");
    const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, TRAILER);
    if (trailer.getUint32(0, true) !== crc32(part.bytes)) bad("its checksum is wrong");
    if (trailer.getUint32(4, true) !== part.bytes.length) bad("its length is wrong");
    size += part.bytes.length;
    if (size > limit) return fail("layer-bomb", { what, limit });
    parts.push(part.bytes);
    at = end + TRAILER;
  }
  if (parts.length === 0) bad("it is empty");
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
}

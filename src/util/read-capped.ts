// A file, pipe or device as bytes, up to a limit: what others can write may be any size. Throws Node's own errors;
// null means that there is more than the limit.
import { open } from "node:fs/promises";

/** At most `limit` bytes; null where there are more. */
export async function readCapped(file: string, limit: number): Promise<Uint8Array | null> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    if (size > limit) return null;
    // One byte beyond the size tells a file that has grown; a pipe says size 0 and is read in pieces.
    let buffer = new Uint8Array(size > 0 ? size + 1 : 65_536);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.slice(0, length);
      length += bytesRead;
      if (length > limit) return null;
      if (length === buffer.length) {
        const grown = new Uint8Array(Math.min(buffer.length * 2, limit + 1));
        grown.set(buffer);
        buffer = grown;
      }
    }
  } finally {
    await handle.close();
  }
}

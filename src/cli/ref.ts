// A plugin reference on the command line → its bytes. Files now; other schemes are known by name, so that
// a user learns that they are coming and not that a file is missing.
import { open } from "node:fs/promises";
import { fail } from "../errors/failure.ts";
import { limits } from "../spec/limits.ts";
import { reasonOf } from "./reason.ts";

const laterSchemes = ["https", "http", "oci", "oci-layout"];

export interface Module {
  readonly ref: string;
  readonly bytes: Uint8Array;
}

/** Reads at most `limit` bytes of a file, pipe or device; one byte more is a failure. */
async function readCapped(file: string, limit: number): Promise<Uint8Array> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    if (size > limit) fail("file-too-large", { file, limit });
    // One byte beyond the size tells a file that has grown; a pipe says size 0 and is read in pieces.
    let buffer = new Uint8Array(Math.max(size + 1, 65_536));
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.slice(0, length);
      length += bytesRead;
      if (length > limit) fail("file-too-large", { file, limit });
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

/** A text file of the user's (a policy); capped, because it may be somebody else's. */
export async function readText(file: string, limit = 1024 * 1024): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readCapped(file, limit));
  } catch (error) {
    fail("file-unreadable", { file, reason: reasonOf(error) }, undefined, error);
  }
}

/** The bytes that a REF names. Throws `ref-not-yet`, `file-unreadable` or `file-too-large`. */
export async function readModule(ref: string): Promise<Module> {
  const scheme = /^([a-z][a-z-]+):/.exec(ref)?.[1];
  if (scheme !== undefined && laterSchemes.includes(scheme)) {
    fail("ref-not-yet", { scheme: `${scheme}:` }, { at: "ref", ref });
  }
  try {
    return { ref, bytes: await readCapped(ref, limits.moduleBytes) };
  } catch (error) {
    fail("file-unreadable", { file: ref, reason: reasonOf(error) }, undefined, error);
  }
}

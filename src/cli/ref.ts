// A plugin reference on the command line → its bytes: a file, or what a registry, an image layout or a server has under
// it. What reaches others is loaded only where a reference does.
import { fail } from "../errors/failure.ts";
import { parseReference, shownRef } from "../net/reference.ts";
import { limits } from "../spec/limits.ts";
import { readCapped } from "../util/read-capped.ts";
import type { Io } from "./io.ts";
import { reasonOf } from "./reason.ts";
import type { RemoteFlags } from "./remote-flags.ts";

export interface Module {
  readonly ref: string;
  readonly bytes: Uint8Array;
}

/** The bytes of a file, at most `limit`. Throws `file-unreadable` and `file-too-large`. */
async function readFile(file: string, limit: number): Promise<Uint8Array> {
  try {
    return (await readCapped(file, limit)) ?? fail("file-too-large", { file, limit });
  } catch (error) {
    return fail("file-unreadable", { file, reason: reasonOf(error) }, undefined, error);
  }
}

/** A text file of the user's (a policy); capped, because it may be somebody else's. */
export async function readText(file: string, limit = 1024 * 1024): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file, limit));
  } catch (error) {
    return fail("file-unreadable", { file, reason: reasonOf(error) }, undefined, error);
  }
}

/** The bytes that a REF names. Throws what reading a file, a layout, a registry or a URL throws. */
export async function readModule(text: string, flags: RemoteFlags, io: Io): Promise<Module> {
  const reference = parseReference(text);
  if (reference.kind === "file") {
    return { ref: text, bytes: await readFile(reference.path, limits.moduleBytes) };
  }
  const ref = shownRef(text);
  const [{ letGo, remoteOf }, { fetchUrl, pullModule }] = await Promise.all([
    import("./remote-flags.ts"),
    import("../oci/remote.ts"),
  ]);
  const remote = await remoteOf(flags, io);
  try {
    io.progress(`fetching ${ref}`);
    const bytes =
      reference.kind === "url"
        ? (await fetchUrl(reference, remote)).bytes
        : (await pullModule(reference, remote)).module;
    return { ref, bytes };
  } finally {
    await letGo(remote);
  }
}

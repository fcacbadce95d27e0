// A plugin of a manifest → its module's bytes: beside the manifest, in a folder of modules, in the cache by its digest,
// and, only where that was asked for, from where the manifest says. What a digest doesn't name is never taken for it.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Failure } from "../errors/failure.ts";
import type { CodeSource, PluginUse } from "../mesh/model.ts";
import { createBlobCache } from "../net/blob-cache.ts";
import type { Digest } from "../net/digest.ts";
import { parseReference, shownRef } from "../net/reference.ts";
import { cachedModule } from "../oci/cached-artifact.ts";
import { isModule } from "../oci/read-artifact.ts";
import { fetchUrl, pullModule, pullPinned, type Remote } from "../oci/remote.ts";
import { limits } from "../spec/limits.ts";
import { sha256 } from "../util/digest.ts";
import type { Io } from "./io.ts";
import { moduleCacheFolder, moduleCacheSize } from "./module-cache.ts";

/** A module's bytes; undefined for whatever isn't one, a device or a pipe above all. */
function readModuleFile(path: string): Uint8Array | undefined {
  try {
    const status = statSync(path);
    if (!status.isFile() || status.size > limits.moduleBytes) return undefined;
    const bytes = readFileSync(path);
    return isModule(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function* wasmFiles(folder: string, depth = 0): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth < 8) yield* wasmFiles(path, depth + 1);
    else if (entry.isFile() && entry.name.endsWith(".wasm")) yield path;
  }
}

/** The modules of a folder by their digest and by their file's name. */
function indexOf(folder: string): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  for (const path of wasmFiles(folder)) {
    const bytes = readModuleFile(path);
    if (bytes === undefined) continue;
    index.set(sha256(bytes), path);
    index.set(`name:${path.slice(path.lastIndexOf("/") + 1)}`, path);
  }
  return index;
}

/** The hex of what pins the code, where it is one: a file that nobody compares isn't pinned. */
export function pinOf({ kind, sha256: written, digest }: CodeSource): string | undefined {
  if (kind === "file") return undefined;
  const hex = (written?.value || digest || "").toLowerCase().replace(/^sha256:/, "");
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}

function pathsOf(use: PluginUse, index: ReadonlyMap<string, string>): readonly string[] {
  const { code, document } = use;
  if (code === null) return [];
  const url = code.url.value.replace(/^file:\/\//, "");
  const local =
    code.kind === "file" && url !== ""
      ? [resolve(dirname(document.file.name), url), resolve(url)]
      : [];
  const pinned = index.get(code.sha256?.value.toLowerCase() ?? "");
  const named =
    code.sha256 === null ? index.get(`name:${url.slice(url.lastIndexOf("/") + 1)}`) : undefined;
  return [...local, pinned, named].filter((one) => one !== undefined);
}

/** Of an image whose manifest has another digest than the one written: the module, where that is what was written. */
async function mistaken(
  reference: Parameters<typeof pullModule>[0],
  hex: string,
  remote: Remote,
): Promise<Uint8Array | undefined> {
  try {
    const { module, digest } = await pullModule(reference, remote);
    return digest === `sha256:${hex}` ? module : undefined;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** From where the manifest says, checked by the digest that it says. Throws what fetching throws. */
async function fetched(code: CodeSource, remote: Remote): Promise<Uint8Array> {
  const hex = pinOf(code);
  const url = code.url.value;
  if (code.kind !== "oci") {
    const text = hex === undefined ? url : `${url}@sha256:${hex}`;
    const reference = parseReference(text) as Parameters<typeof fetchUrl>[0];
    return (await fetchUrl(reference, remote)).bytes;
  }
  const text = /^oci:\/\//.test(url) ? url : `oci://${url}`;
  const reference = parseReference(text) as Parameters<typeof pullModule>[0];
  if (hex === undefined) return (await pullModule(reference, remote)).module;
  try {
    return (await pullPinned(reference, `sha256:${hex}`, remote)).module;
  } catch (error) {
    const own = await mistaken(reference, hex, remote);
    if (own !== undefined) return own;
    throw error;
  }
}

export interface Places {
  /** A folder with .wasm files. */
  readonly folder: string | undefined;
  /** null: nobody is asked. */
  readonly remote: Remote | null;
}

/** Looks for a plugin's module where it may be; undefined where it isn't at hand. Throws what fetching throws. */
export function newPluginBytes(
  { folder, remote }: Places,
  io: Io,
): (use: PluginUse) => Promise<Uint8Array | undefined> {
  const index = folder === undefined ? new Map<string, string>() : indexOf(folder);
  const cache = createBlobCache({
    folder: moduleCacheFolder(io.env),
    limit: moduleCacheSize(io.env),
    now: () => Date.now(),
  });
  return async (use) => {
    const path = pathsOf(use, index).find((one) => readModuleFile(one) !== undefined);
    if (path !== undefined) return readModuleFile(path);
    const { code } = use;
    if (code === null || !["oci", "http", "https"].includes(code.kind)) return undefined;
    const hex = pinOf(code);
    const kept = hex === undefined ? null : await cachedModule(`sha256:${hex}` as Digest, cache);
    if (kept !== null) return kept;
    if (remote === null) return undefined;
    io.progress(`fetching ${shownRef(code.url.value)}`);
    return fetched(code, remote);
  };
}

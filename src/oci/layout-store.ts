// A folder in OCI image layout as a Store: no server, the same guarantees. Blobs are written whole under their digest,
// the index is replaced in one step under a lock; whoever is killed leaves a layout that reads as before or after.
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure, fail } from "../errors/failure.ts";
import { checkDigest, type Digest, digestOf, hexOf, isDigest } from "../net/digest.ts";
import { withLock } from "../net/file-lock.ts";
import {
  checkManifestSize,
  type Descriptor,
  type Index,
  parseJson,
  parseManifest,
} from "../net/manifest.ts";
import { fallbackTag, type Store, type StoredManifest } from "../net/store.ts";
import { annotationNames, mediaTypes, registryLimits } from "../spec/oci.ts";
import { atomicWrite } from "../util/atomic-write.ts";
import { readCapped } from "../util/read-capped.ts";
import { checkBlob, checkBlobLimit } from "./checked-blob.ts";
import {
  emptyIndex,
  entryOf,
  LAYOUT_FILE,
  LAYOUT_VERSION,
  parseLayoutIndex,
  taggedEntries,
  withEntry,
  writeLayoutIndex,
} from "./layout-index.ts";
import { inOrder, referrerOf } from "./referrer.ts";

const LOCK_MS = 10_000;
const LEFTOVER_MS = 3_600_000;
const OPEN_BRACE = 0x7b;

const codeOf = (error: unknown): string =>
  String((error as { code?: unknown } | null)?.code ?? error);

export class LayoutStore implements Store {
  readonly name: string;
  readonly repository: string;
  readonly #folder: string;
  readonly #lockMs: number;
  #prepared = false;

  constructor(folder: string, options: { readonly lockMs?: number } = {}) {
    this.name = `oci-layout:${folder}`;
    this.repository = basename(resolve(folder));
    this.#folder = folder;
    this.#lockMs = options.lockMs ?? LOCK_MS;
  }

  #blobFile(digest: Digest): string {
    return join(this.#folder, "blobs", "sha256", hexOf(digest));
  }

  /** The bytes of a file of the layout; undefined where there is none, null where it is too long. */
  async #read(file: string, limit: number): Promise<Uint8Array | null | undefined> {
    try {
      return await readCapped(file, limit);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      return fail("layout-none", { folder: this.#folder, reason: codeOf(error) }, undefined, error);
    }
  }

  #none(reason: string): never {
    return fail("layout-none", { folder: this.#folder, reason });
  }

  /** Null where there is no layout yet. */
  async #indexOrNull(): Promise<Index | null> {
    const version = await this.#read(join(this.#folder, LAYOUT_FILE), registryLimits.smallBytes);
    const limit = registryLimits.manifestBytes;
    const bytes = await this.#read(join(this.#folder, "index.json"), limit);
    if (version === undefined && bytes === undefined) return null;
    if (version === undefined) return this.#none(`it has no ${LAYOUT_FILE}`);
    const said = version === null ? null : parseJson(version, join(this.#folder, LAYOUT_FILE));
    if ((said as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion !== "1.0.0") {
      return this.#none("its version is not 1.0.0");
    }
    // Written before the index: a process that died in between left an empty layout.
    if (bytes === undefined) return emptyIndex;
    if (bytes === null) return this.#none(`its index has more than ${limit} bytes`);
    return parseLayoutIndex(bytes, `the index of ${this.name}`);
  }

  async #index(): Promise<Index> {
    return (await this.#indexOrNull()) ?? this.#none("there is nothing");
  }

  async #write(file: string, bytes: Uint8Array | string): Promise<void> {
    try {
      await atomicWrite(file, bytes);
    } catch (error) {
      this.#unwritable(error);
    }
  }

  #unwritable(error: unknown): never {
    if (error instanceof Failure) throw error;
    const reason = codeOf(error);
    return fail("layout-unwritable", { folder: this.#folder, reason }, undefined, error);
  }

  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    this.#prepared = true;
    const blobs = join(this.#folder, "blobs", "sha256");
    try {
      await mkdir(blobs, { recursive: true });
      await removeLeftovers(blobs);
    } catch (error) {
      this.#unwritable(error);
    }
    const file = join(this.#folder, LAYOUT_FILE);
    const found = await this.#read(file, registryLimits.smallBytes);
    if (found === undefined) await this.#write(file, LAYOUT_VERSION);
  }

  async getManifest(target: string): Promise<StoredManifest | null> {
    const index = await this.#index();
    const byDigest = isDigest(target);
    const entry = byDigest ? entryOf(index, target) : taggedEntries(index).get(target);
    if (entry !== undefined) return this.#manifest(entry);
    if (!byDigest) return null;
    const bytes = await this.#read(this.#blobFile(target), registryLimits.manifestBytes);
    // A blob of another kind is no manifest: a module, when somebody has mixed up the two digests.
    if (bytes === undefined || bytes === null || bytes[0] !== OPEN_BRACE) return null;
    checkDigest(bytes, target, `${target} of ${this.name}`);
    // Not listed (an entry of an index of images): the document's own word is all there is.
    const own = (parseJson(bytes, target) as { mediaType?: unknown } | null)?.mediaType;
    const mediaType = typeof own === "string" ? own : mediaTypes.ociManifest;
    return { descriptor: { mediaType, digest: target, size: bytes.length }, bytes };
  }

  async #manifest(entry: Descriptor): Promise<StoredManifest> {
    checkManifestSize(entry.size, `${entry.digest} of ${this.name}`);
    const bytes = await this.getBlob(entry, registryLimits.manifestBytes);
    const { mediaType, digest, size } = entry;
    return { descriptor: { mediaType, digest, size }, bytes };
  }

  async putManifest(bytes: Uint8Array, mediaType: string, tag?: string): Promise<Descriptor> {
    const what = `a manifest for ${this.name}`;
    const document = parseManifest(bytes, mediaType, what);
    const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await this.putBlob(bytes, mediaType);
    const listed = document.subject && referrerOf({ descriptor, bytes }, what)?.descriptor;
    const file = join(this.#folder, "index.json");
    const lock = `${file}.lock`;
    const update = async (): Promise<void> => {
      const index = (await this.#indexOrNull()) ?? emptyIndex;
      await this.#write(file, writeLayoutIndex(withEntry(index, listed ?? descriptor, tag)));
    };
    let done: Awaited<ReturnType<typeof withLock<void>>>;
    try {
      done = await withLock(lock, { most: this.#lockMs, sleep: (ms) => sleep(ms) }, update);
    } catch (error) {
      return this.#unwritable(error);
    }
    if (done === false) fail("layout-locked", { folder: this.#folder, lock });
    return descriptor;
  }

  async getBlob(wanted: Pick<Descriptor, "digest" | "size">, limit: number): Promise<Uint8Array> {
    checkBlobLimit(wanted, limit);
    const { digest } = wanted;
    const bytes = await this.#read(this.#blobFile(digest), limit);
    if (bytes === undefined) fail("blob-missing", { store: this.name, digest });
    if (bytes === null) fail("blob-too-large", { digest, size: `more than ${limit}`, limit });
    checkBlob(bytes, wanted, this.name);
    return bytes;
  }

  async hasBlob(digest: Digest): Promise<boolean> {
    const bytes = await this.#read(this.#blobFile(digest), registryLimits.layerBytes);
    // One that is damaged is as good as missing: it is written again.
    return bytes !== undefined && bytes !== null && digestOf(bytes) === digest;
  }

  async putBlob(bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
    await this.#prepare();
    const digest = digestOf(bytes);
    if (!(await this.hasBlob(digest))) await this.#write(this.#blobFile(digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  async listReferrers(digest: Digest, artifactType?: string): Promise<readonly Descriptor[]> {
    const index = await this.#index();
    // Other tools may have copied a registry's fallback tag.
    const tagged = await this.getManifest(fallbackTag(digest));
    const more =
      tagged === null
        ? []
        : parseManifest(tagged.bytes, tagged.descriptor.mediaType, fallbackTag(digest));
    const extra = "kind" in more && more.kind === "index" ? more.manifests : [];
    const found: Descriptor[] = [];
    for (const entry of [...index.manifests, ...extra]) {
      const stored = await this.#manifest(entry);
      const referrer = referrerOf(stored, `${entry.digest} of ${this.name}`);
      if (referrer?.subject.digest !== digest) continue;
      if (artifactType === undefined || referrer.descriptor.artifactType === artifactType) {
        found.push(referrer.descriptor);
      }
    }
    return inOrder(found);
  }

  async listTags(): Promise<readonly string[]> {
    return [...taggedEntries(await this.#index()).keys()].sort();
  }

  /** What a reference without tag and digest means: the only artifact that is no referrer. */
  async onlyTarget(): Promise<string> {
    const index = await this.#index();
    const subjects: Descriptor[] = [];
    for (const entry of index.manifests) {
      const stored = await this.#manifest(entry);
      if (referrerOf(stored, entry.digest) === null && !isFallback(entry)) subjects.push(entry);
    }
    const named = subjects.filter((one) => one.annotations?.[annotationNames.refName]);
    const digests = new Set((named.length > 0 ? named : subjects).map((one) => one.digest));
    if (digests.size === 1) return [...digests][0]!;
    const names = [...taggedEntries(index).keys()].sort().slice(0, 8).join(", ") || "no tags";
    return fail("manifest-ambiguous", { store: this.name, count: digests.size, names });
  }
}

/** Removes what processes that were killed had begun to write: nobody else's is that old. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^\.[0-9a-f]{64}\..*\.tmp$/.test(name));
  for (const name of names) {
    const file = join(folder, name);
    const made = (await stat(file).catch(() => null))?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (Date.now() - made > LEFTOVER_MS) await rm(file, { force: true });
  }
}

/** Signatures and lists of referrers under a tag made from the digest of what they are about. */
function isFallback(entry: Descriptor): boolean {
  return /^sha256-[0-9a-f]{64}(?:\.\w+)?$/.test(entry.annotations?.[annotationNames.refName] ?? "");
}

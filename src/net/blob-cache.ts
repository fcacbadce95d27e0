// Bytes on disk under their digest, shared by every process of a user. Writing is a rename, so a reader sees all of an
// entry or none; reading computes the digest, so that what was damaged or planted is a miss, and is removed. A cache
// that can't be used is no error: everything can be fetched again.
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join, relative } from "node:path";
import { atomicWrite } from "../util/atomic-write.ts";
import { makeFolder } from "../util/make-folder.ts";
import { readCapped } from "../util/read-capped.ts";
import { type Digest, digestOf, hexOf } from "./digest.ts";

export interface BlobCache {
  /** The bytes of a digest; null where they aren't there, are too long or are others. */
  get(digest: Digest, limit: number): Promise<Uint8Array | null>;
  /** `digest` where the caller has computed it from these bytes. */
  put(bytes: Uint8Array, digest?: Digest): Promise<void>;
}

export interface CacheOptions {
  /** Absolute, or relative to the working folder. */
  readonly folder: string;
  /** Bytes that entries may have together; the ones that were not used for longest go first. */
  readonly limit: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Pruned {
  readonly removed: number;
  readonly removedBytes: number;
  readonly kept: number;
  readonly keptBytes: number;
}

/** Keeps nothing. */
export const noBlobCache: BlobCache = { get: async () => null, put: async () => {} };

/** A temporary file older than this belongs to a process that was killed. */
const STALE = 3_600_000;
const SECOND = 1000;

interface Entry {
  readonly file: string;
  readonly bytes: number;
  readonly used: number;
  readonly temporary: boolean;
}

/** The names that are ours, temporary ones included: a folder that somebody else uses too loses nothing of theirs. */
const ours =
  /^(?:(?:sha256[\\/])?(?:hardened-)?[0-9a-f]{64}(?:\.wasm)?|uploads[\\/][0-9a-f]{64}\.upload)$/;
const temporaryName = /^(.*[\\/])?\.(.+)\.[0-9a-f]{12}\.tmp$/;

/** Every entry below the folder; those that vanish meanwhile are left out. */
async function entriesOf(folder: string): Promise<readonly Entry[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const entries = await Promise.all(
    all
      .filter((one) => one.isFile())
      .map(async (one): Promise<Entry | null> => {
        const file = join(one.parentPath, one.name);
        const path = relative(folder, file);
        const plain = path.replace(temporaryName, "$1$2");
        if (!ours.test(plain)) return null;
        try {
          const { size, mtimeMs } = await stat(file);
          const temporary = plain !== path;
          return { file, bytes: size, used: mtimeMs, temporary };
        } catch {
          return null;
        }
      }),
  );
  return entries.filter((one) => one !== null);
}

/** Removes what was not used for longest until the rest fits, and what killed processes left. */
export async function pruneCache({ folder, limit, now }: CacheOptions): Promise<Pruned> {
  const entries = await entriesOf(folder);
  const time = now();
  const whole = entries.filter((one) => !one.temporary).sort((a, b) => b.used - a.used);
  const stale = entries.filter((one) => one.temporary && time - one.used > STALE);
  let [kept, keptBytes] = [0, 0];
  const gone: Entry[] = [...stale];
  for (const one of whole) {
    if (keptBytes + one.bytes > limit) {
      gone.push(one);
      continue;
    }
    kept++;
    keptBytes += one.bytes;
  }
  for (const { file } of gone) await rm(file, { force: true }).catch(() => {});
  const removedBytes = gone.reduce((sum, one) => sum + one.bytes, 0);
  return { removed: gone.length, removedBytes, kept, keptBytes };
}

export function createBlobCache(options: CacheOptions): BlobCache {
  const { folder, limit: most, now } = options;
  const blobs = join(folder, "sha256");
  const fileOf = (digest: Digest): string => join(blobs, hexOf(digest));
  let pruning: Promise<unknown> | null = null;
  let waiting: Promise<unknown> | null = null;
  /** Looks through the folder after everything that was written by now; for several writes at once, once. */
  const prune = (): Promise<unknown> => {
    if (pruning === null) {
      pruning = pruneCache(options).finally(() => (pruning = null));
      return pruning;
    }
    waiting ??= pruning
      .catch(() => {})
      .then(() => {
        waiting = null;
        return prune();
      });
    return waiting;
  };
  return {
    async get(digest, limit) {
      const file = fileOf(digest);
      try {
        const bytes = await readCapped(file, limit);
        if (bytes === null) return null;
        if (digestOf(bytes) !== digest) {
          await rm(file, { force: true });
          return null;
        }
        // When it was last used decides what goes first; a file that can't be touched is still right.
        await utimes(file, now() / SECOND, now() / SECOND).catch(() => {});
        return bytes;
      } catch {
        return null;
      }
    },
    async put(bytes, digest = digestOf(bytes)) {
      try {
        if (bytes.length > most) return;
        await makeFolder(blobs, 0o700);
        const file = fileOf(digest);
        await atomicWrite(file, bytes, { sync: false });
        await utimes(file, now() / SECOND, now() / SECOND).catch(() => {});
        await prune();
      } catch {}
    },
  };
}

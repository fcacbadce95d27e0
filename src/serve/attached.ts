// Signatures and attestations that lie beside what is served, in the store behind: listed, read and checked when they are
// asked for. Only what says itself that it is about a manifest of ours is given out, and what it is made of.
import type { Digest } from "../net/digest.ts";
import { type Descriptor, parseManifest } from "../net/manifest.ts";
import { fallbackTag, type StoredManifest } from "../net/store.ts";
import { inOrder, referrerOf } from "../oci/referrer.ts";
import { registryLimits } from "../spec/oci.ts";
import { serveLimits } from "../spec/serve.ts";
import type { ContentRow } from "./artifacts.ts";
import type { Catalog } from "./catalog.ts";
import type { Depot } from "./depot.ts";

interface List {
  readonly at: number;
  readonly descriptors: readonly Descriptor[];
  readonly manifests: ReadonlyMap<Digest, StoredManifest>;
  readonly tags: ReadonlyMap<string, Digest>;
  readonly blobs: ReadonlyMap<Digest, ContentRow>;
}

/** cosign's older places, by tag. */
const SUFFIXES = [".sig", ".att"] as const;

function blobsOf({ bytes, descriptor }: StoredManifest): readonly ContentRow[] {
  const document = parseManifest(bytes, descriptor.mediaType, descriptor.digest);
  if (document.kind === "index") return [];
  return [document.config, ...document.layers].filter(
    ({ size }) => size <= registryLimits.smallBytes,
  );
}

export class Attached {
  readonly #catalog: Catalog;
  readonly #depot: Depot;
  readonly #now: () => number;
  readonly #lists = new Map<string, Promise<List>>();

  constructor(catalog: Catalog, depot: Depot, now: () => number) {
    this.#catalog = catalog;
    this.#depot = depot;
    this.#now = now;
  }

  /** In one order, of one type where it is given. Throws what reading the store throws. */
  async referrers(plugin: string, digest: Digest, type?: string): Promise<readonly Descriptor[]> {
    const { descriptors } = await this.#list(plugin, digest);
    return descriptors.filter((one) => type === undefined || one.artifactType === type);
  }

  async manifest(plugin: string, digest: Digest): Promise<StoredManifest | undefined> {
    return this.#first(plugin, (list) => list.manifests.get(digest));
  }

  /** `sha256-HEX.sig` and `sha256-HEX.att` of a manifest of ours. */
  async tagged(plugin: string, tag: string): Promise<StoredManifest | undefined> {
    const subject = /^sha256-([0-9a-f]{64})\.\w+$/.exec(tag)?.[1];
    if (subject === undefined || !this.#catalog.manifest(plugin, `sha256:${subject}`)) return;
    const list = await this.#list(plugin, `sha256:${subject}`);
    const digest = list.tags.get(tag);
    return digest === undefined ? undefined : list.manifests.get(digest);
  }

  async blob(plugin: string, digest: Digest): Promise<ContentRow | undefined> {
    return this.#first(plugin, (list) => list.blobs.get(digest));
  }

  async #first<T>(plugin: string, pick: (list: List) => T | undefined): Promise<T | undefined> {
    for (const subject of this.#catalog.manifests(plugin)) {
      const found = pick(await this.#list(plugin, subject));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #list(plugin: string, digest: Digest): Promise<List> {
    const under = `${plugin} ${digest}`;
    const before = await this.#lists.get(under)?.catch(() => undefined);
    if (before !== undefined && this.#now() - before.at < serveLimits.referrersFor) return before;
    const served = new Set(
      this.#catalog.names.flatMap((name) =>
        this.#catalog.manifests(name).map((one) => `${name} ${one}`),
      ),
    );
    for (const key of this.#lists.keys()) if (!served.has(key)) this.#lists.delete(key);
    const reading = this.#read(plugin, digest);
    this.#lists.set(under, reading);
    return reading;
  }

  async #read(plugin: string, digest: Digest): Promise<List> {
    const manifests = new Map<Digest, StoredManifest>();
    const descriptors: Descriptor[] = [];
    for (const stored of await this.#depot.referrers(plugin, digest)) {
      const referrer = referrerOf(stored, stored.descriptor.digest);
      if (referrer?.subject.digest !== digest) continue;
      descriptors.push(referrer.descriptor);
      manifests.set(stored.descriptor.digest, stored);
    }
    const tags = new Map<string, Digest>();
    for (const suffix of SUFFIXES) {
      const stored = await this.#depot.tagged(plugin, fallbackTag(digest, suffix));
      if (stored === null) continue;
      tags.set(fallbackTag(digest, suffix), stored.descriptor.digest);
      manifests.set(stored.descriptor.digest, stored);
    }
    const rows = [...manifests.values()].flatMap(blobsOf);
    const blobs = new Map(rows.map((row) => [row.digest, row]));
    return { at: this.#now(), descriptors: inOrder(descriptors), manifests, tags, blobs };
  }
}

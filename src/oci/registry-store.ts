// A repository of a registry as a Store, by the distribution-spec. The registry is believed nothing: every digest is
// computed here, every list is bounded, and what it says about a referrer is looked up in the referrer itself.
import { fail } from "../errors/failure.ts";
import { checkDigest, type Digest, digestOf, isDigest } from "../net/digest.ts";
import {
  checkManifestSize,
  type Descriptor,
  type Index,
  parseJson,
  parseManifest,
} from "../net/manifest.ts";
import { fallbackTag, type Store, type StoredManifest } from "../net/store.ts";
import { manifestTypes, mediaTypes, registryLimits } from "../spec/oci.ts";
import { checkBlob, checkBlobLimit } from "./checked-blob.ts";
import { addToFallback } from "./fallback.ts";
import { inOrder, referrerOf } from "./referrer.ts";
import type { RegistrySession } from "./registry-session.ts";
import { noMemory, Upload, type UploadMemory } from "./upload.ts";

export interface RegistryOptions {
  readonly session: RegistrySession;
  /** `registry.example.com/team/auth`. */
  readonly repository: string;
  readonly memory?: UploadMemory;
  /** Bytes of one piece of an upload. */
  readonly chunk?: number;
}

const bare = (type: string | undefined): string => (type ?? "").split(";")[0]!.trim().toLowerCase();

/** The target of `Link: <…>; rel="next"`. */
function nextPage(link: string | readonly string[] | undefined): string | undefined {
  const header = typeof link === "string" ? link : link?.join(", ");
  return /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(header ?? "")?.[1];
}

export class RegistryStore implements Store {
  readonly name: string;
  readonly repository: string;
  readonly #session: RegistrySession;
  readonly #upload: Upload;

  constructor({ session, repository, memory = noMemory, chunk }: RegistryOptions) {
    this.name = `oci://${repository}`;
    this.repository = repository;
    this.#session = session;
    this.#upload = new Upload(session, memory, chunk);
  }

  async getManifest(target: string): Promise<StoredManifest | null> {
    const what = `${target} of ${this.name}`;
    const answer = await this.#session.ask({
      method: "GET",
      at: `manifests/${target}`,
      headers: { accept: manifestTypes.join(", ") },
      limit: registryLimits.manifestBytes,
      expect: [200, 404],
    });
    if (answer.status === 404) return null;
    const bytes = answer.body;
    const digest = digestOf(bytes);
    if (isDigest(target)) checkDigest(bytes, target, what);
    const said = answer.headers["docker-content-digest"];
    if (typeof said === "string" && isDigest(said)) checkDigest(bytes, said, what);
    const served = bare(answer.headers["content-type"]);
    const vague = served === "" || served === "application/json" || served === "text/plain";
    const own = vague
      ? (parseJson(bytes, what) as { mediaType?: unknown } | null)?.mediaType
      : served;
    const mediaType = typeof own === "string" ? own : mediaTypes.ociManifest;
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }

  async putManifest(bytes: Uint8Array, mediaType: string, tag?: string): Promise<Descriptor> {
    const what = `a manifest for ${this.name}`;
    checkManifestSize(bytes.length, what);
    const document = parseManifest(bytes, mediaType, what);
    const digest = digestOf(bytes);
    const descriptor: Descriptor = { mediaType, digest, size: bytes.length };
    const answer = await this.#session.ask({
      method: "PUT",
      at: `manifests/${tag ?? digest}`,
      headers: { "content-type": mediaType },
      body: bytes,
      writes: true,
      expect: [200, 201, 202],
    });
    const said = answer.headers["docker-content-digest"];
    if (typeof said === "string" && said !== digest) {
      const reason = `it stored a manifest with the digest ${said.slice(0, 100)}, not ${digest}`;
      fail("registry-protocol", { host: this.#session.host, reason });
    }
    const { subject } = document;
    if (subject !== undefined && answer.headers["oci-subject"] !== subject.digest) {
      const referrer = referrerOf({ descriptor, bytes }, what)!.descriptor;
      await this.#refer(subject.digest, referrer);
    }
    return descriptor;
  }

  /** Makes a referrer known where the registry didn't say that it did. */
  async #refer(subject: Digest, referrer: Descriptor): Promise<void> {
    const known = await this.#referrersByApi(subject);
    if (known?.some((one) => one.digest === referrer.digest)) return;
    await addToFallback(this, subject, referrer, this.#session.clock);
  }

  async getBlob(wanted: Pick<Descriptor, "digest" | "size">, limit: number): Promise<Uint8Array> {
    checkBlobLimit(wanted, limit);
    const { digest, size } = wanted;
    const answer = await this.#session.ask({
      method: "GET",
      at: `blobs/${digest}`,
      // One byte more tells a blob that is too long from one that is right.
      limit: Math.max(size + 1, 1),
      digest: true,
      expect: [200, 404],
    });
    if (answer.status === 404) fail("blob-missing", { store: this.name, digest });
    checkBlob(answer.body, wanted, this.name, answer.sha256);
    return answer.body;
  }

  async hasBlob(digest: Digest): Promise<boolean> {
    const at = `blobs/${digest}`;
    const { status } = await this.#session.ask({ method: "HEAD", at, expect: [200, 404] });
    return status === 200;
  }

  async putBlob(bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
    const digest = digestOf(bytes);
    if (await this.hasBlob(digest)) await this.#upload.needless(bytes.length, digest);
    else await this.#upload.send(bytes, digest);
    return { mediaType, digest, size: bytes.length };
  }

  /** Takes a blob over from another repository of the registry; false where the registry doesn't. */
  async mountBlob(digest: Digest, from: string): Promise<boolean> {
    const query = new URLSearchParams({ mount: digest, from });
    const answer = await this.#session.ask({
      method: "POST",
      at: `blobs/uploads/?${query}`,
      writes: true,
      also: from,
      expect: [201, 202, 400, 403, 404, 405],
    });
    return answer.status === 201;
  }

  /** All pages of a list, each taken apart by `read`. Null where the registry doesn't have the list at all. */
  async #pages<T>(
    at: string,
    read: (body: Uint8Array, type: string) => readonly T[] | null,
  ): Promise<readonly T[] | null> {
    const all: T[] = [];
    let next: string | URL | undefined = at;
    for (let page = 0; next !== undefined; page++) {
      if (page >= registryLimits.listPages || all.length > registryLimits.listEntries) {
        const reason = `its list ${at.slice(0, 100)} does not end`;
        return fail("registry-protocol", { host: this.#session.host, reason });
      }
      const answer = await this.#session.ask({
        method: "GET",
        at: next,
        headers: { accept: `${mediaTypes.ociIndex}, application/json` },
        limit: registryLimits.manifestBytes,
        expect: page === 0 ? [200, 400, 404, 405] : [200],
      });
      if (answer.status !== 200) return null;
      const list = read(answer.body, bare(answer.headers["content-type"]));
      if (list === null) return null;
      all.push(...list);
      const link = nextPage(answer.headers.link);
      next = link === undefined ? undefined : this.#session.place(link, answer.url);
      if (next !== undefined && next.origin !== this.#session.base.origin) {
        const reason = "its list goes on at another host";
        return fail("registry-protocol", { host: this.#session.host, reason });
      }
    }
    return all;
  }

  /** Null where the registry has no referrers API. */
  async #referrersByApi(digest: Digest): Promise<readonly Descriptor[] | null> {
    const what = `the referrers of ${digest} in ${this.name}`;
    return this.#pages(`referrers/${digest}`, (body, type) =>
      type === mediaTypes.ociIndex ? (parseManifest(body, type, what) as Index).manifests : null,
    );
  }

  async listReferrers(digest: Digest, artifactType?: string): Promise<readonly Descriptor[]> {
    const listed = (await this.#referrersByApi(digest)) ?? (await this.#referrersByTag(digest));
    const read = inOrder(listed).map(async (entry) => {
      const stored = await this.getManifest(entry.digest);
      const referrer = stored && referrerOf(stored, `${entry.digest} of ${this.name}`);
      return referrer?.subject.digest === digest ? [referrer.descriptor] : [];
    });
    return (await Promise.all(read))
      .flat()
      .filter((one) => artifactType === undefined || one.artifactType === artifactType);
  }

  async #referrersByTag(digest: Digest): Promise<readonly Descriptor[]> {
    const tag = fallbackTag(digest);
    const stored = await this.getManifest(tag);
    if (stored === null) return [];
    const what = `${tag} of ${this.name}`;
    const document = parseManifest(stored.bytes, stored.descriptor.mediaType, what);
    return document.kind === "index" ? document.manifests : [];
  }

  async listTags(): Promise<readonly string[]> {
    const what = `the tags of ${this.name}`;
    const tags = await this.#pages("tags/list?n=1000", (body) => {
      const { tags: list } = (parseJson(body, what) ?? {}) as { readonly tags?: unknown };
      if (list === null || list === undefined) return [];
      if (Array.isArray(list) && list.every((one) => typeof one === "string"))
        return list as string[];
      return fail("manifest-malformed", { what, reason: "it is no list of tags" });
    });
    return [...new Set(tags ?? [])].sort();
  }
}

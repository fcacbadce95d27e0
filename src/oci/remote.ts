// Everything that reaching others needs, in one object that the edge of the process makes; and from it, stores and
// modules by reference.
import { Failure, fail } from "../errors/failure.ts";
import type { BlobCache } from "../net/blob-cache.ts";
import { checkDigest, type Digest, digestOf } from "../net/digest.ts";
import type { Http } from "../net/http.ts";
import { sendFollowing } from "../net/redirect.ts";
import {
  type ArtifactReference,
  type Reference,
  shownRef,
  targetOf,
  type UrlReference,
} from "../net/reference.ts";
import { type Clock, retried } from "../net/retry.ts";
import type { Store } from "../net/store.ts";
import { limits } from "../spec/limits.ts";
import { cachedStore } from "./cached-store.ts";
import type { Keychain } from "./credentials.ts";
import { LayoutStore } from "./layout-store.ts";
import { type PulledModule, readArtifact } from "./read-artifact.ts";
import { RegistrySession } from "./registry-session.ts";
import { RegistryStore } from "./registry-store.ts";
import type { UploadMemory } from "./upload.ts";

export interface Remote {
  readonly http: Http;
  readonly keychain: Keychain;
  readonly clock: Clock;
  readonly cache: BlobCache;
  readonly memory: UploadMemory;
  /** Registries and URLs without TLS may be called. */
  readonly plainHttp: boolean;
}

/** A registry's repository, without the cache: for what a store alone can't do, such as mounts. */
export function openRegistry(
  { registry, repository }: { readonly registry: string; readonly repository: string },
  { http, keychain, clock, plainHttp, memory }: Remote,
): RegistryStore {
  const session = new RegistrySession({ http, registry, repository, plainHttp, keychain, clock });
  return new RegistryStore({ session, repository: `${registry}/${repository}`, memory });
}

/** The store of a reference; reads of a registry go through the cache. */
export function openStore(reference: ArtifactReference, remote: Remote): Store {
  if (reference.kind === "oci-layout") return new LayoutStore(reference.folder);
  return cachedStore(openRegistry(reference, remote), remote.cache);
}

/** Tag or digest of a reference; of a folder without either, its only artifact. */
export async function effectiveTarget(reference: ArtifactReference): Promise<string> {
  const target = targetOf(reference);
  if (target !== null) return target;
  return new LayoutStore((reference as { readonly folder: string }).folder).onlyTarget();
}

/** Throws `ref-not-artifact` for files and URLs. */
export function artifactReference(reference: Reference): ArtifactReference {
  if (reference.kind === "oci" || reference.kind === "oci-layout") return reference;
  return fail("ref-not-artifact", { ref: shownRef(reference.text) });
}

/** The module of an artifact, every byte checked against the digests that lead to it. */
export async function pullModule(
  reference: ArtifactReference,
  remote: Remote,
): Promise<PulledModule> {
  const target = await effectiveTarget(reference);
  return readArtifact(openStore(reference, remote), target, shownRef(reference.text));
}

/** The same where the manifest's digest is known from elsewhere; a digest in the reference must be that one. */
export async function pullPinned(
  reference: ArtifactReference,
  manifest: Digest,
  remote: Remote,
): Promise<PulledModule> {
  const what = shownRef(reference.text);
  const { digest } = reference;
  if (digest !== null && digest !== manifest) {
    fail("digest-mismatch", { what, found: digest, expected: manifest });
  }
  return readArtifact(openStore(reference, remote), manifest, what);
}

const ACCEPT = "application/wasm, application/octet-stream, */*";

/** The body of a URL, from the cache where it is pinned. Redirects are followed. */
export async function fetchUrl(
  { url: text, digest, text: whole }: UrlReference,
  { http, clock, cache, plainHttp }: Remote,
): Promise<{ readonly bytes: Uint8Array; readonly digest: Digest }> {
  const limit = limits.moduleBytes;
  const shown = shownRef(text);
  const where = { at: "ref", ref: shownRef(whole) } as const;
  const url = new URL(text);
  if (url.protocol === "http:" && !plainHttp) {
    fail("fetch-refused", { url: shown, reason: "it has no TLS" });
  }
  const kept = digest === null ? null : await cache.get(digest, limit);
  if (kept !== null && digest !== null) return { bytes: kept, digest };
  const authorization =
    url.username === "" && url.password === ""
      ? {}
      : { authorization: `Basic ${Buffer.from(userOf(url)).toString("base64")}` };
  url.username = "";
  url.password = "";
  url.hash = "";
  const what = `GET ${url.pathname.slice(0, 200)}`;
  const request = {
    method: "GET" as const,
    url,
    headers: { accept: ACCEPT, ...authorization },
    limit,
    what,
    allowed: () => true,
  };
  const send = () => sendFollowing(http, request, { plainHttp });
  const answer = await retried(send, { host: url.host, what }, clock);
  if (answer.status !== 200) {
    const { status } = answer;
    throw new Failure("registry-status", { host: url.host, status, what, detail: "" }, where);
  }
  if (digest !== null) checkDigest(answer.body, digest, shown);
  await cache.put(answer.body);
  return { bytes: answer.body, digest: digestOf(answer.body) };
}

/** USER:PASSWORD of a URL, as written where it can't be decoded. */
function userOf({ username, password }: URL): string {
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    return `${username}:${password}`;
  }
}

// The shape of a case of the tamper matrix, and what cases are made with.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Code } from "../../src/errors/catalogue.ts";
import { type Digest, hexOf } from "../../src/net/digest.ts";
import { type Manifest, parseManifest, serializeManifest } from "../../src/net/manifest.ts";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import type { Twist, Way, World } from "./world.ts";

export interface Case {
  readonly name: string;
  readonly way: Way;
  readonly tamper: (world: World) => Promise<Twist> | Promise<void>;
  /** What it must be refused with; other codes may stand beside it. */
  readonly code: Code;
}

export const storeOf = ({ folder }: World): LayoutStore => new LayoutStore(folder);

export const blobFile = ({ folder }: World, digest: Digest): string =>
  join(folder, "blobs", "sha256", hexOf(digest));

export const readBlob = (world: World, digest: Digest): Buffer =>
  readFileSync(blobFile(world, digest));

/** Where in some bytes a change is made, by a share of their length. */
export function flipped(bytes: Uint8Array, share: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const at = Math.min(Math.floor(bytes.length * share), bytes.length - 1);
  changed[at]! ^= 0x01;
  return changed;
}

/** Changes a file of the folder in place, so that it keeps its name and loses its digest. */
export function rewrite(file: string, change: (bytes: Uint8Array) => Uint8Array): void {
  const bytes = readFileSync(file);
  // The other worlds have the same file under other names.
  rmSync(file);
  writeFileSync(file, change(bytes));
}

export function manifestAt(world: World, digest: Digest): Manifest {
  const manifest = parseManifest(
    readBlob(world, digest),
    "application/vnd.oci.image.manifest.v1+json",
    "a manifest of the test",
  );
  if (manifest.kind !== "manifest") throw new Error("an index");
  return manifest;
}

/** Takes a manifest out of the folder's index, as somebody who can delete does. */
export function forget({ folder }: World, ...digests: readonly string[]): void {
  rewrite(join(folder, "index.json"), (bytes) => {
    const index = JSON.parse(Buffer.from(bytes).toString("utf8"));
    const manifests = index.manifests.filter(
      (one: { digest: string }) => !digests.includes(one.digest),
    );
    return Buffer.from(JSON.stringify({ ...index, manifests }));
  });
}

/** The bytes of the bundle that a referrer holds. */
export function bundleAt(world: World, referrer: Digest): Buffer {
  return readBlob(world, manifestAt(world, referrer).layers[0]!.digest);
}

/** Replaces the bundle of a referrer: new blob, new manifest, all digests right. */
export async function reattach(
  world: World,
  referrer: Digest,
  bundle: Uint8Array,
  change: Partial<Manifest> = {},
): Promise<void> {
  const store = storeOf(world);
  const manifest = manifestAt(world, referrer);
  const layer = await store.putBlob(bundle, manifest.layers[0]!.mediaType);
  const own = { ...manifest.layers[0]!, digest: layer.digest, size: layer.size };
  forget(world, referrer);
  const made = serializeManifest({ ...manifest, layers: [own], ...change });
  await store.putManifest(made, manifest.mediaType);
}

/** As reattach, with the bundle's JSON changed. */
export async function withBundle(
  world: World,
  referrer: Digest,
  // biome-ignore lint/suspicious/noExplicitAny: any field of it may be attacked
  change: (bundle: any) => void,
): Promise<void> {
  const bundle = JSON.parse(bundleAt(world, referrer).toString("utf8"));
  change(bundle);
  await reattach(world, referrer, Buffer.from(JSON.stringify(bundle)));
}

/** Base64 with one bit of what it stands for changed. */
export const flip64 = (text: string, share: number): string =>
  Buffer.from(flipped(Buffer.from(text, "base64"), share)).toString("base64");

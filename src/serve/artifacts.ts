// A hardened module → everything that is served of it: an artifact for each consumer, as `push --for` writes it, and the
// module itself, which the CNCF's layout has as a blob. Pure and deterministic, so that replicas answer the same bytes.
import { type Digest, digestOf, hexOf } from "../net/digest.ts";
import { type BuiltArtifact, buildArtifact, type WrittenLayout } from "../oci/build-artifact.ts";
import { type Consumer, consumers, imageLayouts } from "../spec/image-layouts.ts";
import { mediaTypes } from "../spec/oci.ts";

export interface ServedArtifact {
  readonly layout: WrittenLayout;
  readonly consumers: readonly Consumer[];
  readonly artifact: BuiltArtifact;
  /** Of the manifest. */
  readonly digest: Digest;
}

export const allConsumers = Object.keys(consumers) as readonly Consumer[];

/** The first layout of the table that the consumer accepts, as with `push --for`. */
export function usualLayout(consumer: Consumer): WrittenLayout {
  const rows = Object.entries(imageLayouts);
  const found = rows.find(([, row]) => (row.consumers as readonly Consumer[]).includes(consumer));
  return found![0] as WrittenLayout;
}

/** One artifact a layout, in the order of the consumers. */
export function artifactsOf(module: Uint8Array): readonly ServedArtifact[] {
  const layouts = [...new Set(allConsumers.map(usualLayout))];
  return layouts.map((layout) => {
    const artifact = buildArtifact({ module, layout });
    return {
      layout,
      consumers: allConsumers.filter((one) => usualLayout(one) === layout),
      artifact,
      digest: digestOf(artifact.manifest),
    };
  });
}

/** What is known of a content without its bytes. */
export interface ContentRow {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
}

/** One state of a plugin: what it was made from, and the names of all that is served of it. */
export interface Version {
  readonly plugin: string;
  /** Hex, of the module before and after hardening. */
  readonly original: string;
  readonly sha256: string;
  /** Of the manifest that the source came with. */
  readonly source: string | null;
  /** The source was hardened already, and verified. */
  readonly before: boolean;
  readonly module: ContentRow;
  readonly manifests: ReadonlyMap<Digest, ContentRow>;
  readonly blobs: ReadonlyMap<Digest, ContentRow>;
  /** `latest`, and every consumer's name. */
  readonly tags: ReadonlyMap<string, Digest>;
}

/** The names of what is served; `latest` is what the first consumer takes. */
export function versionOf(
  about: Pick<Version, "plugin" | "original" | "source" | "before">,
  artifacts: readonly ServedArtifact[],
  module: Uint8Array,
  latest: Consumer,
): Version {
  const digest = digestOf(module);
  const tags = new Map<string, Digest>();
  for (const one of artifacts) {
    if (one.consumers.includes(latest)) tags.set("latest", one.digest);
    for (const name of one.consumers) tags.set(name, one.digest);
  }
  const manifests = artifacts.map(({ artifact, digest }): [Digest, ContentRow] => {
    const { mediaType, manifest } = artifact;
    return [digest, { digest, mediaType, size: manifest.length }];
  });
  const blobs = artifacts
    .flatMap(({ artifact }) => artifact.blobs)
    .map(({ descriptor: { digest, size, mediaType } }): [Digest, ContentRow] => [
      digest,
      { digest, size, mediaType },
    ]);
  return {
    ...about,
    sha256: hexOf(digest),
    module: { digest, size: module.length, mediaType: mediaTypes.cncfContent },
    manifests: new Map(manifests),
    blobs: new Map(blobs),
    tags,
  };
}

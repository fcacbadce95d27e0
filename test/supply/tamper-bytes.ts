// Bytes changed where they lie, by somebody who can write to the disk: names and lengths stay, digests don't.
import { join } from "node:path";
import type { Code } from "../../src/errors/catalogue.ts";
import type { Digest } from "../../src/net/digest.ts";
import { fallbackTag } from "../../src/net/store.ts";
import { blobFile, type Case, flipped, manifestAt, rewrite, storeOf } from "./tamper-case.ts";
import type { Way, World } from "./world.ts";

type Site = (world: World) => Digest | Promise<Digest>;

/** Everything that a check reads, by what it is. */
const sites: readonly (readonly [string, Way, Site])[] = [
  ["the artifact's manifest", "bundle", (world) => world.first.digest],
  [
    "the artifact's configuration",
    "bundle",
    (world) => manifestAt(world, world.first.digest).config.digest,
  ],
  [
    "the layer with the module",
    "bundle",
    (world) => manifestAt(world, world.first.digest).layers[0]!.digest,
  ],
  ["the signature's manifest", "bundle", (world) => world.signature.digest],
  [
    "the signature's bundle",
    "bundle",
    (world) => manifestAt(world, world.signature.digest).layers[0]!.digest,
  ],
  ["the attestation's manifest", "bundle", (world) => world.attestation.digest],
  [
    "the attestation's bundle",
    "bundle",
    (world) => manifestAt(world, world.attestation.digest).layers[0]!.digest,
  ],
  ["the older signature's manifest", "legacy", (world) => world.signature.digest],
  [
    "the older signature's payload",
    "legacy",
    (world) => manifestAt(world, world.signature.digest).layers[0]!.digest,
  ],
];

const shares = [
  ["first", 0],
  ["middle", 0.5],
  ["last", 1],
] as const;

/** The configuration of an image says nothing about its module, and no check reads it. */
const unread = "the artifact's configuration";

const flips: readonly Case[] = sites
  .filter(([what]) => what !== unread)
  .flatMap(([what, way, site]) =>
    shares.map(([place, share]): Case => {
      return {
        name: `the ${place} byte of ${what} changed on disk`,
        way,
        code: "digest-mismatch",
        tamper: async (world) =>
          rewrite(blobFile(world, await site(world)), (bytes) => flipped(bytes, share)),
      };
    }),
  );

const cut: readonly Case[] = sites
  .filter(([what]) => what !== unread)
  .map(([what, way, site]): Case => {
    return {
      name: `${what} cut short on disk`,
      way,
      // The signature still holds; what is left of the attestation is none.
      code: what === "the attestation's bundle" ? "attestation-missing" : "blob-size",
      tamper: async (world) =>
        rewrite(blobFile(world, await site(world)), (bytes) => bytes.subarray(0, bytes.length - 1)),
    };
  });

const index = (name: string, code: Code, change: (text: string, world: World) => string): Case => ({
  name,
  way: "bundle",
  code,
  tamper: async (world) =>
    rewrite(join(world.folder, "index.json"), (bytes) =>
      Buffer.from(change(Buffer.from(bytes).toString("utf8"), world)),
    ),
});

const indexes: readonly Case[] = [
  index("the index names another digest for the tag", "blob-missing", (text, { first }) =>
    text.replaceAll(first.digest, `sha256:${"0".repeat(64)}`),
  ),
  index(
    "the index gives the tag to the other artifact",
    "attestation-original",
    (text, { first, second }) => {
      const swapped = text
        .replaceAll(first.digest, "FIRST")
        .replaceAll(second.digest, first.digest);
      return swapped.replaceAll("FIRST", second.digest);
    },
  ),
  index("the index is cut short", "manifest-malformed", (text) => text.slice(0, -1)),
  index("the index names the tag twice", "json-duplicate-key", (text) =>
    text.replace('"schemaVersion":2', '"schemaVersion":2,"schemaVersion":2'),
  ),
];

const annotation: Case = {
  name: "the older signature's annotation changed, with digests made right",
  way: "legacy",
  code: "signature-foreign",
  tamper: async (world) => {
    const store = storeOf(world);
    const { serializeManifest } = await import("../../src/net/manifest.ts");
    const manifest = manifestAt(world, world.signature.digest);
    const [layer] = manifest.layers;
    const [key, value] = Object.entries(layer!.annotations!)[0]!;
    const bytes = flipped(Buffer.from(value, "base64"), 0.8);
    const layers = [{ ...layer!, annotations: { [key]: Buffer.from(bytes).toString("base64") } }];
    const made = serializeManifest({ ...manifest, layers });
    await store.putManifest(made, manifest.mediaType, fallbackTag(world.first.digest, ".sig"));
  },
};

export const byteCases: readonly Case[] = [...flips, ...cut, ...indexes, annotation];

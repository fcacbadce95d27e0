// Artifacts exchanged, tags moved, layouts downgraded, signatures copied and deleted, and stores that answer otherwise the
// second time: every digest is right, and what is said is still not what was signed.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, serializeManifest } from "../../src/net/manifest.ts";
import type { StoredManifest } from "../../src/net/store.ts";
import { fallbackTag } from "../../src/net/store.ts";
import { buildArtifact } from "../../src/oci/build-artifact.ts";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import { writeArtifact } from "../../src/oci/write-artifact.ts";
import { attachBundle } from "../../src/signing/attach.ts";
import { predicateTypes } from "../../src/spec/signing.ts";
import {
  blobFile,
  bundleAt,
  type Case,
  flipped,
  forget,
  manifestAt,
  readBlob,
  reattach,
  rewrite,
  storeOf,
} from "./tamper-case.ts";
import { CREATED, first, put, second, type Twist, type Way, type World } from "./world.ts";

const moved =
  (module: () => Uint8Array, layout: "image" | "artifact" | "docker" | "cncf" = "image") =>
  async (world: World): Promise<void> => {
    await writeArtifact(storeOf(world), buildArtifact({ module: module(), layout }), "v1");
  };

/** Copies what is attached to the first artifact to whatever the tag points to now. */
async function copySignatures(world: World): Promise<void> {
  const store = storeOf(world);
  const { descriptor } = (await store.getManifest("v1"))!;
  for (const referrer of [world.signature, world.attestation]) {
    const predicateType =
      referrer === world.signature ? predicateTypes.signature : predicateTypes.hardened;
    await attachBundle(store, descriptor, bundleAt(world, referrer.digest), predicateType, CREATED);
  }
}

/** A store that answers like a folder, until it has been asked for a manifest by tag. */
class Fickle extends LayoutStore {
  readonly #then: () => Promise<void>;
  #asked = false;

  constructor(folder: string, then: () => Promise<void>) {
    super(folder);
    this.#then = then;
  }

  override async getManifest(target: string): Promise<StoredManifest | null> {
    const answer = await super.getManifest(target);
    if (!this.#asked) {
      this.#asked = true;
      await this.#then();
    }
    return answer;
  }
}

const after =
  (then: (world: World) => void | Promise<void>) =>
  async (world: World): Promise<Twist> => ({
    store: new Fickle(world.folder, async () => then(world)),
  });

const layerOf = (world: World) => manifestAt(world, world.first.digest).layers[0]!.digest;

const flippedModule = () => flipped(first.hardened, 0.7);
const ways: readonly Way[] = ["bundle", "legacy", "keyless"];

const replaced: readonly Case[] = ways.flatMap((way): readonly Case[] => [
  {
    name: "the tag moved to the plugin as it was shipped",
    way,
    code: "signature-missing",
    tamper: moved(() => first.original),
  },
  {
    name: "the tag moved to the same module with one byte changed",
    way,
    code: "signature-missing",
    tamper: moved(flippedModule),
  },
  {
    name: "the same module pushed again in another layout",
    way,
    code: "signature-missing",
    tamper: moved(() => first.hardened, "cncf"),
  },
  {
    name: "the same module pushed again as a Docker image",
    way,
    code: "signature-missing",
    tamper: moved(() => first.hardened, "docker"),
  },
]);

export const storeCases: readonly Case[] = [
  ...replaced,
  {
    name: "the tag moved to another plugin of the same author, hardened and signed too",
    way: "bundle",
    code: "attestation-original",
    tamper: async (world) => {
      const store = storeOf(world);
      const other = (await store.getManifest("other"))!;
      await store.putManifest(other.bytes, other.descriptor.mediaType, "v1");
    },
  },
  {
    name: "signature and attestation copied to a module with one byte changed",
    way: "bundle",
    code: "signature-replayed",
    tamper: async (world) => {
      await moved(flippedModule)(world);
      await copySignatures(world);
    },
  },
  {
    name: "signature and attestation copied to the plugin as it was shipped",
    way: "keyless",
    code: "signature-replayed",
    tamper: async (world) => {
      await moved(() => first.original)(world);
      await copySignatures(world);
    },
  },
  {
    name: "the other artifact's signature in place of this one's",
    way: "bundle",
    code: "signature-replayed",
    tamper: async (world) => {
      const [other] = await storeOf(world).listReferrers(world.second.digest);
      await reattach(world, world.signature.digest, bundleAt(world, other!.digest));
      forget(world, world.attestation.digest);
    },
  },
  {
    name: "the older signature's tag moved from the other artifact to this one",
    way: "legacy",
    code: "signature-retagged",
    tamper: async (world) => {
      const store = storeOf(world);
      const other = (await store.getManifest(fallbackTag(world.second.digest, ".sig")))!;
      const tag = fallbackTag(world.first.digest, ".sig");
      await store.putManifest(other.bytes, other.descriptor.mediaType, tag);
    },
  },
  {
    name: "the other artifact's attestation in place of this one's",
    way: "bundle",
    code: "attestation-missing",
    tamper: async (world) => {
      const others = await storeOf(world).listReferrers(world.second.digest);
      const bundles = others.map(({ digest }) => bundleAt(world, digest));
      const attestation = bundles.find((one) => payloadOf(one).includes(predicateTypes.hardened))!;
      await reattach(world, world.attestation.digest, attestation);
    },
  },
  {
    name: "the signature deleted",
    way: "bundle",
    code: "signature-missing",
    tamper: async (world) => forget(world, world.signature.digest),
  },
  {
    name: "the older signature deleted",
    way: "legacy",
    code: "signature-missing",
    tamper: async (world) => forget(world, world.signature.digest),
  },
  {
    name: "the attestation deleted",
    way: "keyless",
    code: "attestation-missing",
    tamper: async (world) => forget(world, world.attestation.digest),
  },
  {
    name: "a referrer about another artifact listed for this one",
    way: "bundle",
    code: "signature-referrer",
    tamper: async (world) => {
      const { first: own, second: other } = world;
      const subject = { mediaType: other.mediaType, digest: other.digest, size: other.size };
      await reattach(world, world.signature.digest, bundleAt(world, world.signature.digest), {
        subject,
      });
      class Listing extends LayoutStore {
        override async listReferrers() {
          return [
            ...(await super.listReferrers(own.digest)),
            ...(await super.listReferrers(other.digest)),
          ];
        }
      }
      return { store: new Listing(world.folder) };
    },
  },
  {
    name: "the manifest's layer exchanged for the other plugin's, under the same tag",
    way: "bundle",
    code: "signature-missing",
    tamper: async (world) => {
      const manifest = manifestAt(world, world.first.digest);
      const other = manifestAt(world, world.second.digest);
      const made: Manifest = { ...manifest, layers: other.layers };
      await storeOf(world).putManifest(serializeManifest(made), manifest.mediaType, "v1");
    },
  },
  {
    name: "two plugins in one manifest, the other one last",
    way: "bundle",
    code: "signature-missing",
    tamper: async (world) => {
      const manifest = manifestAt(world, world.first.digest);
      const other = manifestAt(world, world.second.digest);
      const made: Manifest = { ...manifest, layers: [...manifest.layers, ...other.layers] };
      await storeOf(world).putManifest(serializeManifest(made), manifest.mediaType, "v1");
    },
  },
  {
    name: "the layer's bytes exchanged for the other plugin's on disk",
    way: "bundle",
    code: "blob-size",
    tamper: async (world) => {
      const other = readBlob(world, manifestAt(world, world.second.digest).layers[0]!.digest);
      rewrite(blobFile(world, layerOf(world)), () => Buffer.concat([other, Buffer.from([0])]));
    },
  },
  {
    name: "the tag moves after the manifest was read, and its layer is changed",
    way: "bundle",
    code: "digest-mismatch",
    tamper: after(async (world) => {
      await put(storeOf(world), second.hardened, "v1");
      rewrite(blobFile(world, layerOf(world)), (bytes) => flipped(bytes, 0.5));
    }),
  },
  {
    name: "the layer is gone after the manifest was read",
    way: "bundle",
    code: "blob-missing",
    tamper: after((world) => rmSync(blobFile(world, layerOf(world)))),
  },
  {
    name: "the signature is changed after the manifest was read",
    way: "bundle",
    code: "digest-mismatch",
    tamper: after((world) => {
      const { layers } = manifestAt(world, world.signature.digest);
      rewrite(blobFile(world, layers[0]!.digest), (bytes) => flipped(bytes, 0.5));
    }),
  },
  {
    name: "the signature's manifest is changed after the artifact's was read",
    way: "keyless",
    code: "digest-mismatch",
    tamper: after((world) =>
      rewrite(blobFile(world, world.signature.digest), (bytes) => flipped(bytes, 0.5)),
    ),
  },
  {
    name: "the manifest under a digest answers other bytes the second time",
    way: "bundle",
    code: "digest-mismatch",
    tamper: async (world) => {
      rewrite(blobFile(world, world.first.digest), () => readBlob(world, world.second.digest));
      return { target: world.first.digest };
    },
  },
  {
    name: "a lock demands the old content, the tag has been moved since",
    way: "bundle",
    code: "lock-pin",
    tamper: async (world) => {
      await put(storeOf(world), second.hardened, "v1");
      return { wanted: { pin: { digest: world.first.digest, name: "tampered" } } };
    },
  },
  {
    name: "the folder of blobs emptied",
    way: "bundle",
    code: "blob-missing",
    tamper: async (world) => rmSync(join(world.folder, "blobs"), { recursive: true }),
  },
];

function payloadOf(bundle: Buffer): string {
  const { dsseEnvelope } = JSON.parse(bundle.toString("utf8"));
  return Buffer.from(dsseEnvelope.payload, "base64").toString("utf8");
}

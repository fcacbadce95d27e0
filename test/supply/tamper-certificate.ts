// Signatures by certificate: each part of the proof changed by itself, and proofs of another instance, identity or time.

import type { Code } from "../../src/errors/catalogue.ts";
import { signArtifact } from "../../src/signing/sign.ts";
import { sigstore, tokenFor } from "./sigstore.ts";
import { type Case, flip64, forget, storeOf, withBundle } from "./tamper-case.ts";
import { byToken, CREATED, IDENTITY_OF, instance, keylessTrust, type World } from "./world.ts";

// biome-ignore lint/suspicious/noExplicitAny: any field of it may be attacked
type Json = any;

const part = (name: string, code: Code, change: (bundle: Json) => void): Case => ({
  name,
  way: "keyless",
  code,
  tamper: (world) => withBundle(world, world.signature.digest, change),
});

const entryOf = (bundle: Json): Json => bundle.verificationMaterial.tlogEntries[0];

/** Places in a certificate: its names and keys, its extensions with the log's promise, its signature. */
const certificate = (
  [
    ["body", 0.3],
    ["extensions", 0.75],
    ["signature", 0.97],
  ] as const
).map(([place, share]) =>
  part(`a bit of the certificate's ${place} changed`, "signature-certificate", (bundle) => {
    const { certificate: own } = bundle.verificationMaterial;
    own.rawBytes = flip64(own.rawBytes, share);
  }),
);

const parts: readonly Case[] = [
  ...certificate,
  part("the certificate cut short", "bundle-malformed", (bundle) => {
    const { certificate: own } = bundle.verificationMaterial;
    own.rawBytes = Buffer.from(own.rawBytes, "base64").subarray(0, -10).toString("base64");
  }),
  part("a bit of the signature changed", "signature-timestamp", ({ dsseEnvelope }) => {
    dsseEnvelope.signatures[0].sig = flip64(dsseEnvelope.signatures[0].sig, 0.5);
  }),
  part("a bit of the statement changed", "signature-log", ({ dsseEnvelope }) => {
    dsseEnvelope.payload = flip64(dsseEnvelope.payload, 0.5);
  }),
  part("the log entry removed", "signature-log", (bundle) => {
    bundle.verificationMaterial.tlogEntries = [];
  }),
  part("a bit of the log's promise changed", "signature-log", (bundle) => {
    const { inclusionPromise } = entryOf(bundle);
    inclusionPromise.signedEntryTimestamp = flip64(inclusionPromise.signedEntryTimestamp, 0.5);
  }),
  part("a bit of the log's body changed", "signature-log", (bundle) => {
    entryOf(bundle).canonicalizedBody = flip64(entryOf(bundle).canonicalizedBody, 0.5);
  }),
  part("the log's time moved back by a minute", "signature-log", (bundle) => {
    entryOf(bundle).integratedTime = String(Number(entryOf(bundle).integratedTime) + 60);
  }),
  part("the log's time moved out of the certificate's", "signature-stale", (bundle) => {
    entryOf(bundle).integratedTime = String(Number(entryOf(bundle).integratedTime) + 3600);
  }),
  part("the entry counted twice", "signature-timestamp", (bundle) => {
    bundle.verificationMaterial.tlogEntries.push(entryOf(bundle));
  }),
  part("the root hash of the log's proof changed", "signature-log", (bundle) => {
    const { inclusionProof } = entryOf(bundle);
    inclusionProof.rootHash = flip64(inclusionProof.rootHash, 0.5);
  }),
  part("the log's checkpoint changed", "signature-log", (bundle) => {
    const { checkpoint } = entryOf(bundle).inclusionProof;
    checkpoint.envelope = checkpoint.envelope.replace("\n1\n", "\n2\n");
  }),
  part("a bit of the timestamp changed", "signature-timestamp", (bundle) => {
    const [stamp] = bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
    stamp.signedTimestamp = flip64(stamp.signedTimestamp, 0.95);
  }),
];

async function signedBy(world: World, signer: ReturnType<typeof byToken>): Promise<void> {
  forget(world, world.signature.digest);
  await signArtifact(storeOf(world), world.first, {}, signer, CREATED);
}

export const certificateCases: readonly Case[] = [
  ...parts,
  {
    name: "a signature of another sigstore instance",
    way: "keyless",
    code: "signature-timestamp",
    tamper: async (world) => signedBy(world, byToken(await sigstore())),
  },
  {
    name: "a signature of another sigstore instance without a clock of its own",
    way: "keyless",
    code: "signature-certificate",
    tamper: async (world) => signedBy(world, byToken(await sigstore({ timestamps: false }))),
  },
  {
    name: "a certificate that had expired when it was used",
    way: "keyless",
    code: "signature-stale",
    tamper: async (world) => {
      const old = await sigstore({ issued: new Date(Date.now() - 3_600_000) });
      await signedBy(world, byToken(old));
      return { wanted: { trust: await keylessTrust(old.root) } };
    },
  },
  {
    name: "a good signature by somebody else",
    way: "keyless",
    code: "signature-identity",
    tamper: async (world) =>
      signedBy(
        world,
        byToken(instance, tokenFor({ sub: "https://evil.example.com", iss: IDENTITY_OF.issuer })),
      ),
  },
  {
    name: "a good signature by an identity that the wanted one only begins with",
    way: "keyless",
    code: "signature-identity",
    tamper: async (world) =>
      signedBy(
        world,
        byToken(
          instance,
          tokenFor({ sub: `${IDENTITY_OF.subject}.evil`, iss: IDENTITY_OF.issuer }),
        ),
      ),
  },
  {
    name: "a good signature by the same name of another provider",
    way: "keyless",
    code: "signature-identity",
    tamper: async (world) =>
      signedBy(
        world,
        byToken(instance, tokenFor({ sub: IDENTITY_OF.subject, iss: "https://evil.example.com" })),
      ),
  },
  {
    name: "a good signature by certificate where only keys are trusted",
    way: "keyless",
    code: "signature-foreign",
    tamper: async ({ trust }) => ({ wanted: { trust: { ...trust, root: null } } }),
  },
];

// Bundles and payloads changed, with all digests made right again, or made anew by somebody with another key: what only
// a signature can tell. And what the author signed, said of something else.
import { hexOf } from "../../src/net/digest.ts";
import { attachBundle } from "../../src/signing/attach.ts";
import { signWithKey } from "../../src/signing/bundle.ts";
import { signArtifact, signatureStatement, signLegacy } from "../../src/signing/sign.ts";
import { writeStatement } from "../../src/signing/statement.ts";
import { everyKey } from "../../src/signing/trust.ts";
import { predicateTypes, signingTypes } from "../../src/spec/signing.ts";
import {
  bundleAt,
  type Case,
  flip64,
  forget,
  reattach,
  storeOf,
  withBundle,
} from "./tamper-case.ts";
import {
  attest,
  author,
  byKey,
  CREATED,
  first,
  hardening,
  otherPolicyDigest,
  second,
  stranger,
  type World,
} from "./world.ts";

/** A bundle of the test, in its JSON. */
// biome-ignore lint/suspicious/noExplicitAny: any field of it may be attacked
type Json = any;

const onSignature =
  (change: (bundle: Json) => void) =>
  (world: World): Promise<void> =>
    withBundle(world, world.signature.digest, change);

const onAttestation =
  (change: (bundle: Json) => void) =>
  (world: World): Promise<void> =>
    withBundle(world, world.attestation.digest, change);

/** The statement in a bundle, changed without anybody signing it again. */
const restated = (change: (statement: Json) => void) => (bundle: Json) => {
  const { dsseEnvelope } = bundle;
  const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString("utf8"));
  change(statement);
  dsseEnvelope.payload = Buffer.from(JSON.stringify(statement)).toString("base64");
};

/** The signature replaced by one of these bytes, rightly attached. */
const signedAgain =
  (bundle: (world: World) => Uint8Array) =>
  (world: World): Promise<void> =>
    reattach(world, world.signature.digest, bundle(world));

const attestedAgain =
  (lies: Parameters<typeof hardening>[1], of = first, key = author) =>
  async (world: World): Promise<void> => {
    forget(world, world.attestation.digest);
    await attest(storeOf(world), world.first, hardening(of, lies), byKey(key));
  };

const zeros = "0".repeat(64);

const changed: readonly Case[] = (
  [
    ["first", 0],
    ["tenth", 0.15],
    ["middle", 0.5],
    ["last", 1],
  ] as const
).flatMap(([place, share]): readonly Case[] => [
  {
    name: `a bit of the ${place} byte of the signature changed`,
    way: "bundle",
    code: "signature-invalid",
    tamper: onSignature(({ dsseEnvelope }) => {
      dsseEnvelope.signatures[0].sig = flip64(dsseEnvelope.signatures[0].sig, share);
    }),
  },
  {
    name: `a bit of the ${place} byte of the signed statement changed`,
    way: "bundle",
    code: "signature-invalid",
    tamper: onSignature(({ dsseEnvelope }) => {
      dsseEnvelope.payload = flip64(dsseEnvelope.payload, share);
    }),
  },
  {
    name: `a bit of the ${place} byte of the attestation's statement changed`,
    way: "bundle",
    code: "attestation-missing",
    tamper: onAttestation(({ dsseEnvelope }) => {
      dsseEnvelope.payload = flip64(dsseEnvelope.payload, share);
    }),
  },
  {
    name: `a bit of the ${place} byte of the attestation's signature changed`,
    way: "bundle",
    code: "attestation-missing",
    tamper: onAttestation(({ dsseEnvelope }) => {
      dsseEnvelope.signatures[0].sig = flip64(dsseEnvelope.signatures[0].sig, share);
    }),
  },
]);

const forms: readonly Case[] = [
  {
    name: "the payload's type changed",
    way: "bundle",
    code: "signature-invalid",
    tamper: onSignature(({ dsseEnvelope }) => {
      dsseEnvelope.payloadType = "application/json";
    }),
  },
  {
    name: "a payload of another type, signed by the author for another purpose",
    way: "bundle",
    code: "signature-payload-type",
    tamper: signedAgain((world) =>
      signWithKey("application/json", signatureStatement(world.first.digest, {}), author),
    ),
  },
  {
    name: "the hint names the author on a stranger's signature",
    way: "bundle",
    code: "signature-invalid",
    tamper: async (world) => {
      const foreign = signWithKey(
        signingTypes.inToto,
        signatureStatement(world.first.digest, {}),
        stranger,
      );
      const own = JSON.parse(bundleAt(world, world.signature.digest).toString("utf8"));
      const bundle = JSON.parse(Buffer.from(foreign).toString("utf8"));
      bundle.verificationMaterial.publicKey = own.verificationMaterial.publicKey;
      await reattach(world, world.signature.digest, Buffer.from(JSON.stringify(bundle)));
    },
  },
  {
    name: "a stranger's signature",
    way: "bundle",
    code: "signature-foreign",
    tamper: signedAgain((world) =>
      signWithKey(signingTypes.inToto, signatureStatement(world.first.digest, {}), stranger),
    ),
  },
  {
    name: "a stranger's older signature",
    way: "legacy",
    code: "signature-foreign",
    tamper: async (world) => {
      forget(world, world.signature.digest);
      await signLegacy(storeOf(world), world.first, {}, stranger);
    },
  },
  {
    name: "the signature cut short",
    way: "bundle",
    code: "signature-truncated",
    tamper: onSignature(({ dsseEnvelope }) => {
      const bytes = Buffer.from(dsseEnvelope.signatures[0].sig, "base64");
      dsseEnvelope.signatures[0].sig = bytes.subarray(0, -1).toString("base64");
    }),
  },
  {
    name: "the signature empty",
    way: "bundle",
    code: "bundle-malformed",
    tamper: onSignature(({ dsseEnvelope }) => {
      dsseEnvelope.signatures[0].sig = "";
    }),
  },
  {
    name: "no signature in the envelope",
    way: "bundle",
    code: "bundle-malformed",
    tamper: onSignature(({ dsseEnvelope }) => {
      dsseEnvelope.signatures = [];
    }),
  },
  {
    name: "two signatures in the envelope",
    way: "bundle",
    code: "bundle-malformed",
    tamper: onSignature(({ dsseEnvelope }) => {
      dsseEnvelope.signatures = [...dsseEnvelope.signatures, ...dsseEnvelope.signatures];
    }),
  },
  {
    name: "the bundle cut in its middle",
    way: "bundle",
    code: "signature-truncated",
    tamper: signedAgain((world) => {
      const bytes = bundleAt(world, world.signature.digest);
      return bytes.subarray(0, bytes.length / 2);
    }),
  },
  {
    name: "the bundle with a key twice",
    way: "bundle",
    code: "json-duplicate-key",
    tamper: signedAgain((world) => {
      const text = bundleAt(world, world.signature.digest).toString("utf8");
      return Buffer.from(text.replace("{", '{"mediaType":"x",'));
    }),
  },
  {
    name: "a bundle of an unknown version",
    way: "bundle",
    code: "bundle-type",
    tamper: onSignature((bundle) => {
      bundle.mediaType = "application/vnd.dev.sigstore.bundle.v9.9+json";
    }),
  },
  {
    name: "a bundle that names no key",
    way: "bundle",
    code: "bundle-malformed",
    tamper: onSignature((bundle) => {
      bundle.verificationMaterial = {};
    }),
  },
  {
    name: "a bundle of a megabyte",
    way: "bundle",
    code: "blob-too-large",
    tamper: onSignature((bundle) => {
      bundle.padding = "x".repeat(1024 * 1024);
    }),
  },
  {
    name: "the statement's subject exchanged, unsigned",
    way: "bundle",
    code: "signature-invalid",
    tamper: onSignature(
      restated((statement) => {
        statement.subject[0].digest.sha256 = zeros;
      }),
    ),
  },
];

const claims: readonly Case[] = [
  {
    name: "the author's attestation in place of a signature",
    way: "bundle",
    code: "signature-missing",
    tamper: async (world) => forget(world, world.signature.digest),
  },
  {
    name: "the author's signature in place of an attestation",
    way: "bundle",
    code: "attestation-missing",
    tamper: async (world) => forget(world, world.attestation.digest),
  },
  {
    name: "a stranger's attestation",
    way: "bundle",
    code: "attestation-missing",
    tamper: attestedAgain({}, first, stranger),
  },
  {
    name: "an attestation of another policy",
    way: "bundle",
    code: "attestation-policy",
    tamper: attestedAgain({ policy: { name: "tampered", digest: otherPolicyDigest } }),
  },
  {
    name: "an attestation that says another module, of this manifest",
    way: "bundle",
    code: "attestation-module",
    tamper: attestedAgain({}, second),
  },
  {
    name: "an attestation of another original than the policy pins",
    way: "bundle",
    code: "attestation-original",
    tamper: attestedAgain({ original: { sha256: zeros, reference: null, manifest: null } }),
  },
  {
    name: "an attestation without the word verified",
    way: "bundle",
    code: "attestation-predicate",
    tamper: async (world) => {
      forget(world, world.attestation.digest);
      const statement = writeStatement({
        subjects: [{ sha256: hexOf(world.first.digest), annotations: {} }],
        predicateType: predicateTypes.hardened,
        predicate: {},
      });
      const bundle = signWithKey(signingTypes.inToto, statement, author);
      await attachBundle(storeOf(world), world.first, bundle, predicateTypes.hardened, CREATED);
    },
  },
  {
    name: "one of two signers who must have signed",
    way: "bundle",
    code: "signature-threshold",
    tamper: async ({ trust }) => ({
      wanted: { trust: { ...trust, keys: [author.public, stranger.public], threshold: 2 } },
    }),
  },
  {
    name: "the same signer twice where two must have signed",
    way: "bundle",
    code: "signature-threshold",
    tamper: async (world) => {
      await signArtifact(storeOf(world), world.first, {}, byKey(author), "2026-01-02T00:00:00Z");
      await signLegacy(storeOf(world), world.first, {}, author);
      const keys = [author.public, { ...author.public, name: "copy.pub" }, stranger.public];
      return { wanted: { trust: { ...everyKey(keys), threshold: 2 } } };
    },
  },
  {
    name: "a signature without the annotation that must be signed",
    way: "bundle",
    code: "signature-annotations",
    tamper: async ({ trust }) => ({
      wanted: { trust: { ...trust, annotations: { stage: "production" } } },
    }),
  },
  {
    name: "an older signature with another annotation than must be signed",
    way: "legacy",
    code: "signature-annotations",
    tamper: async (world) => {
      forget(world, world.signature.digest);
      await signLegacy(storeOf(world), world.first, { stage: "test" }, author);
      const { trust } = world;
      return { wanted: { trust: { ...trust, annotations: { stage: "production" } } } };
    },
  },
];

export const claimCases: readonly Case[] = [...changed, ...forms, ...claims];

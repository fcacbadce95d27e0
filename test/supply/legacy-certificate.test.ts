// Signatures by certificate in cosign's older form, under the tag: made here as cosign 2 makes them, judged by the same
// reader as bundles, and refused for each part that is changed.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Failure } from "../../src/errors/failure.ts";
import { type Digest, hexOf } from "../../src/net/digest.ts";
import { type Manifest, parseManifest, serializeManifest } from "../../src/net/manifest.ts";
import { fallbackTag } from "../../src/net/store.ts";
import { buildArtifact } from "../../src/oci/build-artifact.ts";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import { writeArtifact } from "../../src/oci/write-artifact.ts";
import { attachLegacy } from "../../src/signing/attach.ts";
import { writeSimplePayload } from "../../src/signing/simple-signing.ts";
import type { Trust } from "../../src/signing/trust.ts";
import { parseTrustedRoot } from "../../src/signing/trusted-root.ts";
import { mediaTypes } from "../../src/spec/oci.ts";
import { servicePaths } from "../../src/spec/signing.ts";
import { openArtifact } from "../../src/supply/artifact.ts";
import { checkSignatures } from "../../src/supply/source.ts";
import { wat } from "../wat.ts";
import { AUTHORITY, CLOCK, IDENTITY, LOG, sigstore, TOKEN } from "./sigstore.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-legacy-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const instance = await sigstore();
const { post } = instance.services;
const base64 = (bytes: Uint8Array | string): string =>
  Buffer.from(bytes as string).toString("base64");
// biome-ignore lint/suspicious/noExplicitAny: whatever the services answer
const asked = async (url: string, body: object): Promise<any> =>
  JSON.parse(Buffer.from(await post(url, body, 1 << 20)).toString());

/** The annotations that cosign leaves beside the payload. */
async function annotationsFor(payload: Uint8Array): Promise<Record<string, string>> {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = pair.publicKey.export({ type: "spki", format: "pem" });
  const proof = sign("sha256", Buffer.from(IDENTITY.subject), pair.privateKey);
  const issued = await asked(AUTHORITY + servicePaths.certificate, {
    credentials: { oidcIdentityToken: TOKEN },
    publicKeyRequest: {
      publicKey: { algorithm: "ECDSA", content: publicKey },
      proofOfPossession: base64(proof),
    },
  });
  const [certificate, ...chain] = issued.signedCertificateEmbeddedSct.chain.certificates;
  const signature = sign("sha256", payload, pair.privateKey);
  const value = createHash("sha256").update(payload).digest("hex");
  const logged = await asked(LOG + servicePaths.logEntries, {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value } },
      signature: { content: base64(signature), publicKey: { content: base64(certificate) } },
    },
  });
  const [entry] = Object.values(logged) as readonly Record<string, Record<string, unknown>>[];
  const { body, integratedTime, logIndex, logID, verification } = entry!;
  const stamp = await post(
    CLOCK + servicePaths.timestamp,
    {
      artifactHash: createHash("sha256").update(signature).digest("base64"),
      hashAlgorithm: "sha256",
      certificates: true,
    },
    1 << 20,
  );
  return {
    "dev.cosignproject.cosign/signature": base64(signature),
    "dev.sigstore.cosign/certificate": certificate,
    "dev.sigstore.cosign/chain": chain.join("\n"),
    "dev.sigstore.cosign/bundle": JSON.stringify({
      SignedEntryTimestamp: verification!.signedEntryTimestamp,
      Payload: { body, integratedTime, logIndex, logID },
    }),
    "dev.sigstore.cosign/rfc3161timestamp": JSON.stringify({
      SignedRFC3161Timestamp: base64(stamp),
    }),
  };
}

const module = wat("(module)");
let folders = 0;

interface Twist {
  readonly annotations?: (all: Record<string, string>) => void;
  readonly signed?: Digest;
  readonly trust?: Partial<Trust>;
}

/** Who signed an artifact whose signature has been twisted, or the code that it was refused with. */
async function signersOf({ annotations: change, signed, trust = {} }: Twist): Promise<unknown> {
  const store = new LayoutStore(join(scratch, String(folders++)));
  const subject = await writeArtifact(store, buildArtifact({ module, layout: "image" }), "v1");
  const claimed = signed ?? subject.digest;
  const payload = writeSimplePayload({
    sha256: hexOf(claimed),
    repository: "registry.example.com/plugin",
    annotations: {},
  });
  const annotations = await annotationsFor(payload);
  change?.(annotations);
  const own = Buffer.from(annotations["dev.cosignproject.cosign/signature"]!, "base64");
  await attachLegacy(store, subject.digest, payload, own);
  const tag = fallbackTag(subject.digest, ".sig");
  const stored = (await store.getManifest(tag))!;
  const image = parseManifest(stored.bytes, stored.descriptor.mediaType, tag) as Manifest;
  const layers = image.layers.map((one) => ({ ...one, annotations }));
  await store.putManifest(serializeManifest({ ...image, layers }), mediaTypes.ociManifest, tag);

  const artifact = await openArtifact(store, "v1", "the artifact", null, { signatures: true });
  const root = await parseTrustedRoot(Buffer.from(instance.root), "trusted_root.json");
  const usual = { keys: [], identities: [IDENTITY], root, threshold: 1, annotations: {} };
  try {
    const signers = await checkSignatures(artifact, { ...usual, ...trust });
    return signers.map(({ name }) => name);
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
}

const inLog =
  (change: (log: Record<string, Record<string, unknown>>) => void) =>
  (all: Record<string, string>): void => {
    const log = JSON.parse(all["dev.sigstore.cosign/bundle"]!);
    change(log);
    all["dev.sigstore.cosign/bundle"] = JSON.stringify(log);
  };

test("a certificate beside the older payload says who signed, with the log's promise as its proof", async () => {
  const name = `${IDENTITY.subject} (${IDENTITY.issuer})`;
  assert.deepEqual(await signersOf({}), [name]);
  const noClock = {
    annotations: (all: Record<string, string>) =>
      void delete all["dev.sigstore.cosign/rfc3161timestamp"],
  };
  assert.deepEqual(await signersOf(noClock), [name]);
});

const refused: readonly (readonly [string, Twist, string])[] = [
  [
    "another identity is wanted",
    { trust: { identities: [{ ...IDENTITY, subject: "https://ci.example.com/other" }] } },
    "signature-identity",
  ],
  ["only keys are trusted", { trust: { root: null } }, "signature-foreign"],
  ["another manifest is signed", { signed: `sha256:${"1".repeat(64)}` }, "signature-retagged"],
  [
    "the log's promise is missing",
    { annotations: (all) => void delete all["dev.sigstore.cosign/bundle"] },
    "signature-log",
  ],
  [
    "the log's time is moved",
    {
      annotations: inLog(
        ({ Payload }) => void (Payload!.integratedTime = Number(Payload!.integratedTime) + 1),
      ),
    },
    "signature-log",
  ],
  [
    "the log's time is out of the certificate's",
    { annotations: inLog(({ Payload }) => void (Payload!.integratedTime = 1_600_000_000)) },
    "signature-stale",
  ],
  [
    "the entry is of another signature",
    {
      annotations: inLog(({ Payload }) => {
        const body = JSON.parse(Buffer.from(String(Payload!.body), "base64").toString());
        body.spec.signature.content = base64("another");
        Payload!.body = base64(JSON.stringify(body));
      }),
    },
    "signature-log",
  ],
  [
    "the entry lacks its index",
    { annotations: inLog(({ Payload }) => void delete Payload!.logIndex) },
    "bundle-malformed",
  ],
  [
    "the certificate is none",
    { annotations: (all) => void (all["dev.sigstore.cosign/certificate"] = "certificate") },
    "bundle-malformed",
  ],
  [
    "the entry has a key twice",
    {
      annotations: (all) => void (all["dev.sigstore.cosign/bundle"] = '{"Payload":1,"Payload":2}'),
    },
    "json-duplicate-key",
  ],
  [
    "the timestamp is none",
    { annotations: (all) => void (all["dev.sigstore.cosign/rfc3161timestamp"] = "{}") },
    "bundle-malformed",
  ],
];

for (const [name, twist, code] of refused) {
  test(`an older signature by certificate is refused where ${name}`, async () => {
    assert.equal(await signersOf(twist), code);
  });
}

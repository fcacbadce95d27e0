// An artifact that somebody who can write to the registry has exchanged: another module under the same tag, every digest
// right, the author's signature copied to it. The registry is a folder in OCI image layout.
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../errors/failure.ts";
import type { Descriptor } from "../../net/manifest.ts";
import { buildArtifact } from "../../oci/build-artifact.ts";
import { LayoutStore } from "../../oci/layout-store.ts";
import { writeArtifact } from "../../oci/write-artifact.ts";
import { attachBundle } from "../../signing/attach.ts";
import { signWithKey } from "../../signing/bundle.ts";
import { candidatesOf } from "../../signing/candidates.ts";
import { type SigningKey, signingKey } from "../../signing/private-key.ts";
import { signArtifact } from "../../signing/sign.ts";
import { predicateTypes } from "../../spec/signing.ts";
import { openArtifact } from "../../supply/artifact.ts";
import { checkSource } from "../../supply/source.ts";
import { keepFolder } from "../at-end.ts";
import type { Case, Cell, Measured } from "../case.ts";
import { type Lab, PATIENCE } from "../lab.ts";
import { hungText, refusal } from "../words.ts";
import { tampered } from "./digest.ts";

export const EXCHANGE =
  "a signed artifact whose tag is moved to another module with a valid manifest, then with the signature copied to it; held when the signed one is accepted and both others are refused, each with its code";

const NAME = "header-tag";
const TAG = "v1";
const CREATED = "2026-01-01T00:00:00Z";

type Refusal = { readonly code: string; readonly message: string };

/** What asks for signatures says to what the tag has now. */
async function asked(store: LayoutStore, key: SigningKey): Promise<Refusal | null> {
  const artifact = await openArtifact(store, TAG, `${store.name}:${TAG}`, null);
  try {
    await checkSource(artifact, { manifest: null, signedBy: [key.public] });
    return null;
  } catch (error) {
    if (error instanceof Failure) return { code: error.code, message: error.message };
    throw error;
  }
}

const push = (store: LayoutStore, module: Uint8Array): Promise<Descriptor> =>
  writeArtifact(store, buildArtifact({ module, layout: "image" }), TAG);

/** Copies what is attached to one artifact to another. */
async function copySignature(store: LayoutStore, from: Descriptor, to: Descriptor): Promise<void> {
  for (const one of await candidatesOf(store, from.digest)) {
    if (one.kind !== "bundle") continue;
    await attachBundle(store, to, one.bytes, predicateTypes.signature, CREATED);
  }
}

interface Seen {
  readonly signed: Refusal | null;
  readonly exchanged: Refusal | null;
  readonly copied: Refusal | null;
  /** What a host that asks for no signature is given. */
  readonly pulled: Uint8Array;
}

async function exchange(bytes: Uint8Array, folder: string): Promise<Seen> {
  const store = new LayoutStore(folder);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = signingKey(privateKey, "author.pub");
  const first = await push(store, bytes);
  await signArtifact(
    store,
    first,
    {},
    async (type, payload) => signWithKey(type, payload, key),
    CREATED,
  );
  const signed = await asked(store, key);
  const second = await push(store, tampered(bytes));
  const exchanged = await asked(store, key);
  await copySignature(store, first, second);
  const copied = await asked(store, key);
  const { module } = await openArtifact(store, TAG, TAG, null);
  return { signed, exchanged, copied, pulled: module };
}

async function stockCell(lab: Lab, name: string, pulled: Uint8Array): Promise<Cell> {
  const run = await lab.play([lab.load(name, pulled, "stock", {})], PATIENCE);
  const [seen] = run.seen;
  if (seen?.do !== "load") return { text: hungText(run), data: { hung: run.hung } };
  if (seen.refused !== null) return refusal(seen.refused);
  return {
    text: `pulled with every digest right, loaded, ${seen.state}`,
    data: { state: seen.state },
  };
}

/** What asks for signatures says to each, and the exchanged module as a host is given it that asks for none. */
export async function exchanged(bytes: Uint8Array) {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-trial-"));
  const remove = keepFolder(folder);
  try {
    const { signed, exchanged, copied, pulled } = await exchange(bytes, folder);
    const codes = [exchanged?.code ?? "accepted", copied?.code ?? "accepted"];
    const held =
      signed === null && codes[0] === "signature-missing" && codes[1] === "signature-replayed";
    const before = signed === null ? "signed: accepted" : `signed: ${signed.code}`;
    const text = `${before}; exchanged: ${codes[0]}; with the signature copied to it: ${codes[1]}`;
    return { held, pulled, cell: { text, data: { signed, exchanged, copied } } };
  } finally {
    remove();
  }
}

/** The exchange of one plugin; for any plugin. */
export async function measureExchange(lab: Lab, name: string): Promise<Measured> {
  const { held, pulled, cell } = await exchanged(lab.bytes(name));
  return { unhardened: await stockCell(lab, name, pulled), hardened: cell, held, details: [] };
}

export const tamperedArtifact: Case = {
  id: "tampered-artifact",
  table: "failure-modes",
  signal: "Plugin OCI artifact pulled from compromised registry",
  measurement: EXCHANGE,
  plugins: [NAME],
  measure: (lab) => measureExchange(lab, NAME),
};

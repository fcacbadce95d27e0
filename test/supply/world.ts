// What the tests of the supply chain attack: a folder in OCI image layout with two hardened plugins, each signed and
// attested, in one of three ways. Built once a way; each case works on a copy.
import { createHash, generateKeyPairSync } from "node:crypto";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contain } from "../../src/contain/contain.ts";
import { Failure } from "../../src/errors/failure.ts";
import type { Descriptor } from "../../src/net/manifest.ts";
import { buildArtifact } from "../../src/oci/build-artifact.ts";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import { writeArtifact } from "../../src/oci/write-artifact.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { attachBundle } from "../../src/signing/attach.ts";
import { signWithKey } from "../../src/signing/bundle.ts";
import { signWithToken } from "../../src/signing/keyless-sign.ts";
import { type SigningKey, signingKey } from "../../src/signing/private-key.ts";
import { type Hardening, writeHardening } from "../../src/signing/provenance.ts";
import { type BundleSigner, signArtifact, signLegacy } from "../../src/signing/sign.ts";
import { everyKey, type Trust } from "../../src/signing/trust.ts";
import { parseTrustedRoot } from "../../src/signing/trusted-root.ts";
import { predicateTypes, signingTypes } from "../../src/spec/signing.ts";
import { openArtifact } from "../../src/supply/artifact.ts";
import {
  type ArtifactReport,
  checkArtifact,
  type Wanted,
} from "../../src/supply/check-artifact.ts";
import { wat } from "../wat.ts";
import { IDENTITY as IDENTITY_OF, type Sigstore, sigstore, TOKEN } from "./sigstore.ts";

const plugin = (constant: number): Uint8Array =>
  wat(`(module
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const ${constant})
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $log (i32.const 2) (i32.const 0) (i32.const 0))) i32.const 0))`);

export const policy = policyFromRole("logging", { "metadata.name": "tampered" });
const otherPolicy = policyFromRole("logging", { "spec.limits.callDepth": 100 });

const hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** One plugin in its ways: as shipped, and hardened. */
interface Plugin {
  readonly original: Uint8Array;
  readonly hardened: Uint8Array;
}

const made = (constant: number): Plugin => {
  const original = plugin(constant);
  return { original, hardened: contain(original, policy).bytes };
};

/** `first` is what is checked, under the tag `v1`; `second` is another plugin of the same author, at `other`. */
export const first = made(1024);
export const second = made(2048);

/** Not by way of a file: what its password costs is no matter of these tests. */
const keyOf = (name: string): SigningKey =>
  signingKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey, name);

export { IDENTITY_OF };

export const author = keyOf("author.pub");
export const stranger = keyOf("stranger.pub");

export const byKey =
  (key: SigningKey): BundleSigner =>
  async (type, payload) =>
    signWithKey(type, payload, key);

export const byToken =
  (instance: Sigstore, token = TOKEN): BundleSigner =>
  (type, payload) =>
    signWithToken(type, payload, token, instance.services);

export const CREATED = "2026-01-01T00:00:00Z";

/** A true attestation of a plugin; parts may be replaced by lies. */
export function hardening(of: Plugin, lies: Partial<Hardening> = {}): Hardening {
  return {
    original: { sha256: hex(of.original), reference: null, manifest: null },
    module: { sha256: hex(of.hardened) },
    policy: { name: policy.name, digest: policy.digest },
    tool: { name: "glovebox", version: "0.0.0" },
    ...lies,
  };
}

export const otherPolicyDigest = otherPolicy.digest;

export async function attest(
  store: LayoutStore,
  subject: Descriptor,
  said: Hardening,
  signer: BundleSigner,
): Promise<Descriptor> {
  const bundle = await signer(signingTypes.inToto, writeHardening(said, subject.digest));
  return attachBundle(store, subject, bundle, predicateTypes.hardened, CREATED);
}

export async function put(
  store: LayoutStore,
  module: Uint8Array,
  tag: string,
): Promise<Descriptor> {
  return writeArtifact(store, buildArtifact({ module, layout: "image" }), tag);
}

export type Way = "bundle" | "legacy" | "keyless";

/** A folder as it was made, and who is trusted with it. */
export interface World {
  readonly way: Way;
  readonly folder: string;
  readonly trust: Trust;
  readonly signer: BundleSigner;
  readonly first: Descriptor;
  readonly second: Descriptor;
  readonly signature: Descriptor;
  readonly attestation: Descriptor;
}

const scratch = mkdtempSync(join(tmpdir(), "glovebox-supply-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

export const instance = await sigstore();

export async function keylessTrust(root = instance.root): Promise<Trust> {
  const parsed = await parseTrustedRoot(Buffer.from(root), "trusted_root.json");
  return { keys: [], identities: [IDENTITY_OF], root: parsed, threshold: 1, annotations: {} };
}

export async function buildWorld(way: Way): Promise<World> {
  const folder = join(scratch, way);
  const store = new LayoutStore(folder);
  const signer = way === "keyless" ? byToken(instance) : byKey(author);
  const trust = way === "keyless" ? await keylessTrust() : everyKey([author.public]);
  const sign = (subject: Descriptor) =>
    way === "legacy"
      ? signLegacy(store, subject, {}, author)
      : signArtifact(store, subject, {}, signer, CREATED);
  const one = await put(store, first.hardened, "v1");
  const signature = await sign(one);
  const attestation = await attest(store, one, hardening(first), signer);
  const two = await put(store, second.hardened, "other");
  await sign(two);
  await attest(store, two, hardening(second), signer);
  return { way, folder, trust, signer, first: one, second: two, signature, attestation };
}

let copies = 0;

/** Every file under a second name: whoever changes one writes a new one (`rewrite`, and the store itself). */
function linked(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linked(source, target);
    else linkSync(source, target);
  }
}

/** The same world in a folder of its own. */
export function copyOf(world: World): World {
  const folder = join(scratch, `copy-${copies++}`);
  linked(world.folder, folder);
  return { ...world, folder };
}

/** What a case does to a world, beside changing its folder. */
export interface Twist {
  readonly store?: LayoutStore;
  readonly wanted?: Partial<Wanted>;
  readonly target?: string;
}

/** Checks the artifact at `v1` as `glovebox verify --require-attestation` does. */
export async function check(world: World, twist: Twist = {}): Promise<ArtifactReport> {
  const store = twist.store ?? new LayoutStore(world.folder);
  const artifact = await openArtifact(store, twist.target ?? "v1", "oci-layout:plugins:v1", null);
  return checkArtifact(artifact, {
    policy,
    original: { sha256: hex(first.original), manifest: null },
    trust: world.trust,
    pin: null,
    requireAttestation: true,
    bundles: [],
    ...twist.wanted,
  });
}

/** The codes that refused; empty where the artifact was accepted. */
export async function refusals(world: World, twist: Twist = {}): Promise<readonly string[]> {
  try {
    const report = await check(world, twist);
    if (report.accepted) return [];
    return report.checks.flatMap(({ findings }) =>
      findings.filter(({ level }) => level === "error").map(({ code }) => code),
    );
  } catch (error) {
    if (error instanceof Failure) return [error.code];
    throw error;
  }
}

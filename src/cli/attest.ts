// `glovebox attest REF`: an in-toto statement about an artifact, signed and attached as a referrer. Ours is checked
// before it is signed; others (--predicate, --bundle) are the user's own word.
import { Failure, fail } from "../errors/failure.ts";
import { hexOf } from "../net/digest.ts";
import type { Remote } from "../oci/remote.ts";
import { attachBundle } from "../signing/attach.ts";
import { parseBundle } from "../signing/bundle.ts";
import { parseSigned } from "../signing/json.ts";
import { type Hardening, writeHardening } from "../signing/provenance.ts";
import { parseStatement, writeStatement } from "../signing/statement.ts";
import { predicateTypes, signingLimits, signingTypes } from "../spec/signing.ts";
import { type Artifact, openArtifact } from "../supply/artifact.ts";
import { proveHardening } from "../supply/attest.ts";
import { checkSource } from "../supply/source.ts";
import { artifactOf, manifestOf, reaching } from "./artifact-ref.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { policyFrom } from "./policy-source.ts";
import { readText } from "./ref.ts";
import { signingOf } from "./signer.ts";
import { policyKeys } from "./trust-flags.ts";
import { usage } from "./usage.ts";

type Flags = InputOf<"attest">["flags"];

interface Made {
  readonly bundle: Uint8Array;
  readonly predicateType: string;
  readonly hardening: Hardening | null;
}

type Target = Awaited<ReturnType<typeof manifestOf>>;

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

async function ofHardening(
  { store, stored, ref }: Target,
  flags: Flags,
  remote: Remote,
  io: Io,
): Promise<Made> {
  const { original: originalRef } = flags;
  if (originalRef === undefined) {
    return usage(
      "attest",
      "give --original REF, which is hardened again and compared; or --predicate, or --bundle",
    );
  }
  const policy = await policyFrom("attest", { ...flags, role: undefined }, io);
  const artifact = await openArtifact(store, stored.descriptor.digest, ref, null);
  const original: Artifact = await artifactOf(originalRef, remote, flags, io);
  const signedBy = await policyKeys(policy, flags.policy);
  await checkSource(original, { manifest: policy.manifest, signedBy });
  if (policy.sha256 !== null && policy.sha256 !== original.sha256) {
    fail("contain-pin", { expected: policy.sha256, found: original.sha256 });
  }
  io.progress(`hardening ${original.ref} again`);
  const hardening = proveHardening(artifact, original, policy);
  const { bundle } = await signingOf("attest", flags, remote, io);
  const payload = writeHardening(hardening, stored.descriptor.digest);
  return {
    bundle: await bundle(signingTypes.inToto, payload),
    predicateType: predicateTypes.hardened,
    hardening,
  };
}

async function ofPredicate(
  { stored }: Target,
  file: string,
  flags: Flags,
  remote: Remote,
  io: Io,
): Promise<Made> {
  const bytes = encoded(await readText(file, signingLimits.payloadBytes));
  const predicate = parseSigned(bytes, signingLimits.payloadBytes, file);
  const predicateType = flags.type ?? predicateTypes.slsa;
  if (predicateType === predicateTypes.hardened || predicateType === predicateTypes.signature) {
    usage("attest", `a statement of the type ${predicateType} is made by glovebox itself`);
  }
  const subjects = [{ sha256: hexOf(stored.descriptor.digest), annotations: {} }];
  const payload = writeStatement({ subjects, predicateType, predicate });
  const { bundle } = await signingOf("attest", flags, remote, io);
  return { bundle: await bundle(signingTypes.inToto, payload), predicateType, hardening: null };
}

/** A bundle as it is; it must at least be a statement about this artifact or its module. */
async function ofBundle({ store, stored, ref }: Target, file: string): Promise<Made> {
  const bytes = encoded(await readText(file, signingLimits.bundleBytes));
  const { content } = parseBundle(bytes, file);
  if (content.kind !== "envelope" || content.envelope.payloadType !== signingTypes.inToto) {
    return fail("bundle-malformed", { what: file, reason: "it holds no statement" });
  }
  const statement = parseStatement(content.envelope.payload, file);
  const { sha256 } = await openArtifact(store, stored.descriptor.digest, ref, null);
  const own = [hexOf(stored.descriptor.digest), sha256];
  if (!statement.subjects.some((one) => own.includes(one.sha256))) {
    const found = `sha256:${statement.subjects[0]?.sha256 ?? "nothing"}`;
    throw new Failure("attestation-module", { what: file, found, expected: `sha256:${sha256}` });
  }
  return { bundle: bytes, predicateType: statement.predicateType, hardening: null };
}

export async function run({ args, flags }: InputOf<"attest">, io: Io): Promise<Outcome> {
  const kinds = [flags.policy, flags.predicate, flags.bundle].filter((one) => one !== undefined);
  if (kinds.length !== 1) {
    usage("attest", "give exactly one of --policy (with --original), --predicate and --bundle");
  }
  return reaching(flags, io, async (remote) => {
    const target = await manifestOf(args.ref, remote);
    const { store, stored, ref } = target;
    const made =
      flags.bundle !== undefined
        ? await ofBundle(target, flags.bundle)
        : flags.predicate !== undefined
          ? await ofPredicate(target, flags.predicate, flags, remote, io)
          : await ofHardening(target, flags, remote, io);
    const created = new Date().toISOString();
    const { bundle, predicateType, hardening } = made;
    const { digest } = await attachBundle(store, stored.descriptor, bundle, predicateType, created);
    const manifest = stored.descriptor.digest;
    return {
      exit: 0,
      result: { ref, manifest, attestation: digest, predicateType, hardening },
      text: () =>
        `attested ${io.styles.bold(`${ref} (${manifest})`)}: ${predicateType}\n  attached ${digest}\n`,
    };
  });
}

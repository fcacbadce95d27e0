// `glovebox sign REF`: signs the manifest that the reference has now, by its digest, and attaches the signature.
import { parseReference, withDigest } from "../net/reference.ts";
import { artifactReference } from "../oci/remote.ts";
import { signArtifact, signLegacy } from "../signing/sign.ts";
import { manifestOf, reaching } from "./artifact-ref.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { signingOf } from "./signer.ts";
import { annotationsOf } from "./trust-flags.ts";
import { usage } from "./usage.ts";

export async function run({ args, flags }: InputOf<"sign">, io: Io): Promise<Outcome> {
  const annotations = annotationsOf("sign", flags.annotation);
  const format = flags.format ?? "bundle";
  return reaching(flags, io, async (remote) => {
    const { store, stored, ref } = await manifestOf(args.ref, remote);
    const { bundle, key } = await signingOf("sign", flags, remote, io);
    if (key === null && format !== "bundle") {
      usage("sign", "the older format is signed by --key; certificates sign bundles");
    }
    io.progress(`signing ${ref}`);
    const { descriptor } = stored;
    const written: string[] = [];
    if (format !== "legacy") {
      const created = new Date().toISOString();
      written.push((await signArtifact(store, descriptor, annotations, bundle, created)).digest);
    }
    if (format !== "bundle" && key !== null) {
      written.push((await signLegacy(store, descriptor, annotations, key)).digest);
    }
    const pin = withDigest(artifactReference(parseReference(args.ref)), descriptor.digest);
    const by = key === null ? "a certificate for the token" : key.public.name;
    return {
      exit: 0,
      result: {
        ref,
        manifest: descriptor.digest,
        pin,
        format,
        signatures: written,
        key: key?.public.id ?? null,
      },
      text: () =>
        `signed ${io.styles.bold(pin)} by ${by}\n${written.map((one) => `  attached ${one}\n`).join("")}`,
    };
  });
}

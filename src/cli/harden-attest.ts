// `glovebox harden --attest FILE`: the statement about what was just hardened, signed, as a bundle beside the module; a
// later `glovebox attest --bundle` attaches it. Nothing is hardened again: contain has just proved what it says.
import type { Policy } from "../policy/policy.ts";
import { writeHardening } from "../signing/provenance.ts";
import { signingTypes } from "../spec/signing.ts";
import type { Artifact } from "../supply/artifact.ts";
import { hardeningStatement } from "../supply/attest.ts";
import { reaching } from "./artifact-ref.ts";
import type { Io } from "./io.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";
import type { RemoteFlags } from "./remote-flags.ts";
import { type SignerFlags, signingOf } from "./signer.ts";

export async function attestTo(
  file: string,
  original: Artifact,
  module: Uint8Array,
  policy: Policy,
  flags: SignerFlags & RemoteFlags & { readonly policy: string | undefined },
  io: Io,
): Promise<void> {
  await refuseInputAsOutput([original.ref, flags.policy, flags.key], file, "--attest");
  const payload = writeHardening(hardeningStatement(original, module, policy), null);
  const bundle = await reaching(flags, io, async (remote) => {
    const signing = await signingOf("harden", flags, remote, io);
    return signing.bundle(signingTypes.inToto, payload);
  });
  await writeOutput(file, bundle);
}

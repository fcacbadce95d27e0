// `glovebox pull REF -o FILE`: the module, written in one step after every digest was right.

import { fail } from "../errors/failure.ts";
import { parseReference, shownRef } from "../net/reference.ts";
import { isModule, type PulledModule } from "../oci/read-artifact.ts";
import { consumers, imageLayouts } from "../spec/image-layouts.ts";
import type { Artifact } from "../supply/artifact.ts";
import { artifactOf } from "./artifact-ref.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { writeOutput } from "./output.ts";
import { letGo, remoteOf } from "./remote-flags.ts";
import { count } from "./units.ts";
import { usage } from "./usage.ts";

interface Pulled {
  readonly module: Uint8Array;
  /** Of the module. */
  readonly hex: string;
  readonly artifact: PulledModule | null;
  /** Null where nobody was asked for. */
  readonly signers: readonly string[] | null;
}

function text(
  ref: string,
  output: string,
  { module, hex, artifact, signers }: Pulled,
  io: Io,
): string {
  const accepts: readonly (keyof typeof consumers)[] =
    artifact === null ? [] : imageLayouts[artifact.layout].consumers;
  const names =
    accepts.map((one) => consumers[one]).join(", ") || "neither Istio nor Envoy Gateway";
  const runtime = artifact?.runtimeConfig;
  const rows: readonly (readonly [string, string])[] = [
    ...(artifact === null
      ? []
      : ([
          ["layout", `${artifact.layout}: ${imageLayouts[artifact.layout].summary}`],
          ["accepted by", names],
          ["manifest digest", `${artifact.manifest} (what oci:// consumers pin)`],
        ] as const)),
    ["module sha256", `${hex} (what https:// consumers pin)`],
    ["size", `${count(module.length)} bytes`],
    ...(signers === null ? [] : [["signed by", signers.join(", ")] as const]),
    ...(runtime ? [["root ids", runtime.rootIds.join(", ") || "none"] as const] : []),
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(17)}${value}`);
  return `pulled ${io.styles.bold(ref)} to ${output}\n${lines.join("\n")}\n`;
}

const asksForSigners = ({ key, identity, annotation, threshold }: InputOf<"pull">["flags"]) =>
  [key, identity, annotation, threshold].some((one) => one !== undefined);

/** Who signed it, where the flags say who must have. Throws the code by which the signatures were refused. */
async function signersOf(
  artifact: Artifact,
  flags: InputOf<"pull">["flags"],
): Promise<readonly string[] | null> {
  if (!asksForSigners(flags)) return null;
  const { bundlesOf, trustOf } = await import("./trust-flags.ts");
  const { checkSignatures } = await import("../supply/source.ts");
  const trust = await trustOf("pull", flags, null, undefined);
  if (trust === null) return null;
  const signers = await checkSignatures(artifact, trust, await bundlesOf(flags.bundle));
  return signers.map(({ name }) => name);
}

export async function run({ args, flags }: InputOf<"pull">, io: Io): Promise<Outcome> {
  const reference = parseReference(args.ref);
  const ref = shownRef(args.ref);
  if (reference.kind === "file") usage("pull", `${ref} is a file: there is nothing to pull`);
  const remote = await remoteOf(flags, io);
  try {
    io.progress(`pulling ${ref}`);
    const opened = await artifactOf(args.ref, remote, flags, io, {
      signatures: asksForSigners(flags),
    });
    if (!isModule(opened.module)) fail("image-not-wasm", { what: ref });
    const signers = await signersOf(opened, flags);
    const pulled: Pulled = {
      module: opened.module,
      hex: opened.sha256,
      artifact: opened.pulled,
      signers,
    };
    await writeOutput(flags.output, pulled.module, { sync: false });
    const { module, hex, artifact } = pulled;
    return {
      exit: 0,
      result: {
        ref,
        output: flags.output,
        layout: artifact?.layout ?? null,
        manifest: artifact?.manifest ?? null,
        module: hex,
        bytes: module.length,
        runtimeConfig: artifact?.runtimeConfig ?? null,
        annotations: artifact?.annotations ?? {},
        signers,
      },
      text: () => text(ref, flags.output, pulled, io),
    };
  } finally {
    await letGo(remote);
  }
}

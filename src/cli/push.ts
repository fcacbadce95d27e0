// `glovebox push PLUGIN TARGET`: a module → an artifact of a layout, or an artifact as it is, into a store. Prints both
// digests by name: mixing them up is how pins break plugins.
import { Failure, fail } from "../errors/failure.ts";
import { type ArtifactReference, parseReference, shownRef, withDigest } from "../net/reference.ts";
import { buildArtifact, type WrittenLayout } from "../oci/build-artifact.ts";
import { copyArtifact } from "../oci/copy-artifact.ts";
import { isModule, readArtifact } from "../oci/read-artifact.ts";
import {
  artifactReference,
  effectiveTarget,
  openRegistry,
  openStore,
  type Remote,
} from "../oci/remote.ts";
import { writeRuntimeConfig } from "../oci/runtime-config.ts";
import { writeArtifact } from "../oci/write-artifact.ts";
import { type Consumer, consumers, imageLayouts, type LayoutName } from "../spec/image-layouts.ts";
import { sha256 } from "../util/digest.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { readModule } from "./ref.ts";
import { letGo, remoteOf } from "./remote-flags.ts";
import { usage } from "./usage.ts";

type Flags = InputOf<"push">["flags"];

interface Pushed {
  readonly ref: string;
  readonly pin: string;
  readonly layout: LayoutName | null;
  readonly acceptedBy: readonly string[];
  /** `sha256:HEX` of the manifest. */
  readonly manifest: string;
  /** Hex, as `https://` consumers write it; null where an artifact without a module was pushed on. */
  readonly module: string | null;
  readonly bytes: number | null;
  readonly copied: boolean;
  readonly referrers: number;
}

/** The target with its tag. Throws `ref-not-artifact` and `ref-needs-tag`. */
function targetReference(text: string): { reference: ArtifactReference; tag: string } {
  const reference = artifactReference(parseReference(text));
  if (reference.digest !== null) fail("ref-needs-tag", { ref: shownRef(text) });
  return { reference, tag: reference.tag ?? "latest" };
}

/** The layout that is asked for, or the consumer's usual one. */
function layoutOf(flags: Flags): WrittenLayout {
  const consumer: Consumer = flags.for ?? "istio";
  const usual = Object.entries(imageLayouts).find(([, row]) =>
    (row.consumers as readonly Consumer[]).includes(consumer),
  )![0] as WrittenLayout;
  const layout = flags.layout ?? usual;
  const accepts: readonly Consumer[] = imageLayouts[layout].consumers;
  if (flags.for !== undefined && !accepts.includes(consumer)) {
    usage("push", `${consumers[consumer]} does not accept the layout ${layout}: it takes ${usual}`);
  }
  return layout;
}

function annotationsOf(flags: Flags, layout: WrittenLayout): Readonly<Record<string, string>> {
  const pairs = (flags.annotation ?? []).map((text) => {
    const equals = text.indexOf("=");
    if (equals <= 0) usage("push", `--annotation wants KEY=VALUE, not ${text}`);
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  if (pairs.length > 0 && layout === "docker") {
    usage("push", "manifests of the layout docker have no annotations");
  }
  return Object.fromEntries(pairs);
}

async function runtimeConfigOf(flags: Flags, module: Uint8Array): Promise<Uint8Array | undefined> {
  const rootIds = flags["root-id"] ?? [];
  if (rootIds.length === 0) return undefined;
  const { inspect } = await import("../inspect/inspect.ts");
  const { version } = inspect(module).abi;
  return writeRuntimeConfig({ abiVersions: version === null ? [] : [version], rootIds });
}

async function pushModule(flags: Flags, args: InputOf<"push">["args"], remote: Remote, io: Io) {
  const { reference, tag } = targetReference(args.target);
  const layout = layoutOf(flags);
  const annotations = annotationsOf(flags, layout);
  const { bytes } = await readModule(args.plugin, flags, io);
  if (!isModule(bytes)) fail("image-not-wasm", { what: shownRef(args.plugin) });
  const runtimeConfig = await runtimeConfigOf(flags, bytes);
  if (runtimeConfig !== undefined && layout === "cncf") {
    usage("push", "the layout cncf has no place for --root-id");
  }
  io.progress(`pushing ${shownRef(args.target)}`);
  const artifact = buildArtifact({
    module: bytes,
    layout,
    annotations,
    ...(runtimeConfig !== undefined && { runtimeConfig }),
  });
  const { digest } = await writeArtifact(openStore(reference, remote), artifact, tag);
  return result(reference, tag, digest, { layout, module: bytes }, { copied: false, referrers: 0 });
}

type Described = { readonly layout: LayoutName; readonly module: Uint8Array } | null;

function result(
  reference: ArtifactReference,
  tag: string,
  manifest: `sha256:${string}`,
  described: Described,
  rest: { readonly copied: boolean; readonly referrers: number },
): Pushed {
  const accepted: readonly Consumer[] =
    described === null ? [] : imageLayouts[described.layout].consumers;
  const whole =
    reference.kind === "oci"
      ? `oci://${reference.registry}/${reference.repository}:${tag}`
      : `oci-layout:${reference.folder}:${tag}`;
  return {
    ref: whole,
    pin: withDigest({ ...reference, tag }, manifest),
    layout: described?.layout ?? null,
    acceptedBy: accepted.map((one) => consumers[one]),
    manifest,
    module: described === null ? null : sha256(described.module),
    bytes: described?.module.length ?? null,
    ...rest,
  };
}

async function pushArtifact(
  source: ArtifactReference,
  target: string,
  remote: Remote,
  io: Io,
): Promise<Pushed> {
  const { reference, tag } = targetReference(target);
  io.progress(`pushing ${shownRef(target)}`);
  const from = openStore(source, remote);
  const registry = reference.kind === "oci" ? openRegistry(reference, remote) : null;
  const to = registry ?? openStore(reference, remote);
  const near =
    registry !== null && source.kind === "oci" && reference.kind === "oci"
      ? source.registry === reference.registry && source.repository !== reference.repository
      : false;
  const options =
    near && source.kind === "oci" && registry !== null
      ? {
          mount: ({ digest }: { digest: `sha256:${string}` }) =>
            registry.mountBlob(digest, source.repository),
        }
      : {};
  const asked = await effectiveTarget(source);
  const { descriptor, referrers } = await copyArtifact(from, to, asked, tag, options);
  return result(reference, tag, descriptor.digest, await described(from, descriptor.digest), {
    copied: true,
    referrers,
  });
}

/** What the artifact holds, if it is one that holds a module. */
async function described(
  store: Parameters<typeof readArtifact>[0],
  digest: string,
): Promise<Described> {
  try {
    return await readArtifact(store, digest, digest);
  } catch (error) {
    if (error instanceof Failure && error.code === "image-unknown") return null;
    throw error;
  }
}

function text(pushed: Pushed, io: Pick<Io, "styles">): string {
  const { layout, acceptedBy, manifest, module, copied, referrers, pin } = pushed;
  const { bold } = io.styles;
  const kind = layout === null ? "no module in it" : imageLayouts[layout].summary;
  const rows: readonly (readonly [string, string])[] = [
    ["layout", layout === null ? kind : `${layout}: ${kind}`],
    ["accepted by", acceptedBy.join(", ") || "neither Istio nor Envoy Gateway"],
    ["manifest digest", `${manifest} (what oci:// consumers pin)`],
    ...(module === null
      ? []
      : [["module sha256", `${module} (what https:// consumers pin)`] as const]),
    ...(copied
      ? [["copied", `as it is, with ${referrers} signatures and attestations`] as const]
      : []),
    ["pinned", pin],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(17)}${value}`);
  return `pushed ${bold(pushed.ref)}\n${lines.join("\n")}\n`;
}

export async function run({ args, flags }: InputOf<"push">, io: Io): Promise<Outcome> {
  const remote = await remoteOf(flags, io);
  try {
    const source = parseReference(args.plugin);
    const artifact = source.kind === "oci" || source.kind === "oci-layout";
    const rebuilt = [flags.for, flags.layout, flags["root-id"], flags.annotation].some(
      (one) => one !== undefined,
    );
    const pushed =
      artifact && !rebuilt
        ? await pushArtifact(source, args.target, remote, io)
        : await pushModule(flags, args, remote, io);
    return { exit: 0, result: pushed, text: () => text(pushed, io) };
  } finally {
    await letGo(remote);
  }
}

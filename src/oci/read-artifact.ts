// A manifest in a store → the module that it stands for. Reads every layout that is known, in the way Istio's agent
// reads it, and refuses what different readers would read differently. Nothing here runs a module.
import { fail } from "../errors/failure.ts";
import { type Digest, digestOf } from "../net/digest.ts";
import { type Descriptor, type Index, type Manifest, parseManifest } from "../net/manifest.ts";
import type { Store, StoredManifest } from "../net/store.ts";
import type { LayoutName } from "../spec/image-layouts.ts";
import { limits } from "../spec/limits.ts";
import { layerFiles, manifestTypes, mediaTypes, registryLimits } from "../spec/oci.ts";
import { gunzip } from "./gzip.ts";
import { parseRuntimeConfig, type RuntimeConfig } from "./runtime-config.ts";
import { readTar, type TarFile } from "./tar.ts";

export interface PulledModule {
  readonly module: Uint8Array;
  readonly layout: LayoutName;
  /** What `oci://` consumers pin. */
  readonly manifest: Digest;
  /** What `https://` consumers pin. */
  readonly digest: Digest;
  readonly runtimeConfig: RuntimeConfig | null;
  /** The manifest's, without those of layers. */
  readonly annotations: Readonly<Record<string, string>>;
}

interface Found {
  readonly layout: LayoutName;
  readonly module: Uint8Array;
  readonly runtime?: Uint8Array;
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function oneFile(files: readonly TarFile[], name: string, what: string): TarFile | undefined {
  const [first, second] = files.filter(({ path }) => baseName(path) === name);
  if (first !== undefined && second !== undefined) {
    fail("tar-two-modules", { what, first: first.path, second: second.path });
  }
  return first;
}

async function fromArchive(
  store: Store,
  layer: Descriptor,
  layout: LayoutName,
  what: string,
): Promise<Found> {
  const archive = await store.getBlob(layer, registryLimits.layerBytes);
  const files = readTar(await gunzip(archive, registryLimits.unpackedBytes, what), what);
  const module = oneFile(files, layerFiles.module, what);
  if (module === undefined) fail("tar-no-module", { what });
  const runtime = oneFile(files, layerFiles.runtimeConfig, what);
  return { layout, module: module.bytes, ...(runtime && { runtime: runtime.bytes }) };
}

async function found(store: Store, manifest: Manifest, what: string): Promise<Found> {
  const content = contentOf(store, manifest, what);
  // Whichever comes first, what is wrong with the configuration is said first.
  content.catch(() => {});
  // Nothing in it is used; but an artifact with a part that was changed is not the one that was pushed.
  await store.getBlob(manifest.config, registryLimits.smallBytes);
  return content;
}

async function contentOf(store: Store, manifest: Manifest, what: string): Promise<Found> {
  const { layers, config, mediaType } = manifest;
  const raw = (layer: Descriptor): Promise<Uint8Array> => store.getBlob(layer, limits.moduleBytes);
  const last = layers.at(-1);
  // Each as Istio tries it: by the last layer's type first, then as an artifact of two layers.
  if (mediaType === mediaTypes.dockerManifest && last?.mediaType === mediaTypes.dockerLayer) {
    return fromArchive(store, last, "docker", what);
  }
  if (mediaType === mediaTypes.ociManifest && last?.mediaType === mediaTypes.ociLayer) {
    return fromArchive(store, last, "image", what);
  }
  const contents = layers.filter((one) => one.mediaType === mediaTypes.hubContent);
  const configs = layers.filter((one) => one.mediaType === mediaTypes.hubConfig);
  if (layers.length === 2 && contents.length === 1) {
    const [module, runtime] = await Promise.all([
      raw(contents[0]!),
      configs[0] && store.getBlob(configs[0], registryLimits.smallBytes),
    ]);
    return { layout: "artifact", module, ...(runtime && { runtime }) };
  }
  if (layers.length === 1 && last!.mediaType === mediaTypes.cncfContent) {
    return { layout: "cncf", module: await raw(last!) };
  }
  if (layers.length === 1 && last!.mediaType === mediaTypes.wasmToOciContent) {
    return { layout: "wasm-to-oci", module: await raw(last!) };
  }
  const types = layers.map((one) => one.mediaType).slice(0, 8);
  const text = `${manifest.artifactType ?? config.mediaType} with ${types.join(", ") || "no layers"}`;
  return fail("image-unknown", { what, found: text });
}

/** The entry that Istio's agent would take: the only one, or the one for linux/amd64. */
function chosen(index: Index, what: string): Descriptor {
  const types: readonly string[] = manifestTypes;
  const candidates = index.manifests.filter((one) => types.includes(one.mediaType));
  const [first, second] = candidates;
  if (first !== undefined && second === undefined) return first;
  const usual = candidates.filter(
    ({ platform }) => platform?.os === "linux" && platform.architecture === "amd64",
  );
  if (usual.length === 1) return usual[0]!;
  return fail("index-no-module", { what, count: index.manifests.length });
}

/** Follows indexes down to the manifest of an image. */
async function imageOf(
  store: Store,
  stored: StoredManifest,
  what: string,
): Promise<{ readonly manifest: Manifest; readonly digest: Digest }> {
  let at = stored;
  for (let depth = 0; ; depth++) {
    const document = parseManifest(at.bytes, at.descriptor.mediaType, what);
    if (document.kind === "manifest") return { manifest: document, digest: at.descriptor.digest };
    const entry = chosen(document, what);
    const next = await store.getManifest(entry.digest);
    if (next === null || depth >= registryLimits.indexDepth) {
      return fail("index-no-module", { what, count: document.manifests.length });
    }
    at = next;
  }
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Whether bytes begin as a WebAssembly module (and no component) does. */
export const isModule = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

/** The module that a target (tag or digest) of a store stands for. `what` names it in messages. */
export async function readArtifact(
  store: Store,
  target: string,
  what: string,
): Promise<PulledModule> {
  const stored = await store.getManifest(target);
  if (stored === null) return fail("manifest-missing", { target, store: store.name });
  return readStored(store, stored, what);
}

/** The same for a manifest that the caller has already, so that it isn't asked for twice. */
export async function readStored(
  store: Store,
  stored: StoredManifest,
  what: string,
): Promise<PulledModule> {
  const { manifest, digest } = await imageOf(store, stored, what);
  const { layout, module, runtime } = await found(store, manifest, what);
  if (module.length > limits.moduleBytes) {
    const limit = limits.moduleBytes;
    fail("blob-too-large", { digest: digestOf(module), size: module.length, limit });
  }
  if (!isModule(module)) fail("image-not-wasm", { what });
  // The two-layer artifact needs a configuration; `{}` is one without content.
  const empty = runtime === undefined || new TextDecoder().decode(runtime).trim() === "{}";
  return {
    module,
    layout,
    manifest: digest,
    digest: digestOf(module),
    runtimeConfig: empty ? null : parseRuntimeConfig(runtime!, what),
    annotations: manifest.annotations ?? {},
  };
}

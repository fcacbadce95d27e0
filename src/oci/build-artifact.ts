// A module → the blobs and the manifest of a layout. Pure and deterministic: no times but the given one, no names of
// machines; the same module gives the same digests.
import { digestOf } from "../net/digest.ts";
import {
  type Annotations,
  type Descriptor,
  type Manifest,
  serializeManifest,
} from "../net/manifest.ts";
import type { LayoutName } from "../spec/image-layouts.ts";
import { annotationNames, layerFiles, mediaTypes } from "../spec/oci.ts";
import { gzip } from "./gzip.ts";
import { writeTar } from "./tar.ts";

export type WrittenLayout = Exclude<LayoutName, "wasm-to-oci">;

export interface ArtifactInput {
  readonly module: Uint8Array;
  readonly layout: WrittenLayout;
  /** runtime-config.json; the two-layer artifact always has one. */
  readonly runtimeConfig?: Uint8Array;
  /** For the manifest. */
  readonly annotations?: Annotations;
}

export interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface BuiltArtifact {
  readonly blobs: readonly Blob[];
  readonly manifest: Uint8Array;
  readonly mediaType: string;
}

/** What images say about when they were made: nothing, in a form that tools take. */
const NO_TIME = "1970-01-01T00:00:00Z";

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function blob(mediaType: string, bytes: Uint8Array, title?: string): Blob {
  const annotations =
    title === undefined ? {} : { annotations: { [annotationNames.title]: title } };
  return {
    bytes,
    descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length, ...annotations },
  };
}

function imageConfig(tar: Uint8Array): Uint8Array {
  return json({
    created: NO_TIME,
    architecture: "wasm",
    os: "wasip1",
    config: {},
    rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
    history: [{ created: NO_TIME, created_by: "glovebox push" }],
  });
}

function packed(input: ArtifactInput, types: { config: string; layer: string }): readonly Blob[] {
  const { module, runtimeConfig } = input;
  const tar = writeTar([
    { path: layerFiles.module, bytes: module },
    ...(runtimeConfig === undefined
      ? []
      : [{ path: layerFiles.runtimeConfig, bytes: runtimeConfig }]),
  ]);
  return [blob(types.config, imageConfig(tar)), blob(types.layer, gzip(tar))];
}

function cncfConfig(module: Uint8Array): Uint8Array {
  return json({
    created: NO_TIME,
    architecture: "wasm",
    os: "wasip1",
    layerDigests: [digestOf(module)],
  });
}

/** The blobs of a layout, configuration first. */
function blobsOf(input: ArtifactInput): readonly Blob[] {
  const { module, layout, runtimeConfig } = input;
  switch (layout) {
    case "image":
      return packed(input, { config: mediaTypes.ociConfig, layer: mediaTypes.ociLayer });
    case "docker":
      return packed(input, { config: mediaTypes.dockerConfig, layer: mediaTypes.dockerLayer });
    case "artifact": {
      const runtime = runtimeConfig ?? json({});
      const config = { created: NO_TIME, architecture: "wasm", os: "wasip1", config: {} };
      const rootfs = { type: "layers", diff_ids: [digestOf(runtime), digestOf(module)] };
      return [
        blob(mediaTypes.ociConfig, json({ ...config, rootfs })),
        blob(mediaTypes.hubConfig, runtime, layerFiles.runtimeConfig),
        blob(mediaTypes.hubContent, module, layerFiles.content),
      ];
    }
    case "cncf":
      return [
        blob(mediaTypes.cncfConfig, cncfConfig(module)),
        blob(mediaTypes.cncfContent, module),
      ];
  }
}

/** Builds the artifact of a module in a layout. */
export function buildArtifact(input: ArtifactInput): BuiltArtifact {
  const blobs = blobsOf(input);
  const [config, ...layers] = blobs.map((one) => one.descriptor);
  const docker = input.layout === "docker";
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const annotations = {
    ...input.annotations,
    ...(input.layout === "image" && { [annotationNames.variant]: "compat" }),
  };
  const manifest: Manifest = {
    kind: "manifest",
    mediaType,
    config: config!,
    layers,
    // Docker's manifests have none.
    ...(!docker && Object.keys(annotations).length > 0 && { annotations }),
  };
  return { blobs, manifest: serializeManifest(manifest), mediaType };
}

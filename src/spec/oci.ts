// Names and numbers of container registries and of the image layouts that hold a WebAssembly module. Sources: OCI image-spec
// 1.1 and distribution-spec 1.1, Docker's image manifest v2 schema 2, Solo's Wasm image spec (both variants), the CNCF's
// Wasm OCI artifact layout, wasm-to-oci 0.1, Istio 1.30 (pkg/wasm).

/** Media types, by what they are. */
export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  hubConfig: "application/vnd.module.wasm.config.v1+json",
  hubContent: "application/vnd.module.wasm.content.layer.v1+wasm",
  cncfConfig: "application/vnd.wasm.config.v0+json",
  cncfContent: "application/wasm",
  wasmToOciConfig: "application/vnd.wasm.config.v1+json",
  wasmToOciContent: "application/vnd.wasm.content.layer.v1+wasm",
} as const;

/** What a manifest request accepts, most wanted first. */
export const manifestTypes = [mediaTypes.ociManifest, mediaTypes.ociIndex, mediaTypes.dockerManifest, mediaTypes.dockerList] as const;

export const annotationNames = {
  /** The name under which an image layout's index lists a manifest. */
  refName: "org.opencontainers.image.ref.name",
  title: "org.opencontainers.image.title",
  created: "org.opencontainers.image.created",
  /** Says which of Solo's variants an image is. */
  variant: "module.wasm.image/variant",
} as const;

/** The two bytes `{}`: what artifacts without a configuration point to. */
export const EMPTY_JSON = "{}";

/** File names inside layers, as Istio's agent and the hub's tools look for them. */
export const layerFiles = {
  module: "plugin.wasm",
  /** The artifact variant's own name for the module. */
  content: "filter.wasm",
  runtimeConfig: "runtime-config.json",
} as const;

/** Bytes, unless the name says otherwise. What is beyond a limit is refused, never cut. */
export const registryLimits = {
  /** The distribution-spec asks registries to take manifests of at least this size. */
  manifestBytes: 4 * 1024 * 1024,
  manifestLayers: 1_000,
  annotationBytes: 256 * 1024,
  jsonDepth: 64,
  /** An image's configuration, a runtime configuration, an error's body, a token's answer. */
  smallBytes: 1024 * 1024,
  /** A layer as it is stored: what a module of the largest size has, and a little for the archive around it. */
  layerBytes: 66 * 1024 * 1024,
  /** What a layer may unpack to. */
  unpackedBytes: 68 * 1024 * 1024,
  tarEntries: 1_000,
  /** Of a list of referrers or tags, over all its pages. */
  listEntries: 10_000,
  listPages: 100,
  redirects: 5,
  /** Manifests that an index may lead through before a module. */
  indexDepth: 2,
  credentialFileBytes: 4 * 1024 * 1024,
} as const;

/** Milliseconds. */
export const registryTimes = {
  connect: 10_000,
  /** Without a byte in either direction. */
  idle: 30_000,
  /** One request with its answer. */
  request: 300_000,
  /** A credential helper program. */
  helper: 30_000,
  retryBase: 250,
  retryMost: 8_000,
  /** The longest wait that a Retry-After is believed. */
  retryAfterMost: 60_000,
} as const;

/** Tries of one request, the first included. */
export const REGISTRY_TRIES = 5;

/** Docker Hub is called by one name, answers at another and has its credentials under a third. */
export const dockerHub = {
  names: ["docker.io", "index.docker.io", "registry-1.docker.io"],
  host: "registry-1.docker.io",
  credentials: "https://index.docker.io/v1/",
  /** Repositories of one word belong to it. */
  library: "library",
} as const;

/** Docker's name for "the password is a refresh token". */
export const IDENTITY_TOKEN_USER = "<token>";

/** What runs a WebAssembly Hub image, by the name in its runtime configuration. */
export const HUB_RUNTIME = "envoy_proxy";

/** Bytes of a blob that go in one request; larger blobs are sent in pieces, and an upload that broke off is gone on with. */
export const UPLOAD_CHUNK = 8 * 1024 * 1024;

// How a WebAssembly module lies in an artifact, and who loads which: tried with Istio 1.30's fetcher (pkg/wasm), which Envoy
// Gateway's equals (internal/wasm), and as the CNCF's layout says of itself.

export const consumers = {
  istio: "Istio",
  "envoy-gateway": "Envoy Gateway",
  cncf: "CNCF Wasm artifact tools",
} as const;

export type Consumer = keyof typeof consumers;

export interface LayoutRow {
  readonly summary: string;
  /** Who accepts it; the first layout of the table that a consumer accepts is its default. */
  readonly consumers: readonly Consumer[];
  /** Written too, or only read. */
  readonly written: boolean;
}

export const imageLayouts = {
  image: {
    summary: "OCI image, one tar+gzip layer with plugin.wasm (WebAssembly Hub's compat variant)",
    consumers: ["istio", "envoy-gateway"],
    written: true,
  },
  artifact: {
    summary: "OCI artifact, two layers: runtime configuration and module (WebAssembly Hub's oci variant)",
    consumers: ["istio", "envoy-gateway"],
    written: true,
  },
  docker: {
    summary: "Docker image v2, one tar.gzip layer with plugin.wasm",
    consumers: ["istio", "envoy-gateway"],
    written: true,
  },
  cncf: {
    summary: "CNCF Wasm artifact, one application/wasm layer",
    consumers: ["cncf"],
    written: true,
  },
  "wasm-to-oci": {
    summary: "wasm-to-oci's artifact, one layer",
    consumers: [],
    written: false,
  },
} as const satisfies Readonly<Record<string, LayoutRow>>;

export type LayoutName = keyof typeof imageLayouts;

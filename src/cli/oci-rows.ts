// Rows of the commands that distribute modules, and the flags that every command with a REF takes.
import { consumers, imageLayouts } from "../spec/image-layouts.ts";
import type { CommandRow, FlagRow } from "./command-row.ts";
import { trustFlags } from "./signing-flags.ts";

/** On every command that takes a plugin by reference; remote-flags.ts reads them. */
export const remoteFlags = [
  {
    name: "ca",
    value: "FILE",
    summary: "certificates (PEM) of a private authority, for registries and https:",
  },
  { name: "plain-http", summary: "let registries and URLs be called without TLS" },
  {
    name: "credentials",
    value: "FILE",
    summary: "a Docker or Podman credential file, instead of the usual ones",
  },
] as const satisfies readonly FlagRow[];

type Written = {
  [Name in keyof typeof imageLayouts]: (typeof imageLayouts)[Name]["written"] extends true
    ? Name
    : never;
}[keyof typeof imageLayouts];

const written = Object.keys(imageLayouts).filter(
  (name) => imageLayouts[name as keyof typeof imageLayouts].written,
) as readonly Written[];

export const ociRows = {
  push: {
    summary: "put a plugin into a registry or an image layout, for Istio, Envoy Gateway or others",
    detail:
      "Prints both digests by name: the manifest's, which consumers of oci:// pin, and the module's, which consumers of https:// pin. The same module gives the same digests each time. An artifact that is pushed on (oci:// or oci-layout:, without --for, --layout, --root-id and --annotation) stays byte for byte what it is, and its signatures and attestations go with it.",
    args: [
      { name: "plugin", summary: "a .wasm file, or any other reference", required: true },
      {
        name: "target",
        summary: "oci://HOST/REPOSITORY:TAG or oci-layout:DIR:TAG",
        required: true,
      },
    ],
    flags: [
      {
        name: "for",
        value: "CONSUMER",
        summary: "who shall load it; without it istio",
        choices: Object.keys(consumers) as readonly (keyof typeof consumers)[],
      },
      {
        name: "layout",
        value: "LAYOUT",
        summary: "how the module lies in the artifact, instead of the consumer's usual one",
        choices: written,
      },
      {
        name: "root-id",
        value: "NAME",
        summary: "write a runtime configuration for WebAssembly Hub's tools, with this root id",
        many: true,
      },
      {
        name: "annotation",
        value: "KEY=VALUE",
        summary: "an annotation of the manifest",
        many: true,
      },
      ...remoteFlags,
    ],
    examples: [
      {
        line: "glovebox push contained.wasm oci://registry.example.com/plugins/auth:v1.2.3",
        does: "for Istio and Envoy Gateway",
      },
      {
        line: "glovebox push contained.wasm oci-layout:images:auth-v1.2.3",
        does: "into a folder, without a server",
      },
      {
        line: "glovebox push oci-layout:images:auth-v1.2.3 oci://registry.example.com/plugins/auth:v1.2.3",
        does: "from there to a registry, with its signatures",
      },
    ],
    exits: [3, 4, 5],
  },
  pull: {
    summary: "get a plugin's module by reference, every byte checked against its digests",
    detail:
      "Reads Istio's layouts, Docker's, WebAssembly Hub's, the CNCF's and wasm-to-oci's. What is pinned (@sha256:…) comes from the cache where it is there.",
    args: [{ name: "ref", summary: "the plugin: oci://, oci-layout: or https://", required: true }],
    flags: [
      {
        name: "output",
        short: "o",
        value: "FILE",
        summary: "where to write the module",
        required: true,
      },
      ...trustFlags,
      ...remoteFlags,
    ],
    examples: [
      {
        line: "glovebox pull oci://registry.example.com/plugins/auth:v1.2.3 -o auth.wasm",
        does: "by tag",
      },
      {
        line: "glovebox pull oci-layout:images:auth-v1.2.3 -o auth.wasm",
        does: "from a folder",
      },
      {
        line: "glovebox pull oci://registry.example.com/plugins/auth:v1.2.3 -o auth.wasm --key cosign.pub",
        does: "only if this key signed it",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  "cache prune": {
    summary: "make the cache of fetched and hardened modules smaller",
    detail:
      "What was not used for longest goes first. The cache is kept below GLOVEBOX_MODULE_CACHE_SIZE (2GiB without it) whenever something is added; entries are checked at every read, so it may be deleted at any time.",
    args: [],
    flags: [
      {
        name: "max-size",
        value: "SIZE",
        summary: "what may stay, such as 500MB; without it the usual limit",
      },
      { name: "all", summary: "remove everything" },
    ],
    examples: [{ line: "glovebox cache prune --max-size 500MB", does: "keep the most recent" }],
    exits: [5],
  },
} as const satisfies Readonly<Record<string, CommandRow>>;

// Where a module comes from, in each dialect's words, as one shape: what kind of place, what pins it, who fetches it.
import type { MapTree } from "../envoy/read/tree.ts";
import type { CodeKind, CodeSource, Placed } from "../model.ts";
import { mapUnder, textUnder, under } from "./tree-access.ts";

interface Reference {
  readonly kind: CodeKind;
  readonly tag: string | null;
  readonly digest: string | null;
}

/** `[SCHEME://]HOST/PATH[:TAG][@sha256:HEX]`; without a scheme `bare` says what it is. */
export function parseReference(url: string, bare: CodeKind): Reference {
  const colons = url.indexOf("://");
  const before = colons < 0 ? undefined : url.slice(0, colons).toLowerCase();
  const scheme = before !== undefined && /^[a-z][a-z0-9+.-]*$/.test(before) ? before : undefined;
  const kind: CodeKind =
    scheme === "http" || scheme === "https" || scheme === "file" || scheme === "oci"
      ? scheme
      : scheme === undefined
        ? bare
        : "none";
  if (kind !== "oci") return { kind, tag: null, digest: null };
  const rest = scheme === undefined ? url : url.slice(colons + 3);
  const [path = "", pin] = rest.split("@");
  const last = path.slice(path.lastIndexOf("/") + 1);
  const colon = path.includes("/") ? last.indexOf(":") : -1;
  return {
    kind,
    tag: colon < 0 ? null : last.slice(colon + 1),
    digest: pin === undefined ? null : (/^sha256:([0-9a-fA-F]+)$/.exec(pin)?.[1] ?? null),
  };
}

const nothing = { pullPolicy: null, pullSecret: null, retry: null, cluster: null } as const;

/** A source from a URL and, where there is one, its digest. */
export function sourceOfUrl(
  url: Placed<string>,
  sha256: Placed<string> | null,
  bare: CodeKind,
  extra: Partial<Pick<CodeSource, "pullPolicy" | "pullSecret">> = {},
): CodeSource {
  const { kind, tag, digest } = parseReference(url.value.trim(), bare);
  const pins = kind === "oci" ? "manifest" : kind === "file" ? "nothing" : "file";
  // Every field by name: this is made for each plugin of a fleet.
  return {
    kind,
    at: url.at,
    url,
    sha256,
    digest,
    tag,
    pins,
    pullPolicy: extra.pullPolicy ?? null,
    pullSecret: extra.pullSecret ?? null,
    retry: null,
    cluster: null,
  };
}

/** WasmPlugin and TrafficExtension's `wasm`; no scheme means `oci://`. */
export function istioSource(tree: MapTree): CodeSource | null {
  const url = textUnder(tree, "url");
  if (url === null) return null;
  return sourceOfUrl(url, textUnder(tree, "sha256"), "oci", {
    pullPolicy: textUnder(tree, "imagePullPolicy"),
    pullSecret: textUnder(tree, "imagePullSecret"),
  });
}

/** `code` of Envoy Gateway. */
export function gatewaySource(tree: MapTree | undefined): CodeSource | null {
  const http = mapUnder(tree, "http");
  const image = mapUnder(tree, "image");
  const from = http ?? image;
  const url = textUnder(from, "url");
  if (from === undefined || url === null) return null;
  const secret = textUnder(image, "pullSecretRef", "name");
  return sourceOfUrl(url, textUnder(from, "sha256"), http === undefined ? "oci" : "https", {
    pullPolicy: textUnder(tree, "pullPolicy"),
    pullSecret: secret,
  });
}

/** Envoy's AsyncDataSource under `code`. */
export function envoySource(vm: MapTree | undefined): CodeSource | null {
  const local = mapUnder(vm, "code", "local");
  const remote = mapUnder(vm, "code", "remote");
  if (local !== undefined) {
    const filename = textUnder(local, "filename");
    const url = filename ?? { value: "", at: local.at };
    const kind = filename === null ? "inline" : "file";
    const base = { ...nothing, kind, at: local.at, url } as const;
    return { ...base, sha256: null, digest: null, tag: null, pins: "nothing" };
  }
  if (remote === undefined) return null;
  const url = textUnder(remote, "http_uri", "uri") ?? { value: "", at: remote.at };
  const { kind, tag, digest } = parseReference(url.value, "none");
  const retry = under(remote, "retry_policy");
  return {
    kind,
    at: remote.at,
    url,
    sha256: textUnder(remote, "sha256"),
    digest,
    tag,
    pins: kind === "oci" ? "manifest" : "file",
    pullPolicy: null,
    pullSecret: null,
    retry: { value: retry !== undefined, at: retry?.at ?? remote.at },
    cluster: textUnder(remote, "http_uri", "cluster"),
  };
}

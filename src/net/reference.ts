// What a user calls a plugin by: a file, `https://…`, `oci://HOST/REPOSITORY[:TAG][@sha256:…]` or
// `oci-layout:DIR[:TAG|@sha256:…]`. Text in, plain data out; nothing is looked up here. A pin after `@` is the manifest's
// digest where there are manifests, and the module's for `https:`.
import { fail } from "../errors/failure.ts";
import { dockerHub } from "../spec/oci.ts";
import { type Digest, isDigest } from "./digest.ts";

export interface FileReference {
  readonly kind: "file";
  readonly text: string;
  readonly path: string;
}

export interface UrlReference {
  readonly kind: "url";
  readonly text: string;
  /** http: or https:, without the pin. */
  readonly url: string;
  /** Of the module. */
  readonly digest: Digest | null;
}

export interface RegistryReference {
  readonly kind: "oci";
  readonly text: string;
  /** Host, with a port where one is given: `registry.example.com:5000`. */
  readonly registry: string;
  readonly repository: string;
  /** Null only where a digest is given; `latest` where neither is. */
  readonly tag: string | null;
  /** Of the manifest; it decides where both are given. */
  readonly digest: Digest | null;
}

export interface LayoutReference {
  readonly kind: "oci-layout";
  readonly text: string;
  readonly folder: string;
  /** Null with a null digest: the only manifest there. */
  readonly tag: string | null;
  readonly digest: Digest | null;
}

export type Reference = FileReference | UrlReference | RegistryReference | LayoutReference;

/** Those that name an artifact in a store. */
export type ArtifactReference = RegistryReference | LayoutReference;

/** distribution-spec: tags, repositories; hosts as Docker reads them. */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const REPOSITORY =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/;

export const isTag = (text: string): boolean => TAG.test(text);

const bad = (ref: string, reason: string): never =>
  fail("ref-malformed", { ref: shownRef(ref), reason });

/** A reference without what may be secret in it: user and password of a URL, its query. */
export function shownRef(text: string): string {
  return text
    .slice(0, 300)
    .replace(/^([a-z-]+:\/\/)[^/@]*@/i, "$1")
    .replace(/\?.*?(?=@sha256:|$)/s, "?…");
}

/** What is before and after `@`, which only a digest follows. */
function pinned(text: string, whole: string): [string, Digest | null] {
  const at = text.lastIndexOf("@");
  if (at < 0) return [text, null];
  const digest = text.slice(at + 1);
  if (!isDigest(digest)) {
    return bad(whole, "what follows @ is not sha256: and 64 lower-case hex digits");
  }
  return [text.slice(0, at), digest];
}

/** A tag after the last colon, if it stands behind the last slash. */
function tagged(text: string, whole: string): [string, string | null] {
  const colon = text.lastIndexOf(":");
  if (colon <= text.lastIndexOf("/")) return [text, null];
  const tag = text.slice(colon + 1);
  if (!isTag(tag)) return bad(whole, "the tag is malformed");
  return [text.slice(0, colon), tag];
}

function registryReference(text: string): RegistryReference {
  const [named, digest] = pinned(text.slice("oci://".length), text);
  const slash = named.indexOf("/");
  if (slash <= 0) return bad(text, "it has no repository: oci://HOST/REPOSITORY:TAG");
  const registry = named.slice(0, slash);
  if (!HOST.test(registry)) return bad(text, "the host is malformed");
  const port = /:(\d+)$/.exec(registry)?.[1];
  if (port !== undefined && Number(port) > 65_535) return bad(text, "the port is too large");
  const [path, tag] = tagged(named.slice(slash + 1), text);
  const hub = (dockerHub.names as readonly string[]).includes(registry);
  const repository = hub && !path.includes("/") ? `${dockerHub.library}/${path}` : path;
  if (!REPOSITORY.test(repository) || repository.length > 255) {
    return bad(
      text,
      "the repository is malformed: lower-case letters, digits and . _ - between slashes",
    );
  }
  const effective = tag ?? (digest === null ? "latest" : null);
  return { kind: "oci", text, registry, repository, tag: effective, digest };
}

function layoutReference(text: string): LayoutReference {
  const rest = text.slice("oci-layout:".length);
  // A folder may have an @ in its name; only what looks like a digest is one.
  const [named, digest] = /@[a-z0-9]+:[^/]*$/.test(rest) ? pinned(rest, text) : [rest, null];
  // C:\… and C:/… are drives, not a folder with a tag.
  const drive = /^[A-Za-z]:[\\/]/.test(named) ? 2 : 0;
  const [end, tag] = tagged(named.slice(drive), text);
  const folder = named.slice(0, drive) + end;
  if (folder === "") return bad(text, "it has no folder: oci-layout:DIR:TAG");
  return { kind: "oci-layout", text, folder, tag, digest };
}

function urlReference(text: string): UrlReference {
  const [url, digest] = /@sha256:[^/@]*$/.test(text) ? pinned(text, text) : [text, null];
  if (!URL.canParse(url) || new URL(url).hostname === "") return bad(text, "it is no URL");
  return { kind: "url", text, url, digest };
}

/** Throws `ref-malformed`. A text with no scheme that is known is a file's path. */
export function parseReference(text: string): Reference {
  if (text === "") return bad(text, "it is empty");
  if (/[\0\r\n]/.test(text)) return bad(text, "it has a line break or a zero byte");
  if (text.startsWith("oci://")) return registryReference(text);
  if (text.startsWith("oci-layout:")) return layoutReference(text);
  if (/^https?:\/\//i.test(text)) return urlReference(text);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//.exec(text)?.[1];
  if (scheme !== undefined) {
    return fail("ref-scheme", { scheme, ref: shownRef(text) });
  }
  return { kind: "file", text, path: text };
}

/** What to ask a store for: the digest, or else the tag; null means the only manifest of a folder. */
export const targetOf = (reference: ArtifactReference): string | null =>
  reference.digest ?? reference.tag;

/** The same artifact with its digest as pin. */
export function withDigest(reference: ArtifactReference, digest: Digest): string {
  if (reference.kind === "oci") {
    const { registry, repository, tag } = reference;
    return `oci://${registry}/${repository}${tag === null ? "" : `:${tag}`}@${digest}`;
  }
  return `oci-layout:${reference.folder}@${digest}`;
}

/** What the plugin of a reference is called: the file's name, or the repository's last part. */
export function pluginName(reference: Reference): string {
  const last = (path: string): string =>
    path
      .replace(/[\\/]+$/, "")
      .split(/[\\/]/)
      .at(-1) ?? "";
  const name =
    reference.kind === "file"
      ? last(reference.path)
      : reference.kind === "url"
        ? last(new URL(reference.url).pathname)
        : reference.kind === "oci"
          ? last(reference.repository)
          : (reference.tag ?? last(reference.folder));
  return name.replace(/\.wasm$/, "") || "plugin";
}

// The read-only registry: distribution-spec 1.1's pull side. What is asked for is looked up in the catalogue, then among
// what is attached to it; nothing else of the store behind can be reached, and nothing is ever written.
import type { IncomingMessage, ServerResponse } from "node:http";
import { isDigest } from "../net/digest.ts";
import { serializeManifest } from "../net/manifest.ts";
import { mediaTypes } from "../spec/oci.ts";
import {
  DISTRIBUTION_VERSION,
  type RegistryErrorCode,
  registryErrors,
  serveLimits,
} from "../spec/serve.ts";
import { contentHeaders, type Sent, sendContent, sendText } from "./answer.ts";
import type { ContentRow } from "./artifacts.ts";
import type { Attached } from "./attached.ts";
import type { Catalog } from "./catalog.ts";
import type { Content, Kind } from "./content.ts";

const API = ["Docker-Distribution-API-Version", DISTRIBUTION_VERSION] as const;
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const ROUTE = /^\/v2\/(.+)\/(manifests|blobs|referrers|tags)\/([^/]+)$/;

export interface RegistryParts {
  readonly catalog: Catalog;
  readonly content: Content;
  readonly attached: Attached;
}

export function sendRegistryError(
  request: IncomingMessage,
  response: ServerResponse,
  code: RegistryErrorCode,
  more: readonly string[] = [],
): Sent {
  const { status, message } = registryErrors[code];
  const body = JSON.stringify({ errors: [{ code, message, detail: null }] });
  return sendText(request, response, status, "application/json", body, [...API, ...more]);
}

const json = (
  request: IncomingMessage,
  response: ServerResponse,
  value: unknown,
  more: readonly string[] = [],
): Sent =>
  sendText(request, response, 200, "application/json", JSON.stringify(value), [...API, ...more]);

/** `n` and `last` of a list, and where the next page is. */
function page(all: readonly string[], query: URLSearchParams, path: string) {
  const asked = query.get("n") ?? "";
  const most = /^\d{1,6}$/.test(asked)
    ? Math.min(Number(asked), serveLimits.page)
    : serveLimits.page;
  const last = query.get("last");
  const rest = last === null ? all : all.filter((one) => one > last);
  const list = rest.slice(0, most);
  const next = list.length < rest.length && list.length > 0 ? list.at(-1)! : null;
  const link = `<${path}?n=${most}&last=${encodeURIComponent(next ?? "")}>; rel="next"`;
  return { list, more: next === null ? [] : ["Link", link] };
}

export class Registry {
  readonly #parts: RegistryParts;
  readonly #headers = new WeakMap<ContentRow, readonly string[]>();

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  /** Answers anything below /v2. Throws what reading content throws, before a byte is sent. */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<Sent> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return sendRegistryError(request, response, "UNSUPPORTED", ["Allow", "GET, HEAD"]);
    }
    const { catalog } = this.#parts;
    if (path === "/v2" || path === "/v2/") return json(request, response, {});
    if (path === "/v2/_catalog") {
      const { list, more } = page(catalog.names, query, path);
      return json(request, response, { repositories: list }, more);
    }
    const [, name, what, target] = ROUTE.exec(path) ?? [];
    if (name === undefined || target === undefined) {
      return sendRegistryError(request, response, "NOT_FOUND");
    }
    if (!NAME.test(name)) return sendRegistryError(request, response, "NAME_INVALID");
    if (!catalog.has(name)) return sendRegistryError(request, response, "NAME_UNKNOWN");
    switch (what) {
      case "manifests":
        return this.#manifest(request, response, name, target);
      case "blobs":
        return this.#blob(request, response, name, target);
      case "referrers":
        return this.#referrers(request, response, name, target, query);
      default: {
        if (target !== "list") return sendRegistryError(request, response, "NOT_FOUND");
        const { list, more } = page([...catalog.current(name)!.tags.keys()].sort(), query, path);
        return json(request, response, { name, tags: list }, more);
      }
    }
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    plugin: string,
    row: ContentRow,
    kind: Kind,
  ): Promise<Sent> {
    const { content } = this.#parts;
    let headers = this.#headers.get(row);
    if (headers === undefined) this.#headers.set(row, (headers = contentHeaders(row, API)));
    const none = request.method === "HEAD";
    const bytes = none ? null : (content.at(row) ?? (await content.read(plugin, row, kind)));
    return sendContent(request, response, row, headers, bytes);
  }

  async #manifest(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    target: string,
  ): Promise<Sent> {
    const { catalog, attached } = this.#parts;
    if (target.includes(":") && !isDigest(target)) {
      return sendRegistryError(request, response, "DIGEST_INVALID");
    }
    const digest = isDigest(target) ? target : catalog.current(name)!.tags.get(target);
    const row = digest && catalog.manifest(name, digest);
    if (row) {
      // A tag may move, so only what was asked for by its digest stays true for ever.
      if (digest === target) return this.#send(request, response, name, row, "manifest");
      const { content } = this.#parts;
      const bytes = content.at(row) ?? (await content.read(name, row, "manifest"));
      const headers = contentHeaders(row, API).map((one) =>
        one.includes("immutable") ? "no-cache" : one,
      );
      return sendContent(request, response, row, headers, bytes);
    }
    const found = isDigest(target)
      ? await attached.manifest(name, target)
      : await attached.tagged(name, target);
    if (found === undefined) return sendRegistryError(request, response, "MANIFEST_UNKNOWN");
    const headers = contentHeaders(found.descriptor, API);
    return sendContent(request, response, found.descriptor, headers, found.bytes);
  }

  async #blob(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    target: string,
  ): Promise<Sent> {
    if (!isDigest(target)) return sendRegistryError(request, response, "DIGEST_INVALID");
    const { catalog, attached } = this.#parts;
    const row = catalog.blob(name, target) ?? (await attached.blob(name, target));
    if (row === undefined) return sendRegistryError(request, response, "BLOB_UNKNOWN");
    return this.#send(request, response, name, row, "blob");
  }

  async #referrers(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    target: string,
    query: URLSearchParams,
  ): Promise<Sent> {
    if (!isDigest(target)) return sendRegistryError(request, response, "DIGEST_INVALID");
    const { catalog, attached } = this.#parts;
    const type = query.get("artifactType") ?? undefined;
    const manifests = catalog.manifest(name, target)
      ? await attached.referrers(name, target, type)
      : [];
    const mediaType = mediaTypes.ociIndex;
    const body = serializeManifest({ kind: "index", mediaType, manifests });
    const more = [...API, ...(type === undefined ? [] : ["OCI-Filters-Applied", "artifactType"])];
    return sendText(request, response, 200, mediaType, new TextDecoder().decode(body), more);
  }
}

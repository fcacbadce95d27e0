// Properties: what `proxy_get_property` answers, from the attributes that the caller gave for the request
// (or the plugin), then from what the host knows itself, then from what plugins set. Values are serialised as Envoy does: numbers and
// times as 8 bytes little-endian, text as it is, maps as header maps.
import { MAP } from "../spec/status.ts";
import type { FilterState } from "./filter-state.ts";
import { HeaderMap } from "./header-map.ts";
import { nameIn } from "./joined.ts";
import { pairsBytes } from "./pairs.ts";

export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | readonly string[]
  | Readonly<Record<string, string>>;

/** By dotted path; a segment that holds a dot itself needs the form joined by NUL. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Attributes that are looked up only when a plugin asks. */
export interface AttributeSource {
  /** `path`: segments joined by NUL, as a guest sends it. */
  attribute(path: string): AttributeValue | undefined;
}

export interface PluginIdentity {
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  readonly configuration: Uint8Array;
  readonly vmConfiguration: Uint8Array;
  readonly attributes: AttributeSource;
}

const NO_HEADERS = new HeaderMap();
const FILTER_STATE = "filter_state\0";

const NONE: AttributeSource = { attribute: () => undefined };

export function isSource(attributes: Attributes | AttributeSource): attributes is AttributeSource {
  return typeof attributes.attribute === "function";
}

/** Attributes by the path that guests send. */
export function sourceOf(attributes: Attributes | AttributeSource | undefined): AttributeSource {
  if (attributes === undefined) return NONE;
  if (isSource(attributes)) return attributes;
  const byPath = new Map(
    Object.entries(attributes).map(([path, value]) => [
      path.includes("\0") ? path : path.replaceAll(".", "\0"),
      value,
    ]),
  );
  return { attribute: (path) => byPath.get(path) };
}

function eight(write: (buffer: Buffer) => void): Uint8Array {
  const buffer = Buffer.alloc(8);
  write(buffer);
  return buffer;
}

/** The bytes that a guest gets for a value; text is UTF-8. */
export function serialise(value: AttributeValue): Uint8Array {
  if (typeof value === "string") return Buffer.from(value, "utf8");
  if (value instanceof Uint8Array) return value;
  if (typeof value === "boolean") return Uint8Array.of(value ? 1 : 0);
  if (typeof value === "bigint") {
    return eight((buffer) => buffer.writeBigInt64LE(BigInt.asIntN(64, value)));
  }
  if (typeof value === "number") {
    return Number.isSafeInteger(value)
      ? eight((buffer) => buffer.writeBigInt64LE(BigInt(value)))
      : eight((buffer) => buffer.writeDoubleLE(value));
  }
  const pairs = Array.isArray(value)
    ? (value as readonly string[]).map((text) => [byteText(text), ""] as const)
    : Object.entries(value as Record<string, string>).map(
        ([name, text]) => [byteText(name), byteText(text)] as const,
      );
  return pairsBytes(pairs);
}

function byteText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** An attribute by path: itself, or an entry of a map one level up. */
export function attribute(source: AttributeSource, path: string): Uint8Array | null {
  const value = source.attribute(path);
  if (value !== undefined) return serialise(value);
  const cut = path.lastIndexOf("\0");
  if (cut < 0) return null;
  const parent = source.attribute(path.slice(0, cut));
  if (typeof parent !== "object" || Array.isArray(parent) || parent instanceof Uint8Array)
    return null;
  const entries = parent as Readonly<Record<string, string>>;
  const key = path.slice(cut + 1);
  return Object.hasOwn(entries, key) ? serialise(entries[key]!) : null;
}

export function pluginProperty(identity: PluginIdentity, path: string): Uint8Array | null {
  switch (path) {
    case "plugin_name":
      return serialise(identity.name);
    case "plugin_root_id":
      return serialise(identity.rootId);
    case "plugin_vm_id":
      return serialise(identity.vmId);
    default:
      return null;
  }
}

const requestHeaders: Readonly<Record<string, string>> = {
  path: ":path",
  host: ":authority",
  scheme: ":scheme",
  method: ":method",
  referer: "referer",
  useragent: "user-agent",
  id: "x-request-id",
};

function headerProperty(map: HeaderMap, name: string): Uint8Array | null {
  const value = map.get(name);
  return value === undefined ? null : Buffer.from(value, "latin1");
}

/** All of a header's values, in one; `type` is the map's number. */
function mapProperty(map: HeaderMap, type: number, rest: string): Uint8Array | null {
  if (rest === "") {
    const names = new Set(map.pairs().map(([name]) => name));
    return pairsBytes([...names].map((name) => [name, map.all(name).join(",")]));
  }
  const values = map.all(nameIn(type, rest.slice(1)).toLowerCase());
  return values.length === 0 ? null : Buffer.from(values.join(","), "latin1");
}

/** A path as it is looked up: the reference host reads past one NUL at the end. */
export function pathOf(path: string): string {
  return path.endsWith("\0") ? path.slice(0, -1) : path;
}

/** What a plugin set: the reference host looks for it by the first part of a path alone, and finds nothing in it. */
export function stateProperty(state: FilterState, path: string): Uint8Array | null {
  const named = path.startsWith(FILTER_STATE) ? path.slice(FILTER_STATE.length) : null;
  if ((named ?? path).includes("\0")) return null;
  return (named === null ? state.get(path) : state.named(named)) ?? null;
}

/** What the host knows of a request by itself: its headers and what they say. */
export function requestProperty(map: HeaderMap, path: string): Uint8Array | null {
  const field = path.slice("request\0".length);
  if (field === "headers" || field.startsWith("headers\0")) {
    return mapProperty(map, MAP.httpRequestHeaders, field.slice(7));
  }
  if (field === "url_path") {
    const target = map.get(":path");
    return target === undefined ? null : Buffer.from(target.split("?", 1)[0]!, "latin1");
  }
  if (field === "query") {
    const target = map.get(":path") ?? "";
    const at = target.indexOf("?");
    return Buffer.from(at < 0 ? "" : target.slice(at + 1), "latin1");
  }
  if (field === "headers_bytes") return serialise(map.bytes);
  const header = Object.hasOwn(requestHeaders, field) ? requestHeaders[field] : undefined;
  return header === undefined ? null : headerProperty(map, header);
}

/** The same of its answer; one that has not come has no headers. */
export function responseProperty(
  headers: HeaderMap | null,
  trailers: HeaderMap | null,
  path: string,
): Uint8Array | null {
  const field = path.slice("response\0".length);
  const isTrailers = field === "trailers" || field.startsWith("trailers\0");
  if (isTrailers || field === "headers" || field.startsWith("headers\0")) {
    const type = isTrailers ? MAP.httpResponseTrailers : MAP.httpResponseHeaders;
    const map = (isTrailers ? trailers : headers) ?? NO_HEADERS;
    return mapProperty(map, type, field.slice(isTrailers ? 8 : 7));
  }
  if (field === "headers_bytes") return serialise((headers ?? NO_HEADERS).bytes);
  if (field !== "code") return null;
  const status = headers?.get(":status");
  return status === undefined ? null : serialise(Number(status));
}

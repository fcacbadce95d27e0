// Digests in files that name plugins: found by the plugin's reference in the parsed document, replaced in its text, so
// that comments, quotes and everything else stay. Which digest stands where is the file's dialect: an oci:// consumer
// pins the manifest, an https:// consumer the module, our own policies both by name.
import {
  isMap,
  isScalar,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { LockedPlugin } from "./lock.ts";

export interface PinChange {
  readonly name: string;
  /** From 1. */
  readonly line: number;
  /** Hex. */
  readonly was: string;
  readonly now: string;
}

export interface Rewritten {
  readonly text: string;
  readonly changes: readonly PinChange[];
  /** Plugins that the file names, pinned or not. */
  readonly named: readonly string[];
}

interface Edit extends PinChange {
  readonly start: number;
  readonly end: number;
}

const urlKeys = ["url", "uri", "image"];
/** How Envoy's remote sources are spelt: the URI lies one map deeper than its digest. */
const wrappers = ["http_uri", "httpUri"];
const HEX = /[0-9a-f]{64}/;

const scheme = /^oci:\/\//;
/** A reference without its digest, and without `oci://`, which some dialects leave out. */
const plain = (url: string): string => url.replace(/@sha256:[0-9a-f]{64}$/, "").replace(scheme, "");

type Entry = readonly [name: string, plugin: LockedPlugin];

function scalarAt(map: YAMLMap, key: string): Scalar | undefined {
  const found = map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
  const value = (found as Pair | undefined)?.value;
  return isScalar(value) ? value : undefined;
}

class Rewriter {
  readonly edits: Edit[] = [];
  readonly named = new Set<string>();
  readonly #text: string;
  readonly #entries: readonly Entry[];
  readonly #lines: LineCounter;

  constructor(text: string, entries: readonly Entry[], lines: LineCounter) {
    this.#text = text;
    this.#entries = entries;
    this.#lines = lines;
  }

  #replace(node: Scalar | undefined, name: string, now: string | null): void {
    const range = node?.range;
    if (!range || now === null || typeof node?.value !== "string") return;
    const [from, to] = range;
    const match = HEX.exec(this.#text.slice(from, to));
    if (match === null || match[0] === now) return;
    const start = from + match.index;
    const line = this.#lines.linePos(start).line;
    this.edits.push({ name, line, was: match[0], now, start, end: start + match[0].length });
  }

  /** `own` is in our policies, where `sha256` is the module's whatever the scheme. */
  map(map: YAMLMap, outer: YAMLMap | null, own: boolean): void {
    for (const key of urlKeys) {
      const node = scalarAt(map, key);
      if (typeof node?.value !== "string") continue;
      const url = plain(node.value);
      const [name, plugin] = this.#entries.find(([, one]) => plain(one.url) === url) ?? [];
      if (name === undefined || plugin === undefined) continue;
      this.named.add(name);
      const manifest = plugin.manifest?.slice("sha256:".length) ?? null;
      if (node.value.includes("@sha256:")) this.#replace(node, name, manifest ?? plugin.sha256);
      const beside = own || manifest === null ? plugin.sha256 : manifest;
      this.#replace(scalarAt(map, "sha256"), name, beside);
      if (own) this.#replace(scalarAt(map, "manifest"), name, manifest);
      // Envoy fetches plain files: its digest is the module's.
      if (outer !== null) this.#replace(scalarAt(outer, "sha256"), name, plugin.sha256);
    }
    for (const { key, value } of map.items) {
      const wraps = isScalar(key) && wrappers.includes(String(key.value));
      this.node(value, wraps ? map : null, own);
    }
  }

  node(node: unknown, outer: YAMLMap | null, own: boolean): void {
    if (isMap(node)) this.map(node, outer, own);
    else if (typeof node === "object" && node !== null && "items" in node) {
      for (const item of node.items as readonly unknown[]) this.node(item, null, own);
    }
  }
}

/** The text with the digests of these plugins, by their names in the lock. Text that is no YAML stays as it is. */
export function rewritePins(
  text: string,
  plugins: Readonly<Record<string, LockedPlugin>>,
): Rewritten {
  const lines = new LineCounter();
  const rewriter = new Rewriter(text, Object.entries(plugins), lines);
  for (const document of parseAllDocuments(text, { lineCounter: lines })) {
    const root = document.contents;
    const version = isMap(root) ? scalarAt(root, "apiVersion")?.value : undefined;
    const own = typeof version === "string" && version.startsWith("glovebox.dev/");
    rewriter.node(root, null, own);
  }
  const edits = [...rewriter.edits].sort((a, b) => a.start - b.start);
  let result = "";
  let end = 0;
  for (const edit of edits) {
    result += text.slice(end, edit.start) + edit.now;
    end = edit.end;
  }
  const changes = edits.map(({ name, line, was, now }) => ({ name, line, was, now }));
  return { text: result + text.slice(end), changes, named: [...rewriter.named].sort() };
}

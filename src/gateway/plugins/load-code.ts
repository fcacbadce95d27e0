// The bytes of a plugin: from a file, from the configuration itself, or fetched. Fetched bytes are given out only
// when their digest is the pinned one; nothing is decoded or compiled here.
import { setTimeout as sleep } from "node:timers/promises";
import { Failure, fail } from "../../errors/failure.ts";
import type { ClusterConfig, PluginCode, PluginConfig } from "../../mesh/envoy/lab-config.ts";
import { remoteCode } from "../../spec/gateway-limits.ts";
import { limits } from "../../spec/limits.ts";
import type { StatKey } from "../../spec/stats.ts";
import { sha256 } from "../../util/digest.ts";
import { readCapped } from "../../util/read-capped.ts";
import type { DiskCache } from "./cache.ts";
import { httpGet } from "./http-get.ts";
import type { RemoteMemory } from "./remote-memory.ts";

export interface CodeSource {
  readonly clusters: readonly ClusterConfig[];
  readonly cache: DiskCache;
  /** 0 to 1, for the jitter between two tries. */
  readonly random: () => number;
  /** The module of an artifact whose manifest has this digest (hex): what `oci:` references are got with. */
  readonly pull?: (reference: string, manifest: string) => Promise<Uint8Array>;
  /** Told what becomes of remote code. */
  readonly count?: (stat: RemoteStat) => void;
  /** What was fetched before, or in vain; without it every try is the first. */
  readonly memory?: RemoteMemory;
}

export type RemoteStat = Exclude<Extract<StatKey, `remote${string}`>, "remoteCacheEntries">;

type Remote = Extract<PluginCode, { readonly kind: "remote" }>;

/** The module's bytes as its author shipped them. Throws a Failure that says why there are none. */
export async function loadCode(plugin: PluginConfig, source: CodeSource): Promise<Uint8Array> {
  const { name, code } = plugin;
  switch (code.kind) {
    case "inline":
      return code.bytes;
    case "file":
      return readCode(name, code.path);
    case "remote":
      return fetchCode(name, code, source);
  }
}

async function readCode(name: string, file: string): Promise<Uint8Array> {
  const { moduleBytes: limit } = limits;
  const bytes = await readCapped(file, limit).catch((error: unknown) =>
    fail("gateway-code-file", { name, file, reason: reasonOf(error) }, undefined, error),
  );
  return bytes ?? fail("gateway-code-size", { name, limit });
}

async function fetchCode(name: string, code: Remote, source: CodeSource): Promise<Uint8Array> {
  const { sha256: expected } = code;
  if (expected === "") fail("gateway-no-sha256", { name });
  // Whoever corrects an address doesn't wait for what was wrong with the old one.
  const what = `${expected} ${code.uri}`;
  // As with Istio's agent, the digest of an artifact is its manifest's; whoever pulls it keeps it too.
  const artifact = /^oci(?:-layout)?:/.test(code.uri);
  const kept = artifact ? null : await source.cache.read(`${expected}.wasm`);
  if (kept !== null && sha256(kept) === expected) {
    source.count?.("remoteCacheHits");
    source.memory?.met(what, true);
    return kept;
  }
  const ago = source.memory?.failedBefore(what) ?? null;
  if (ago !== null) {
    source.count?.("remoteCacheNegativeHits");
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
    const reason = `that failed ${seconds(ago)} ago, and is tried again after ${seconds(remoteCode.negative)}`;
    fail("gateway-fetch", { name, uri: shownUri(code.uri), reason });
  }
  source.count?.("remoteCacheMisses");
  try {
    const bytes = artifact ? await pulled(name, code, source) : await tried(name, code, source);
    const found = artifact ? expected : sha256(bytes);
    if (found !== expected) fail("gateway-digest", { name, found, expected });
    source.count?.("remoteFetchSuccesses");
    source.memory?.met(what, true);
    if (!artifact) await source.cache.write(`${expected}.wasm`, bytes);
    return bytes;
  } catch (error) {
    if (error instanceof Failure) {
      source.count?.("remoteFetchFailures");
      source.memory?.met(what, false);
    }
    throw error;
  }
}

async function pulled(name: string, code: Remote, { pull }: CodeSource): Promise<Uint8Array> {
  const { uri, sha256: manifest } = code;
  if (pull !== undefined) return pull(uri, manifest);
  return fail("gateway-fetch", {
    name,
    uri: shownUri(uri),
    reason: "nothing here pulls artifacts",
  });
}

async function tried(name: string, code: Remote, source: CodeSource): Promise<Uint8Array> {
  const { uri, timeout, retries, backoff } = code;
  const cluster = source.clusters.find((one) => one.name === code.cluster);
  let url: URL;
  try {
    url = new URL(uri);
    if (url.protocol !== "http:" && url.protocol !== "https:")
      throw new Error(`${url.protocol} is neither http: nor https:`);
  } catch (error) {
    return fail(
      "gateway-fetch",
      { name, uri: shownUri(uri), reason: reasonOf(error) },
      undefined,
      error,
    );
  }
  for (let attempt = 0; ; attempt++) {
    try {
      return await httpGet(url, cluster, { bytes: limits.moduleBytes, timeout });
    } catch (error) {
      if (attempt >= retries) {
        return fail(
          "gateway-fetch",
          { name, uri: shownUri(uri), reason: reasonOf(error) },
          undefined,
          error,
        );
      }
      // Doubled each time, with full jitter, as Envoy does it.
      const most = Math.min(backoff.max, backoff.base * 2 ** attempt);
      await sleep(source.random() * most);
    }
  }
}

/** A URI without what may be secret in it. */
export function shownUri(uri: string): string {
  return uri.replace(/\/\/[^/@]*@/, "//").replace(/\?.*$/s, "?…");
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "ECONNREFUSED") return "nobody listens there";
  return error.message || code || error.name;
}

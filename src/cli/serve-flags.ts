// The flags of `serve` that hold more than a word: addresses, times, the certificate, the store.
import { join } from "node:path";
import { fail } from "../errors/failure.ts";
import { createBlobCache } from "../net/blob-cache.ts";
import { parseReference, shownRef } from "../net/reference.ts";
import { LayoutStore } from "../oci/layout-store.ts";
import { artifactReference, openRegistry, type Remote } from "../oci/remote.ts";
import { type Depot, diskDepot, storeDepot } from "../serve/depot.ts";
import { type ListenAddress, showAddress } from "../serve/listener.ts";
import type { TlsFiles } from "../serve/tls.ts";
import { serveLimits } from "../spec/serve.ts";
import type { InputOf } from "./commands.ts";
import { endpointOf } from "./generate-flags.ts";
import type { Io } from "./io.ts";
import { moduleCacheFolder, moduleCacheSize, sizeOf } from "./module-cache.ts";
import { readText } from "./ref.ts";
import { usage } from "./usage.ts";

export type ServeFlags = InputOf<"serve">["flags"];

export const listenOf = ({ listen }: ServeFlags): ListenAddress =>
  listen === undefined ? { host: "127.0.0.1", port: 8443 } : endpointOf("serve", "listen", listen);

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds; null for never. */
export function refreshOf({ refresh }: ServeFlags): number | null {
  if (refresh === undefined) return serveLimits.refresh;
  if (refresh === "never") return null;
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(refresh) ?? [];
  const ms = Number(number) * (UNITS[unit ?? ""] ?? Number.NaN);
  // A timer holds no more.
  if (ms >= 1_000 && ms < 2 ** 30) return ms;
  return usage("serve", `--refresh wants a time of 1s to 12d, or never, not ${refresh}`);
}

export const memoryOf = ({ memory }: ServeFlags): number =>
  memory === undefined ? serveLimits.memory : sizeOf(memory);

/** null for plain HTTP, which has to be asked for. Throws `serve-plain`. */
export function tlsOf(flags: ServeFlags): TlsFiles | null {
  const { "tls-cert": certificate, "tls-key": key } = flags;
  if ((certificate === undefined) !== (key === undefined)) {
    usage("serve", "--tls-cert and --tls-key belong together");
  }
  if (certificate !== undefined && key !== undefined) {
    const read = async () => ({ cert: await readText(certificate), key: await readText(key) });
    return { certificate, key, read };
  }
  return flags["plain-http"] === true || flags.check === true ? null : fail("serve-plain");
}

/** What consumers put before a path; without a slash at its end. */
export function baseUrlOf(flags: ServeFlags, bound: ListenAddress): URL {
  const scheme = flags["tls-cert"] === undefined ? "http" : "https";
  const text = flags.url ?? `${scheme}://${showAddress(bound)}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.username === "";
  if (url === null || !plain || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return usage("serve", `--url wants https://HOST:PORT without a path, not ${shownRef(text)}`);
  }
  return url;
}

/** The cache that every command shares, or a folder or registry with a repository for each plugin. */
export function depotOf(flags: ServeFlags, remote: Remote, io: Io): Depot {
  if (flags.store === undefined) {
    const folder = moduleCacheFolder(io.env);
    const now = (): number => Date.now();
    return diskDepot(createBlobCache({ folder, limit: moduleCacheSize(io.env), now }), folder);
  }
  const reference = artifactReference(parseReference(flags.store));
  const named = /:[^/]+$/.test(flags.store.replace(/^[a-z-]+:(?:\/\/[^/]*)?/, ""));
  if (reference.digest !== null || named) {
    return usage("serve", "--store names a folder or a prefix, without a tag or a digest");
  }
  if (reference.kind === "oci-layout") {
    return storeDepot(flags.store, (plugin) => new LayoutStore(join(reference.folder, plugin)));
  }
  const { registry, repository } = reference;
  return storeDepot(flags.store, (plugin) =>
    openRegistry({ registry, repository: `${repository}/${plugin}` }, remote),
  );
}

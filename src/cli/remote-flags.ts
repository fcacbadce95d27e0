// The flags of every command that may reach a registry or a server, and the object that is made from them. Loaded
// where a reference is no file; a command on files opens no connection and reads no credentials.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "../errors/failure.ts";
import { createBlobCache } from "../net/blob-cache.ts";
import { createHttp } from "../net/http.ts";
import { type WriteBehind, writeBehind } from "../net/write-behind.ts";
import { createKeychain } from "../oci/credentials.ts";
import type { Remote } from "../oci/remote.ts";
import { uploadMemory } from "../oci/upload-memory.ts";
import type { Io } from "./io.ts";
import { moduleCacheFolder, moduleCacheSize } from "./module-cache.ts";
import { readText } from "./ref.ts";

export interface RemoteFlags {
  readonly ca?: string | undefined;
  readonly "plain-http"?: boolean | undefined;
  readonly credentials?: string | undefined;
}

/** One that somebody has to let go of. */
export interface OpenRemote extends Remote {
  readonly cache: WriteBehind;
}

/** Ends its connections and waits for what it still writes. */
export async function letGo({ http, cache }: OpenRemote): Promise<void> {
  http.close();
  await cache.settled();
}

const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

async function authoritiesOf(file: string | undefined): Promise<readonly string[]> {
  if (file === undefined) return [];
  const { X509Certificate } = await import("node:crypto");
  const found = (await readText(file)).match(certificate) ?? [];
  try {
    if (found.length === 0) throw new Error("it holds no certificate in PEM");
    for (const one of found) new X509Certificate(one);
  } catch (error) {
    fail("registry-ca", { file, reason: (error as Error).message }, undefined, error);
  }
  return found;
}

/** What a command reaches others with. Throws what reading the authority throws. */
export async function remoteOf(flags: RemoteFlags, io: Io): Promise<OpenRemote> {
  const authorities = await authoritiesOf(flags.ca);
  const blocked = (io.env.GLOVEBOX_BLOCKED_CIDRS ?? "").split(",").filter((one) => one !== "");
  const folder = moduleCacheFolder(io.env);
  const now = (): number => Date.now();
  return {
    http: createHttp({ authorities, blocked }),
    keychain: createKeychain(io.env, flags.credentials),
    clock: { now, random: Math.random, sleep: (ms) => sleep(ms) },
    cache: writeBehind(createBlobCache({ folder, limit: moduleCacheSize(io.env), now })),
    memory: uploadMemory(join(folder, "uploads")),
    plainHttp: flags["plain-http"] === true,
  };
}

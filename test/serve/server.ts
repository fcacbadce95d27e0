// A module server in this process for tests: plugins in memory, a depot in memory or given, no thread, no chance.
import { type IncomingMessage, request } from "node:http";
import { noBlobCache } from "../../src/net/blob-cache.ts";
import { type Digest, digestOf } from "../../src/net/digest.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { type Depot, diskDepot } from "../../src/serve/depot.ts";
import type { Log, LogFields } from "../../src/serve/log.ts";
import { make } from "../../src/serve/make.ts";
import type { Maker } from "../../src/serve/make-thread.ts";
import {
  ModuleServer,
  type ModuleServerOptions,
  type PluginSource,
} from "../../src/serve/module-server.ts";
import { plainArtifact } from "../../src/supply/artifact.ts";
import { wat } from "../wat.ts";

/** A plugin that differs from others by a number. */
export const plugin = (constant: number): Uint8Array =>
  wat(`(module
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const ${constant})
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0))`);

export const policy = (name: string) => policyFromRole("logging", { "metadata.name": name });

/** A source whose content a test changes; a function that throws stands for one that can't be read. */
export function source(
  name: string,
  content: { now: Uint8Array | (() => never) },
  pinned = false,
): PluginSource & { opened: number } {
  return {
    name,
    policy: policy(name),
    pinned,
    opened: 0,
    async open() {
      this.opened++;
      const { now } = content;
      const bytes = typeof now === "function" ? now() : now;
      return { artifact: plainArtifact(name, bytes), shown: { manifest: null, signed: true } };
    },
  };
}

/** Makes in this thread, and counts. */
export class DirectMaker implements Maker {
  made = 0;
  async make(job: Parameters<Maker["make"]>[0]) {
    this.made++;
    return make(job);
  }
  async close(): Promise<void> {}
}

/** Keeps what it is given, and can be spoilt. */
export function memoryDepot(): Depot & { readonly kept: Map<Digest, Uint8Array> } {
  const kept = new Map<Digest, Uint8Array>();
  const cache = {
    get: async (digest: Digest, limit: number) => {
      const bytes = kept.get(digest) ?? null;
      return bytes === null || bytes.length > limit ? null : bytes;
    },
    put: async (bytes: Uint8Array, digest = digestOf(bytes)) => void kept.set(digest, bytes),
  };
  return { ...diskDepot(cache, "memory"), kept };
}

export const noDepot: Depot = diskDepot(noBlobCache, "nowhere");

export interface Line extends LogFields {
  readonly level: string;
  readonly event: string;
}

export interface TestServer {
  readonly server: ModuleServer;
  readonly port: number;
  readonly lines: Line[];
  readonly maker: DirectMaker;
}

/** Starts one on a port of its own; the caller stops it. */
export async function serve(
  sources: readonly PluginSource[],
  options: Partial<ModuleServerOptions> = {},
): Promise<TestServer> {
  const lines: Line[] = [];
  const log: Log = {
    say: (level, event, fields = {}) => void lines.push({ ...fields, level, event }),
  };
  const maker = new DirectMaker();
  let time = 0;
  const server = new ModuleServer({
    sources,
    maker,
    depot: noDepot,
    memory: 1e8,
    latest: "istio",
    tls: null,
    refresh: null,
    accessLog: false,
    log,
    random: () => 0.5,
    wall: () => 1_800_000_000_000,
    now: () => (time += 20_000),
    ...options,
  });
  await server.load();
  const { port } = await server.start({ host: "127.0.0.1", port: 0 });
  return { server, port, lines, maker };
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** One request on a connection of its own. */
export function ask(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, headers, method, agent: false };
    const sent = request(options, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(parts),
        }),
      );
    });
    sent.on("error", reject).end();
  });
}

/** What a registry's error is called. */
export const errorOf = ({ body }: Got): string =>
  (JSON.parse(body.toString()) as { errors: { code: string }[] }).errors[0]!.code;

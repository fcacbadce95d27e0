// A gateway in the test's own process, with its threads in reach: they can be ended, and made deaf.
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { Gateway } from "../../src/gateway/control/gateway.ts";
import { PATIENCE, type Patience } from "../../src/gateway/control/times.ts";
import { diskCache } from "../../src/gateway/plugins/cache.ts";
import { type BootstrapParts, bootstrap, upstream } from "./lab.ts";

export interface Running {
  readonly gateway: Gateway;
  readonly port: number;
  /** In the order in which they were made; those that have ended too. */
  readonly workers: Worker[];
  readonly logged: string[];
  readonly failures: string[];
  readonly folder: string;
  readonly configFile: string;
  readonly clusters: Readonly<Record<string, number>>;
  /** A new version of the configuration, in one piece. */
  write(parts: Omit<BootstrapParts, "clusters"> & Partial<BootstrapParts>): void;
}

export interface Wishes {
  readonly parts?: Omit<BootstrapParts, "clusters">;
  readonly unsafe?: boolean;
  readonly patience?: Partial<Patience>;
  /** Changes every configuration before it is written. */
  readonly shape?: (config: Shape, folder: string) => void;
}

/** As much of a bootstrap as tests change. */
export interface Shape {
  readonly static_resources: {
    readonly listeners: { readonly filter_chains: { transport_socket?: object }[] }[];
  };
}

export async function withGateway(
  body: (running: Running) => Promise<void>,
  { parts = {}, unsafe = false, patience = {}, shape = () => {} }: Wishes = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "gateway-threads-"));
  const configFile = join(folder, "envoy.yaml");
  const { server } = await upstream();
  const workers: Worker[] = [];
  const logged: string[] = [];
  const failures: string[] = [];
  const made = (worker: Worker): void => void workers.push(worker);
  const clusters = { backend: (server.address() as AddressInfo).port };
  const textOf = (given: Omit<BootstrapParts, "clusters">): string => {
    const config = JSON.parse(bootstrap({ clusters, ...given })) as Shape;
    shape(config, folder);
    return JSON.stringify(config);
  };
  writeFileSync(configFile, textOf(parts));
  const gateway = new Gateway({
    configFile,
    policyFiles: [],
    concurrency: 2,
    unsafe,
    cache: diskCache(join(folder, "cache")),
    environment: {},
    random: () => 0.5,
    wall: () => Date.now(),
    log: ({ text }) => void logged.push(text),
    cellShare: 0.25,
    otlp: null,
    record: null,
    patience: { ...PATIENCE, ...patience },
    fatal: (error) => void failures.push(error.message),
  });
  process.on("worker", made);
  try {
    await gateway.start(await gateway.check());
    const port = Number(/\d+$/.exec(gateway.listeners[0]!.address)![0]);
    const write: Running["write"] = (next) => {
      writeFileSync(`${configFile}.new`, textOf(next));
      renameSync(`${configFile}.new`, configFile);
    };
    const shown = { gateway, port, workers, logged, failures, folder, configFile, clusters };
    await body({ ...shown, write });
  } finally {
    process.off("worker", made);
    await gateway.stop();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
}

/** Waits up to ten seconds. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  logged: readonly string[] = [],
): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await holds()) return;
    await sleep(20);
  }
  assert.fail([what, ...logged].join("\n"));
}

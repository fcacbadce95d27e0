// Every release of Envoy that is at hand: the one on the PATH, and those that scripts/lib/parties.mjs keeps in the
// cache. And one of them running, with what it logs.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheFolder } from "../../plugins/toolchains.ts";
import { type EnvoyVersion, envoyReleases } from "../../src/spec/envoy-versions.ts";
import { bootstrap } from "./envoy.ts";

export interface Envoy {
  readonly release: EnvoyVersion;
  readonly program: string;
}

function releaseOf(program: string): EnvoyVersion | undefined {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  const found = /\/(1\.\d+)\.\d+/.exec(stdout ?? "")?.[1];
  return envoyReleases.find((row) => row.release === found)?.release;
}

/** One listener with a module that is none: what a build without V8 says of it is something else. */
function probe(): string {
  return JSON.stringify(bootstrap("", "", "")).replace(
    '"filename":""',
    '"inline_bytes":"AGFzbQEAAAA="',
  );
}

function hasV8(program: string): boolean {
  const args = ["--mode", "validate", "--config-yaml", probe(), "--log-level", "warning"];
  const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 60_000 });
  return !/without support/.test(`${stdout}${stderr}`);
}

/** Oldest first, one a release, all with V8; empty where there is none. */
export function envoys(): readonly Envoy[] {
  const cache = cacheFolder();
  const cached = existsSync(cache) ? readdirSync(cache) : [];
  const programs = cached
    .filter((name) => /^envoy-1\.\d+\.\d+$/.test(name))
    .map((name) => join(cache, name, "envoy", "_bin", "envoy"));
  const found = new Map<EnvoyVersion, Envoy>();
  for (const program of [...programs, "envoy"]) {
    const release = releaseOf(program);
    if (release !== undefined && hasV8(program)) found.set(release, { release, program });
  }
  return envoyReleases.flatMap((row) => found.get(row.release) ?? []);
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** One request on a connection of its own. Rejects after ten seconds without an answer. */
export function get(port: number, path: string, headers = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, headers, agent: false, timeout: 10_000 };
    const sent = request(options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (piece: string) => (body += piece));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer in ten seconds")));
    sent.on("error", reject).end();
  });
}

export interface Running {
  /** Port of the first listener. */
  readonly port: number;
  /** Of its admin. */
  readonly admin: number;
  readonly log: () => string;
  /** Waits up to ten seconds for a line: answers come before the log does. */
  readonly logs: (line: RegExp) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts a bootstrap whose listener and admin have port 0; it is ready when this resolves. */
export async function startEnvoy(program: string, yaml: string): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-run-"));
  const [config, admin] = [join(folder, "envoy.yaml"), join(folder, "admin")];
  await writeFile(config, yaml);
  const child = spawn(
    program,
    [
      ...["-c", config, "--concurrency", "1", "--use-dynamic-base-id", "--disable-hot-restart"],
      ...["--admin-address-path", admin, "--log-level", "warning"],
      ...["--component-log-level", "wasm:debug"],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece: Buffer) => (log = (log + piece.toString()).slice(-1_000_000)));
  }
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const ports = await portsOf(admin, () => child.exitCode !== null);
    const logs = async (line: RegExp) => {
      for (let tries = 0; tries < 200 && !line.test(log); tries++) await sleep(50);
      assert.match(log, line);
    };
    return { ...ports, log: () => log, logs, stop };
  } catch (error) {
    await stop();
    throw new Error(`Envoy did not start: ${log.slice(-3000)}`, { cause: error });
  }
}

async function portsOf(
  adminFile: string,
  gone: () => boolean,
): Promise<Pick<Running, "port" | "admin">> {
  for (let tries = 0; tries < 600 && !gone(); tries++) {
    await sleep(50);
    const address = await readFile(adminFile, "utf8").catch(() => "");
    const admin = Number(address.split(":").at(-1));
    if (!(admin > 0)) continue;
    if ((await get(admin, "/ready").catch(() => null))?.status !== 200) continue;
    const { body } = await get(admin, "/listeners?format=json");
    const { listener_statuses: all } = JSON.parse(body) as {
      listener_statuses: { local_address: { socket_address: { port_value: number } } }[];
    };
    return { port: all[0]!.local_address.socket_address.port_value, admin };
  }
  throw new Error(gone() ? "it ended" : "it was not ready in half a minute");
}

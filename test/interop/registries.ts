// Real registries, each a process on loopback with a folder of its own, for as long as a test file runs.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";

export interface RealRegistry {
  /** The program's name. */
  readonly name: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Its storage; undefined where it is in memory. */
  readonly folder: string | undefined;
  stop(): Promise<void>;
}

export const registryPrograms = ["registry", "docker-registry", "referrers-registry"] as const;
export type RegistryProgram = (typeof registryPrograms)[number];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(`http://${host}/v2/`, (answer) => {
      answer.resume();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}

async function ready(host: string, child: ChildProcess, said: () => string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await answers(host)) return;
    if (child.exitCode !== null) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  child.kill("SIGKILL");
  throw new Error(`the registry at ${host} did not start: ${said()}`);
}

/** Where distribution and Debian's keep what, in the form that both read. */
const configuration = (host: string, folder: string): string => `version: 0.1
log: { level: error }
storage:
  filesystem: { rootdirectory: ${folder} }
  delete: { enabled: true }
http: { addr: "${host}", secret: tests }
`;

/** Starts a registry; `scratch` is a folder that the caller removes. */
export async function startRegistry(name: RegistryProgram, scratch: string): Promise<RealRegistry> {
  const host = `127.0.0.1:${await freePort()}`;
  const folder = name === "referrers-registry" ? undefined : join(scratch, `${name}-storage`);
  const file = join(scratch, `${name}.yml`);
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, configuration(host, folder));
  }
  const args = folder === undefined ? [host] : ["serve", file];
  const child = spawn(name, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => (said = (said + piece.toString()).slice(-2000)));
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  child.once("error", () => {});
  await ready(host, child, () => said);
  return {
    name,
    host,
    folder,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
      await ended;
      clearTimeout(timer);
    },
  };
}

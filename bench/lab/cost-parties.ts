// The two proxies whose plugin costs are compared, each one process with one listener without a plugin and one for
// each plugin, all answering by themselves: the same file for the lab and for Envoy but for the ports.
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { pluginRow } from "../../plugins/catalog.ts";
import { compile, root } from "../../plugins/compile.ts";
import { fixture } from "../../plugins/fixtures.ts";
import { wasmFilter } from "../lib/wasm-filter.ts";
import { processorOf } from "./processor.ts";

export interface CostPlugin {
  readonly name: string;
  readonly what: string;
  /** As built, unhardened. */
  readonly file: string;
  readonly configuration: string;
}

/** The bench's own plugins; the fixtures of the other toolchains do a little more than they. */
const own = [
  { name: "empty", what: "empty", language: "wat" },
  { name: "add-header", what: "adds a header, AssemblyScript SDK", language: "assemblyscript" },
] as const;
const fixtures = [
  { name: "cpp-router", what: "adds a header, C++" },
  { name: "rust-auth", what: "adds a header, Rust SDK" },
] as const;

export async function costPlugins(folder: string): Promise<{
  readonly found: readonly CostPlugin[];
  readonly missing: readonly string[];
}> {
  const found: CostPlugin[] = [];
  const missing: string[] = [];
  for (const { name, what, language } of own) {
    const file = join(folder, `${name}.wasm`);
    const source = `bench/lab/plugins/${name}.${language === "wat" ? "wat" : "ts"}`;
    writeFileSync(file, (await compile(source, language)).wasm);
    found.push({ name, what, file, configuration: "" });
  }
  for (const { name, what } of fixtures) {
    const made = await fixture(name, { fetch: true });
    if ("missing" in made) missing.push(`${name}: ${made.missing}`);
    else
      found.push({
        name,
        what,
        file: made.path,
        configuration: pluginRow(name)!.configuration ?? "",
      });
  }
  return { found, missing };
}

/** What every request carries; the Rust plugin lets the token in. */
export const requestHeaders = {
  "user-agent": "bench",
  accept: "*/*",
  authorization: "Bearer wonderland",
  "x-request-id": "0123456789abcdef",
} as const;

const TYPE = "type.googleapis.com/";
const HTTP = `${TYPE}envoy.extensions.filters.http.`;

function listener(port: number, plugin: CostPlugin | null): object {
  const name = plugin?.name ?? "none";
  const wasm = plugin === null ? [] : [wasmFilter(plugin)];
  const manager = {
    "@type": `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    route_config: {
      name,
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
        },
      ],
    },
    http_filters: [
      ...wasm,
      { name: "envoy.filters.http.router", typed_config: { "@type": `${HTTP}router.v3.Router` } },
    ],
  };
  const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  return { name, address, filter_chains: [{ filters: [filter] }] };
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address !== null) ports.push(address.port);
  }
  for (const server of servers) server.close();
  return ports;
}

export interface Order {
  readonly port: number;
  readonly connections: number;
  readonly requests: number;
  /** What every request carries; by default they have no body. */
  readonly body?: string | undefined;
}

/** The generator of load, in a process of its own. */
export class Load {
  readonly #child: ChildProcess = fork(join(root, "bench/lab/cost-load.mjs"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });

  /** Rejects where a request failed. */
  async run(order: Order): Promise<void> {
    this.#child.send({ ...order, headers: requestHeaders });
    const [answer] = (await once(this.#child, "message")) as [{ readonly error?: string }];
    if (answer.error !== undefined) throw new Error(answer.error);
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

export type PartyName = "lab" | "envoy";

/** A running proxy. */
export class Party {
  readonly name: PartyName;
  readonly #child: ChildProcess;
  /** By the plugin's name; "none" is the listener without one. */
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(name: PartyName, child: ChildProcess, ports: ReadonlyMap<string, number>) {
    this.name = name;
    this.#child = child;
    this.#ports = ports;
  }

  /** Starts it and waits until all its listeners take connections; throws with its last words. */
  static async start(
    name: PartyName,
    plugins: readonly CostPlugin[],
    folder: string,
  ): Promise<Party> {
    const all = [null, ...plugins];
    const free = await freePorts(all.length);
    const listeners = all.map((plugin, i) => listener(free[i]!, plugin));
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ static_resources: { listeners } }));
    const [program, ...args] = commands[name](file);
    const child = spawn(program!, args, {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: folder,
      env: { ...process.env, XDG_CACHE_HOME: join(folder, "cache") },
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (piece) => (said = (said + String(piece)).slice(-4000)));
    }
    const ports = new Map(all.map((plugin, i) => [plugin?.name ?? "none", free[i]!]));
    const party = new Party(name, child, ports);
    const load = new Load();
    try {
      const end = performance.now() + 60_000;
      for (const port of ports.values()) {
        while (!(await answers(load, port))) {
          if (child.exitCode !== null || performance.now() > end)
            throw new Error(`${name} does not serve: ${said}`);
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    } catch (error) {
      party.stop();
      throw error;
    } finally {
      load.stop();
    }
    return party;
  }

  port(plugin: string): number {
    return this.#ports.get(plugin)!;
  }

  /** Milliseconds of processor so far. */
  processor(): number {
    const time = processorOf(this.#child.pid!);
    if (time === null) throw new Error("this system doesn't tell the processor time of a process");
    return time;
  }

  /** Bytes that are resident now. */
  resident(): number {
    const text = readFileSync(`/proc/${this.#child.pid!}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)![1]) * 1024;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

const commands: Readonly<Record<PartyName, (file: string) => readonly string[]>> = {
  lab: (file) => [process.execPath, join(root, "bin/glovebox"), "run", file, "--concurrency", "1"],
  envoy: (file) => [
    ...["envoy", "-c", file, "--concurrency", "1"],
    ...["--log-level", "error", "--use-dynamic-base-id"],
  ],
};

async function answers(load: Load, port: number): Promise<boolean> {
  try {
    await load.run({ port, connections: 1, requests: 1 });
    return true;
  } catch {
    return false;
  }
}

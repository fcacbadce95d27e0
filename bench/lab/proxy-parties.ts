// The proxies that the bench compares, each as a process in front of the same upstream: how one is started, when it
// serves, what processor time it and its children have used.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const script = (name: string): string => join(root, "bench/lab", name);

export interface RunningProxy {
  readonly name: string;
  readonly threads: number;
  readonly port: number;
  readonly child: ChildProcess;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

export async function startUpstream(): Promise<{ port: number; child: ChildProcess }> {
  const child = spawn(process.execPath, [script("proxy-upstream.mjs")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  return { port: Number(line), child };
}

/** One listener, one route, one cluster, no plugins: for Envoy and for the lab, word for word. */
function bootstrap(port: number, upstream: number): object {
  const type = "type.googleapis.com/envoy.extensions.filters";
  const at = (port_value: number) => ({ socket_address: { address: "127.0.0.1", port_value } });
  const manager = {
    "@type": `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "bench",
    route_config: {
      name: "bench",
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "up" } }],
        },
      ],
    },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${type}.http.router.v3.Router` },
      },
    ],
  };
  const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: at(upstream) } }] }];
  return {
    static_resources: {
      listeners: [{ name: "bench", address: at(port), filter_chains: [{ filters: [filter] }] }],
      clusters: [
        {
          name: "up",
          type: "STATIC",
          connect_timeout: "1s",
          load_assignment: { cluster_name: "up", endpoints },
        },
      ],
    },
  };
}

export type Kind = "plain" | "lab" | "envoy";

/** Starts a proxy and waits until it answers; throws with its output where it doesn't. */
export async function startProxy(
  kind: Kind,
  threads: number,
  upstream: number,
  folder: string,
): Promise<RunningProxy> {
  const port = await freePort();
  const file = join(folder, `${kind}-${threads}.json`);
  writeFileSync(file, JSON.stringify(bootstrap(port, upstream)));
  const count = String(threads);
  const commands: Readonly<Record<Kind, readonly string[]>> = {
    plain: [process.execPath, script("proxy-plain.mjs"), String(port), String(upstream), count],
    lab: [process.execPath, join(root, "bin/glovebox"), "run", file, "--concurrency", count],
    envoy: [
      "envoy",
      "-c",
      file,
      "--concurrency",
      count,
      "--log-level",
      "error",
      "--base-id",
      String(threads + 7),
    ],
  };
  const [program, ...args] = commands[kind];
  const child = spawn(program!, args, { stdio: ["ignore", "pipe", "pipe"], cwd: folder });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream!.on("data", (piece) => (output = (output + String(piece)).slice(-4000)));
  }
  const end = performance.now() + 30_000;
  while (!serves(port)) {
    if (child.exitCode !== null || performance.now() > end) {
      child.kill("SIGKILL");
      throw new Error(`${kind} does not serve: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { name: kind, threads, port, child };
}

const serves = (port: number): boolean => load(port, 1, 1) !== null;

/** Milliseconds for so many requests over so many connections; null where one of them failed. */
export function load(port: number, connections: number, requests: number): number | null {
  const args = [script("proxy-load.mjs"), String(port), String(connections), String(requests)];
  const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 120_000 });
  return ran.status === 0 ? Number(ran.stdout) : null;
}

/** Processor milliseconds that a process and its children have used; null where the system doesn't tell. */
export function processorTime(pid: number): number | null {
  try {
    let ticks = 0;
    for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const fields = statOf(Number(entry));
      if (fields === null || (Number(entry) !== pid && Number(fields[1]) !== pid)) continue;
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    // Linux counts in hundredths of a second.
    return ticks * 10;
  } catch {
    return null;
  }
}

/** The fields of /proc/PID/stat behind the program's name. */
function statOf(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

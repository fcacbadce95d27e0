// One Envoy under measurement: a process with one worker, a listener for each side that is compared, and what the
// operating system tells of it. Listeners answer by themselves; one that needs the whole body of a request sends it
// on to a listener of the same process that does.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts, Load } from "../lab/cost-parties.ts";
import { processorOf } from "../lab/processor.ts";
import { type FilterPlugin, wasmFilter } from "../lib/wasm-filter.ts";

export interface BedListener {
  readonly name: string;
  readonly plugins: readonly FilterPlugin[];
  /** The request goes on to a listener that answers, so that a plugin sees its body. */
  readonly forwards?: boolean;
  /** Is not asked whether it answers: what its plugin does is what is measured. */
  readonly unasked?: boolean;
}

const TYPE = "type.googleapis.com/";
const HTTP = `${TYPE}envoy.extensions.filters.http.`;
const MANAGER = "envoy.filters.network.http_connection_manager";
const UPSTREAM = "upstream";
/** Milliseconds until all listeners have to answer. */
const PATIENCE = 60_000;

const at = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });

function listenerOf({ name, plugins, forwards }: BedListener, port: number): object {
  const action = forwards ? { route: { cluster: UPSTREAM } } : { direct_response: { status: 200 } };
  // Its header about the upstream differs in length from answer to answer.
  const router = { "@type": `${HTTP}router.v3.Router`, suppress_envoy_headers: true };
  const manager = {
    "@type": `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    route_config: {
      name,
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, ...action }] },
      ],
    },
    http_filters: [
      ...plugins.map(wasmFilter),
      { name: "envoy.filters.http.router", typed_config: router },
    ],
  };
  const filters = [{ name: MANAGER, typed_config: manager }];
  return { name, address: at(port), filter_chains: [{ filters }] };
}

function clusterOf(port: number): object {
  const endpoint = { endpoint: { address: at(port) } };
  return {
    name: UPSTREAM,
    load_assignment: { cluster_name: UPSTREAM, endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}

export class Bed {
  readonly #child: ChildProcess;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(child: ChildProcess, ports: ReadonlyMap<string, number>) {
    this.#child = child;
    this.#ports = ports;
  }

  /** Starts Envoy and waits until every listener answers; throws with its last words. */
  static async start(listeners: readonly BedListener[], folder: string): Promise<Bed> {
    const all = [{ name: UPSTREAM, plugins: [] }, ...listeners];
    const free = await freePorts(all.length);
    const file = join(folder, "envoy.json");
    const made = all.map((one, i) => listenerOf(one, free[i]!));
    const resources = { listeners: made, clusters: [clusterOf(free[0]!)] };
    writeFileSync(file, JSON.stringify({ static_resources: resources }));
    const flags = ["--concurrency", "1", "--log-level", "off", "--use-dynamic-base-id"];
    const child = spawn("envoy", ["-c", file, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (piece) => (said = (said + String(piece)).slice(-4000)));
    }
    const bed = new Bed(child, new Map(all.map(({ name }, i) => [name, free[i]!])));
    const asked = listeners.filter(({ unasked }) => unasked !== true).map(({ name }) => name);
    try {
      await bed.#ready(asked, () => said);
    } catch (error) {
      bed.stop();
      throw error;
    }
    return bed;
  }

  async #ready(listeners: readonly string[], said: () => string): Promise<void> {
    const load = new Load();
    const end = performance.now() + PATIENCE;
    try {
      for (const port of listeners.map((name) => this.port(name))) {
        while (!(await load.run({ port, connections: 1, requests: 1 }).then(yes, no))) {
          if (this.#child.exitCode !== null || performance.now() > end)
            throw new Error(`Envoy does not serve: ${said()}`);
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    } finally {
      load.stop();
    }
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  port(listener: string): number {
    return this.#ports.get(listener)!;
  }

  /** Milliseconds of processor so far. */
  processor(): number {
    const time = processorOf(this.#child.pid!);
    if (time === null) throw new Error("this system doesn't tell the processor time of a process");
    return time;
  }

  /** Bytes: `VmRSS` now, `VmHWM` at most. */
  memory(field: "VmRSS" | "VmHWM"): number {
    const text = readFileSync(`/proc/${this.#child.pid!}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text)![1]) * 1024;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

const yes = (): boolean => true;
const no = (): boolean => false;

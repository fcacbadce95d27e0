// The lab of the isolation bench: one listener, a route and a plugin for the tenant that shall notice nothing, a
// route and a plugin for each way to misbehave, all answering by themselves. Its file is written anew for a reload.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildPlugins } from "../../plugins/build.ts";
import { compile, root } from "../../plugins/compile.ts";
import { freePorts } from "./cost-parties.ts";
import { processorOf } from "./processor.ts";

/** What the misbehaving tenant's plugin does on every request, and which module does it. */
export const attacks = [
  { name: "loop", does: "loops for ever", module: "loop-request" },
  { name: "allocate", does: "allocates for ever", module: null },
  { name: "stack", does: "overflows the stack", module: "stack-bomb" },
  { name: "log", does: "floods the log", module: "log-flood" },
] as const;

const TYPE = "type.googleapis.com/";
const HTTP = `${TYPE}envoy.extensions.filters.http.`;
const MANAGER = `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;

/** The path of the tenant that shall notice nothing, and what its plugin adds to the answer. */
export const STEADY = { path: "/steady", expect: "x-rewritten-by: header-rewriter" } as const;

function plugin(name: string, file: string, configuration: string): object {
  return {
    name,
    root_id: name,
    vm_config: {
      vm_id: name,
      runtime: "envoy.wasm.runtime.v8",
      code: { local: { filename: file } },
    },
    failure_policy: "FAIL_RELOAD",
    configuration: { "@type": `${TYPE}google.protobuf.StringValue`, value: configuration },
  };
}

function route(path: string, config: object): object {
  return {
    match: { path },
    direct_response: { status: 200 },
    typed_per_filter_config: {
      "envoy.filters.http.wasm": { "@type": `${HTTP}wasm.v3.PluginConfig`, ...config },
    },
  };
}

export class IsolationLab {
  readonly port: number;
  readonly admin: number;
  readonly #folder: string;
  readonly #files: ReadonlyMap<string, string>;
  #child: ChildProcess | null = null;
  #said = "";
  #versions = 0;

  private constructor(
    folder: string,
    ports: readonly number[],
    files: ReadonlyMap<string, string>,
  ) {
    this.#folder = folder;
    this.port = ports[0]!;
    this.admin = ports[1]!;
    this.#files = files;
  }

  static async start(folder: string): Promise<IsolationLab> {
    const built = await buildPlugins();
    const files = new Map<string, string>(
      attacks.flatMap(({ name, module }) =>
        module === null ? [] : [[name, built.get(module)!] as const],
      ),
    );
    const allocate = join(folder, "allocate.wasm");
    writeFileSync(allocate, (await compile("bench/lab/plugins/allocate-for-ever.wat", "wat")).wasm);
    files.set("allocate", allocate);
    files.set("steady", built.get("header-rewriter")!);
    const lab = new IsolationLab(folder, await freePorts(2), files);
    await lab.#begin();
    return lab;
  }

  get #config(): string {
    return join(this.#folder, "envoy.json");
  }

  /** Writes the next version: the steady tenant's plugin has a new configuration, hence a new VM. */
  change(): void {
    const steady = plugin("steady", this.#files.get("steady")!, `version-${++this.#versions}`);
    const routes = [
      route(STEADY.path, steady),
      ...attacks.map(({ name }) => route(`/${name}`, plugin(name, this.#files.get(name)!, ""))),
    ];
    const base = { "@type": `${HTTP}wasm.v3.Wasm`, config: steady };
    const manager = {
      "@type": MANAGER,
      stat_prefix: "ingress",
      route_config: { name: "all", virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
      http_filters: [
        { name: "envoy.filters.http.wasm", typed_config: base },
        { name: "envoy.filters.http.router", typed_config: { "@type": `${HTTP}router.v3.Router` } },
      ],
    };
    const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
    const at = (port: number) => ({
      socket_address: { address: "127.0.0.1", port_value: port },
    });
    const text = {
      admin: { address: at(this.admin) },
      static_resources: {
        listeners: [
          { name: "main", address: at(this.port), filter_chains: [{ filters: [filter] }] },
        ],
      },
    };
    writeFileSync(`${this.#config}.new`, JSON.stringify(text));
    renameSync(`${this.#config}.new`, this.#config);
  }

  async #begin(): Promise<void> {
    this.change();
    const args = [join(root, "bin/glovebox"), "run", this.#config, "--concurrency", "1"];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "ignore", "pipe"],
      cwd: this.#folder,
      env: { ...process.env, XDG_CACHE_HOME: join(this.#folder, "cache") },
    });
    this.#child = child;
    child.stderr.on("data", (piece: Buffer) => {
      this.#said = (this.#said + piece.toString()).slice(-100_000);
    });
    const end = performance.now() + 60_000;
    while (!this.#said.includes("admin on")) {
      if (child.exitCode !== null || performance.now() > end)
        throw new Error(`the lab does not serve: ${this.#said}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What the admin says of a plugin's place and share, and how many versions have been taken over. */
  async plugin(name: string): Promise<{ readonly where: string; readonly share: number | null }> {
    const page = (await (await fetch(`http://127.0.0.1:${this.admin}/plugins`)).json()) as {
      readonly plugins: readonly {
        readonly name: string;
        readonly runs_in: string;
        readonly share?: number;
      }[];
    };
    const one = page.plugins.find((row) => row.name === name)!;
    return { where: one.runs_in, share: one.share ?? null };
  }

  /** How many versions the lab has taken over since it started. */
  async version(): Promise<number> {
    const page = (await (await fetch(`http://127.0.0.1:${this.admin}/plugins`)).json()) as {
      readonly version: number;
    };
    return page.version;
  }

  /** Milliseconds of processor so far; null where the system doesn't tell. */
  processor(): number | null {
    return processorOf(this.#child!.pid!);
  }

  /** Bytes that are resident now; null where the system doesn't tell. */
  resident(): number | null {
    try {
      const text = readFileSync(`/proc/${this.#child!.pid!}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)![1]) * 1024;
    } catch {
      return null;
    }
  }

  get ended(): boolean {
    return this.#child!.exitCode !== null || this.#child!.signalCode !== null;
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
  }
}

// The real binary on a configuration of the test's, with upstreams of the test's: start, ask, read what it says,
// end. Ports are free ones, read from what the lab prints.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import {
  type Agent,
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request,
  type Server,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));
const built = fileURLToPath(new URL("../../plugins/wasm/", import.meta.url));

/** The file of a plugin of the catalog. */
export const wasm = (name: string): string => join(built, `${name}.wasm`);

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
}

/** One request; rejects where the connection breaks, or nothing comes for 20 seconds. */
export function ask(
  port: number,
  path: string,
  { method = "GET", headers = {}, body, agent }: Ask = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const made = request(
      { host: "127.0.0.1", port, path, method, headers, agent: agent ?? false, timeout: 20_000 },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => void (text += part));
        response.on("end", () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: text }),
        );
        response.on("error", reject);
      },
    );
    made.on("timeout", () => made.destroy(new Error("no answer within 20 s")));
    made.on("error", reject);
    made.end(body);
  });
}

/** An upstream that tells in its body what it was asked. */
export async function upstream(
  listener?: RequestListener,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer(
    listener ??
      ((incoming, response) => {
        let body = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (part: string) => void (body += part));
        incoming.on("end", () =>
          response.end(JSON.stringify({ url: incoming.url, headers: incoming.headers, body })),
        );
      }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server };
}

export interface PluginYaml {
  readonly name: string;
  readonly file: string;
  readonly filter?: string;
  readonly disabled?: boolean;
  readonly vmId?: string;
  /** More of the PluginConfig, as JSON that stands in YAML. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly configuration?: string;
}

const any = (type: string, rest: object): object => ({
  "@type": `type.googleapis.com/${type}`,
  ...rest,
});

export function pluginYaml({
  name,
  file,
  vmId,
  more,
  configuration,
}: PluginYaml): Record<string, unknown> {
  return {
    name,
    vm_config: {
      runtime: "envoy.wasm.runtime.v8",
      ...(vmId !== undefined && { vm_id: vmId }),
      code: { local: { filename: file } },
    },
    ...(configuration !== undefined && {
      configuration: any("google.protobuf.StringValue", { value: configuration }),
    }),
    ...more,
  };
}

export interface BootstrapParts {
  readonly plugins?: readonly PluginYaml[];
  readonly routes?: readonly object[];
  /** Ports of upstreams by cluster. */
  readonly clusters: Readonly<Record<string, number>>;
  /** Clusters that speak HTTP/2. */
  readonly http2?: readonly string[];
  readonly accessLog?: string;
  /** More of the bootstrap. */
  readonly more?: object;
  readonly port?: number;
}

/** A bootstrap as JSON, which is YAML. */
export function bootstrap({
  plugins = [],
  routes,
  clusters,
  accessLog,
  more,
  port = 0,
  http2 = [],
}: BootstrapParts): string {
  const address = (number: number): object => ({
    socket_address: { address: "127.0.0.1", port_value: number },
  });
  const HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const filters = plugins.map((one) => ({
    name: one.filter ?? "envoy.filters.http.wasm",
    ...(one.disabled === true && { disabled: true }),
    typed_config: any("envoy.extensions.filters.http.wasm.v3.Wasm", { config: pluginYaml(one) }),
  }));
  const first = Object.keys(clusters)[0]!;
  const manager = any(HCM, {
    stat_prefix: "ingress",
    ...(accessLog !== undefined && {
      access_log: [
        {
          name: "envoy.access_loggers.file",
          typed_config: any("envoy.extensions.access_loggers.file.v3.FileAccessLog", {
            path: accessLog,
          }),
        },
      ],
    }),
    route_config: {
      name: "local",
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: routes ?? [{ match: { prefix: "/" }, route: { cluster: first } }],
        },
      ],
    },
    http_filters: [
      ...filters,
      {
        name: "envoy.filters.http.router",
        typed_config: any("envoy.extensions.filters.http.router.v3.Router", {}),
      },
    ],
  });
  const text = {
    admin: { address: address(0) },
    static_resources: {
      listeners: [
        {
          name: "main",
          address: address(port),
          filter_chains: [
            {
              filters: [
                { name: "envoy.filters.network.http_connection_manager", typed_config: manager },
              ],
            },
          ],
        },
      ],
      clusters: Object.entries(clusters).map(([name, to]) => ({
        name,
        type: "STATIC",
        connect_timeout: "1s",
        ...(http2.includes(name) && { http2_protocol_options: {} }),
        load_assignment: {
          cluster_name: name,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: address(to) } }] }],
        },
      })),
    },
    ...more,
  };
  return JSON.stringify(text, null, 1);
}

export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), "glovebox-lab-"));
  readonly config = join(this.folder, "envoy.yaml");
  port = 0;
  admin = 0;
  err = "";
  out = "";
  #child: ChildProcess | null = null;
  #exit: Promise<[number | null, NodeJS.Signals | null]> | null = null;

  write(text: string): void {
    writeFileSync(this.config, text);
  }

  /** Starts the binary and waits until it serves. */
  async start(
    flags: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const child = spawn(process.execPath, [bin, "run", this.config, ...flags], {
      cwd: this.folder,
      env: { ...process.env, XDG_CACHE_HOME: join(this.folder, "cache"), ...env },
    });
    this.#child = child;
    child.stdout.on("data", (part: Buffer) => void (this.out += part.toString()));
    child.stderr.on("data", (part: Buffer) => void (this.err += part.toString()));
    this.#exit = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
    await this.until(
      () => /admin on http:\/\/127\.0\.0\.1:\d+\n/.test(this.err) || child.exitCode !== null,
    );
    if (child.exitCode !== null)
      throw new Error(`the lab ended with ${child.exitCode}:\n${this.err}`);
    this.port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(this.err)![1]);
    this.admin = Number(/admin on http:\/\/127\.0\.0\.1:(\d+)/.exec(this.err)![1]);
  }

  /** Waits until something holds; rejects after 30 seconds. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + 30_000;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`it never held; the lab said:\n${this.err}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  ask(path: string, options?: Ask): Promise<Answered> {
    return ask(this.port, path, options);
  }

  async adminText(path: string, method = "GET"): Promise<string> {
    return (await ask(this.admin, path, { method })).body;
  }

  /** The value of a statistic; NaN where there is none. */
  async stat(name: string): Promise<number> {
    const lines = (await this.adminText("/stats")).split("\n");
    const line = lines.find((one) => one.startsWith(`${name}: `));
    return line === undefined ? Number.NaN : Number(line.slice(name.length + 2));
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Exit code and signal. */
  ended(): Promise<[number | null, NodeJS.Signals | null]> {
    return this.#exit!;
  }

  async close(): Promise<void> {
    if (this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await this.#exit;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs a test with a lab and upstreams that end with it. */
export async function withLab(
  body: (lab: Lab, clusters: { backend: number }) => Promise<void>,
  listener?: RequestListener,
): Promise<void> {
  const lab = new Lab();
  const backend = await upstream(listener);
  try {
    await body(lab, { backend: backend.port });
  } finally {
    await lab.close();
    backend.server.closeAllConnections();
    backend.server.close();
  }
}

// Parts of tests of TCP listeners: bootstraps, upstreams and clients that speak bytes, and plugins that look at them.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { guest } from "../host/guest.ts";
import { type Lab, type PluginYaml, pluginYaml } from "./lab.ts";

const any = (type: string, rest: object): object => ({
  "@type": `type.googleapis.com/envoy.extensions.${type}`,
  ...rest,
});

export interface TcpParts {
  readonly plugins?: readonly PluginYaml[];
  /** Port of the cluster's one host. */
  readonly to: number;
  /** More of the TcpProxy. */
  readonly proxy?: object;
  /** More of the listener. */
  readonly listener?: object;
  /** More of the filter chain. */
  readonly chain?: object;
  /** More of the cluster. */
  readonly cluster?: object;
}

const address = (port: number): object => ({
  socket_address: { address: "127.0.0.1", port_value: port },
});

/** A bootstrap with one TCP listener, as JSON, which is YAML. */
export function tcpBootstrap(parts: TcpParts): string {
  const { plugins = [], to, proxy, listener, chain, cluster } = parts;
  const filters = plugins.map((one) => ({
    name: "envoy.filters.network.wasm",
    typed_config: any("filters.network.wasm.v3.Wasm", { config: pluginYaml(one) }),
  }));
  const last = {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: any("filters.network.tcp_proxy.v3.TcpProxy", {
      stat_prefix: "bytes",
      cluster: "backend",
      ...proxy,
    }),
  };
  const text = {
    admin: { address: address(0) },
    static_resources: {
      listeners: [
        {
          name: "main",
          address: address(0),
          filter_chains: [{ filters: [...filters, last], ...chain }],
          ...listener,
        },
      ],
      clusters: [
        {
          name: "backend",
          type: "STATIC",
          connect_timeout: "1s",
          load_assignment: {
            cluster_name: "backend",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(to) } }] }],
          },
          ...cluster,
        },
      ],
    },
  };
  return JSON.stringify(text, null, 1);
}

/** The access log of a TCP proxy in a file. */
export const fileLog = (path: string, format?: string): object => ({
  access_log: [
    {
      name: "envoy.access_loggers.file",
      typed_config: any("access_loggers.file.v3.FileAccessLog", {
        path,
        ...(format !== undefined && {
          log_format: { text_format_source: { inline_string: format } },
        }),
      }),
    },
  ],
});

/** TLS of a listener's chain, or of a cluster. */
export const tlsSocket = (side: "Downstream" | "Upstream", context: object): object => ({
  transport_socket: {
    name: "envoy.transport_sockets.tls",
    typed_config: any(`transport_sockets.tls.v3.${side}TlsContext`, context),
  },
});

/** An upstream that greets nobody: what it does with a connection is the test's. */
export async function byteUpstream(
  serve: (socket: Socket) => void,
): Promise<{ readonly port: number; readonly server: Server; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server, sockets };
}

/** Sends everything back, and ends when its client has. */
export const echo = (socket: Socket): void => void socket.pipe(socket);

/** A client that remembers what came. */
export class Bytes {
  readonly socket: Socket;
  came: Buffer = Buffer.alloc(0);
  ended = false;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (part: Buffer) => void (this.came = Buffer.concat([this.came, part])));
    socket.on("end", () => void (this.ended = true));
    socket.on("close", () => void (this.closed = true));
  }

  static to(port: number): Bytes {
    return new Bytes(connect({ host: "127.0.0.1", port, allowHalfOpen: true }));
  }

  get text(): string {
    return this.came.toString("latin1");
  }
}

/** Writes a plugin of the test's own beside the configuration. */
export function pluginFile(
  lab: Lab,
  name: string,
  body: string,
  imports: readonly string[] = ["proxy_set_buffer_bytes", "proxy_get_buffer_bytes", "proxy_log"],
): PluginYaml {
  const file = join(lab.folder, `${name}.wasm`);
  writeFileSync(file, guest({ imports, body }));
  return { name, file };
}

// A stock Envoy and the lab take the same routes, with the same rewrites, edits, redirects, retries and answers of their
// own: one configuration, some two hundred requests to each, byte by byte but for what is a proxy's own or of the moment.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { Lab } from "../gateway/lab.ts";
import { startEnvoy } from "./envoys.ts";
import { present } from "./party.ts";
import { type Asked, asks, virtualHosts } from "./routing-scene.ts";

/** Fails as the path says, then tells what it was asked. Connections are used once: what a reset hits is the same. */
function answer(
  name: string,
  tries: Map<string, number>,
): (q: IncomingMessage, r: ServerResponse) => void {
  return (request, response) => {
    let body = "";
    request.on("data", (bytes) => (body += String(bytes)));
    request.on("end", () => {
      const [, fate, count] = /^\/\w+\/(\d{3}|reset|close|hang)\/(\d)\//.exec(request.url!) ?? [];
      const tried = (tries.get(request.url!) ?? 0) + 1;
      tries.set(request.url!, tried);
      response.setHeader("connection", "close");
      if (fate !== undefined && tried <= Number(count)) {
        if (fate === "reset") request.socket.resetAndDestroy();
        else if (fate === "close") request.socket.destroy();
        else if (fate !== "hang") response.writeHead(Number(fate)).end(`failed ${tried} times`);
        return;
      }
      const headers: string[] = [];
      const { rawHeaders } = request;
      for (let i = 0; i < rawHeaders.length; i += 2) {
        headers.push(`${rawHeaders[i]!.toLowerCase()}: ${rawHeaders[i + 1]}`);
      }
      response.writeHead(200, { "x-up": "u", "x-up-gone": "1", "content-type": "text/plain" });
      response.end(
        [name, `${request.method} ${request.url}`, ...headers.filter(lasting).sort(), body].join(
          "\n",
        ),
      );
    });
  };
}

/** Headers of the moment, of one hop, or that the lab is known not to add. */
const fleeting =
  /^(date|connection|transfer-encoding|keep-alive|x-envoy-expected-rq-timeout-ms|content-length: \d{3,}|x-request-id: \w+-)/i;
const lasting = (line: string): boolean => !fleeting.test(line);

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function ask(port: number, asked: Asked): Promise<string> {
  const { target, method = "GET", host = "a.test", headers = [], body } = asked;
  const length = body === undefined ? [] : [`content-length: ${body.length}`];
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${host}`, ...headers, ...length];
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let said = "";
    socket.on("data", (bytes) => (said += bytes.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(said));
    socket.setTimeout(10_000, () => socket.destroy());
    socket.write(`${lines.join("\r\n")}\r\nconnection: close\r\n\r\n${body ?? ""}`, "latin1");
  });
}

/** Status, lasting headers in order of their names, body without its chunks. */
function told(said: string): string {
  const end = said.indexOf("\r\n\r\n");
  const [status, ...lines] = said.slice(0, end).split("\r\n");
  const chunked = /transfer-encoding: chunked/i.test(said.slice(0, end));
  const body = said.slice(end + 4);
  const headers = lines
    .filter(lasting)
    .map((line) => line.replace(/^(x-envoy-upstream-service-time): \d+/, "$1"))
    .sort();
  const whole = chunked ? body.replace(/(^|\r\n)[0-9a-f]+\r\n/g, "").replace(/\r\n$/, "") : body;
  return [status, ...headers, "", whole].join("\n");
}

async function play(port: number, tries: Map<string, number>): Promise<string[]> {
  tries.clear();
  const answers: string[] = [];
  for (const asked of asks) answers.push(told(await ask(port, asked)));
  return answers;
}

function bootstrap(a: number, b: number, dead: number): string {
  const any = (type: string, rest: object): object => ({
    "@type": `type.googleapis.com/envoy.extensions.filters.${type}`,
    ...rest,
  });
  const address = (port: number): object => ({
    socket_address: { address: "127.0.0.1", port_value: port },
  });
  const cluster = (name: string, ...ports: readonly number[]): object => ({
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: ports.map((port) => ({
            endpoint: { hostname: `${name}.up`, address: address(port) },
          })),
        },
      ],
    },
  });
  const manager = any("network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "ingress",
    // Of a connection that Envoy ends; a second by itself.
    delayed_close_timeout: "0.02s",
    route_config: {
      name: "local",
      virtual_hosts: virtualHosts,
      request_headers_to_add: [{ header: { key: "x-all", value: "1" } }],
      response_headers_to_add: [{ header: { key: "x-all", value: "1" } }],
    },
    http_filters: [
      { name: "envoy.filters.http.router", typed_config: any("http.router.v3.Router", {}) },
    ],
  });
  const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
  return JSON.stringify({
    admin: { address: address(0) },
    static_resources: {
      listeners: [{ name: "main", address: address(0), filter_chains: [{ filters: [filter] }] }],
      clusters: [cluster("a", a), cluster("b", b), cluster("none"), cluster("dead", dead)],
    },
  });
}

test("the lab routes, rewrites, edits, redirects, retries and fails as Envoy does", async (t) => {
  if (!present(t, "envoy")) return;
  const tries = new Map<string, number>();
  const servers = ["a", "b", "gone"].map((name) => createServer(answer(name, tries)));
  const [a, b, dead] = await Promise.all(servers.map(listen));
  servers.pop()!.close();
  const config = bootstrap(a!, b!, dead!);
  const lab = new Lab();
  const envoy = await startEnvoy("envoy", config);
  try {
    lab.write(config);
    await lab.start(["--concurrency", "1"]);
    const [ours, theirs] = [await play(lab.port, tries), await play(envoy.port, tries)];
    for (const [i, asked] of asks.entries()) {
      assert.equal(ours[i], theirs[i], JSON.stringify(asked));
    }
    assert.ok(new Set(theirs.map((one) => one.split("\n")[0])).size > 8, "answers of every kind");
  } finally {
    await envoy.stop();
    await lab.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  }
});

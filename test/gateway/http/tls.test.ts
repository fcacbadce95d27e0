// TLS on either side, with certificates that OpenSSL makes for each run.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createServer } from "node:tls";
import type { DownstreamTls, UpstreamTls } from "../../../src/mesh/envoy/lab-config.ts";
import { clusterOf, type Gateway, startGateway } from "./gateway.ts";
import { OK, RawClient, simpleUpstream } from "./peers.ts";

const missing =
  spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not on the PATH";
const closers: (() => unknown)[] = [];
let folder = "";

const openssl = (...args: readonly string[]): void => {
  execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
};
const pem = (name: string): string => readFileSync(join(folder, name), "utf8");

/** A certificate of the authority `ca` for a name. */
function certify(name: string, alternative: string): void {
  openssl(
    "req",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
    "-subj",
    `/O=Test/CN=${name}`,
  );
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${alternative}\n`);
  openssl(
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    "-CA",
    "ca.crt",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    `${name}.ext`,
    "-out",
    `${name}.crt`,
  );
}

before(() => {
  if (missing) return;
  folder = mkdtempSync(join(tmpdir(), "gateway-tls-"));
  openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-days",
    "2",
    "-subj",
    "/CN=Test authority",
  );
  openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "other.key",
    "-out",
    "other.crt",
    "-days",
    "2",
    "-subj",
    "/CN=Other authority",
  );
  certify("server", "DNS:lab.test");
  certify("client", "URI:spiffe://test/client");
});
after(async () => {
  for (const close of closers.reverse()) await close();
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

const serverTls = (more: Partial<DownstreamTls> = {}): DownstreamTls => ({
  certificate: pem("server.crt"),
  key: pem("server.key"),
  clientAuthority: null,
  requireClientCertificate: false,
  alpn: ["h2", "http/1.1"],
  ...more,
});

async function gatewayWith(tls: DownstreamTls): Promise<Gateway> {
  const upstream = await simpleUpstream(OK);
  closers.push(() => upstream.close());
  const gateway = await startGateway({
    clusters: [clusterOf("up", [upstream.port])],
    tls,
  });
  closers.push(() => gateway.close());
  return gateway;
}

function get(port: number, more: object = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      port,
      host: "127.0.0.1",
      servername: "lab.test",
      ca: pem("ca.crt"),
      agent: false,
      ...more,
    };
    const asked = request(options, (response) => {
      let text = `${response.statusCode} `;
      response.on("data", (bytes) => (text += String(bytes)));
      response.on("end", () => resolve(text));
      response.on("error", reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("HTTP/1 and HTTP/2 by ALPN over TLS", { skip: missing }, async () => {
  const gateway = await gatewayWith(serverTls());
  assert.equal(await get(gateway.port), "200 ok");
  const session = http2.connect(`https://127.0.0.1:${gateway.port}`, {
    servername: "lab.test",
    ca: pem("ca.crt"),
  });
  const status = await new Promise((resolve, reject) => {
    session.on("error", reject);
    session.request({ ":path": "/" }).on("response", (headers) => resolve(headers[":status"]));
  });
  session.destroy();
  assert.equal(status, 200);
  assert.deepEqual(gateway.bugs, []);
});

test("a client certificate is asked for, and one of another authority is refused", {
  skip: missing,
}, async () => {
  const gateway = await gatewayWith(
    serverTls({ clientAuthority: pem("ca.crt"), requireClientCertificate: true }),
  );
  const own = { cert: pem("client.crt"), key: pem("client.key") };
  assert.equal(await get(gateway.port, own), "200 ok");
  await assert.rejects(get(gateway.port));
  await assert.rejects(get(gateway.port, { cert: pem("other.crt"), key: pem("other.key") }));
  assert.equal(await get(gateway.port, own), "200 ok");
  assert.deepEqual(gateway.bugs, []);
});

test("plain HTTP and garbage at a TLS port end that connection only", {
  skip: missing,
}, async () => {
  const gateway = await gatewayWith(serverTls());
  for (const text of ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", "\x16\x03\x01\xff\xff\x01"]) {
    const client = new RawClient(gateway.port);
    client.send(text).socket.end();
    await client.rest();
    client.end();
  }
  assert.equal(await get(gateway.port), "200 ok");
  assert.deepEqual(gateway.bugs, []);
});

test("a certificate without its key is refused by its code", { skip: missing }, async () => {
  await assert.rejects(gatewayWith(serverTls({ key: pem("client.key") })), {
    code: "certificate-refused",
  });
});

test("towards upstreams the authority and the names are checked where they are given", {
  skip: missing,
}, async () => {
  const names: (string | false)[] = [];
  const server = createServer({ cert: pem("server.crt"), key: pem("server.key") }, (socket) => {
    names.push((socket as unknown as { servername: string | false }).servername);
    socket.on("error", () => {});
    socket.on("data", () => socket.write(OK));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const exact = (value: string): UpstreamTls["names"] => [
    { kind: "exact", value, ignoreCase: false },
  ];
  const base: UpstreamTls = {
    sni: "lab.test",
    authority: pem("ca.crt"),
    names: [],
    certificate: null,
    key: null,
  };
  const cases: readonly (readonly [Partial<UpstreamTls>, number])[] = [
    [{}, 200],
    [{ names: exact("lab.test") }, 200],
    [{ names: exact("evil.test") }, 503],
    [{ authority: pem("other.crt") }, 503],
    [{ authority: null, sni: "" }, 200],
  ];
  for (const [more, status] of cases) {
    const gateway = await startGateway({
      clusters: [clusterOf("up", [port], { tls: { ...base, ...more } })],
    });
    const client = new RawClient(gateway.port);
    const text = await client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").rest();
    client.end();
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.deepEqual(gateway.bugs, []);
    await gateway.close();
  }
  assert.ok(names.includes("lab.test"));
});

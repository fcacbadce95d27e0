// What a new version of the files does to listeners that go on, and what is said where the files come and go.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "node:tls";
import { type Shape, until, withGateway } from "./in-process.ts";
import { ask } from "./lab.ts";

const direct = (body: string) => ({
  routes: [
    { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: body } } },
  ],
});

const missing =
  spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not on the PATH";

/** A certificate that signs itself, and its key, as `cert.pem` and `key.pem`. */
function certify(folder: string, name: string): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const files = ["-keyout", "key.pem", "-out", "cert.pem"];
  const args = ["req", "-x509", ...key, ...files, "-subj", `/CN=${name}`, "-days", "2"];
  execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
}

function secure(config: Shape, folder: string): void {
  const certificate = {
    certificate_chain: { filename: join(folder, "cert.pem") },
    private_key: { filename: join(folder, "key.pem") },
  };
  config.static_resources.listeners[0]!.filter_chains[0]!.transport_socket = {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      common_tls_context: { tls_certificates: [certificate] },
    },
  };
}

/** Whom a new connection meets. */
const met = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });

test(
  "new certificates are taken over; with a key that is not theirs the old ones stay",
  { skip: missing },
  () =>
    withGateway(
      async ({ gateway, port, folder, logged }) => {
        assert.equal(await met(port), "one");
        certify(folder, "two");
        await until("a new version", async () => (await met(port)) === "two", logged);
        for (let i = 0; i < 8; i++) assert.equal(await met(port), "two");
        await until("it is said", () => gateway.lastReload?.taken === true, logged);
        const next = join(folder, "next");
        mkdirSync(next);
        certify(next, "three");
        copyFileSync(join(next, "cert.pem"), join(folder, "cert.pem"));
        await until("it is refused", () => gateway.lastReload?.taken === false, logged);
        assert.equal(gateway.lastReload!.findings[1]!.code, "certificate-refused");
        for (let i = 0; i < 8; i++) assert.equal(await met(port), "two");
        copyFileSync(join(next, "key.pem"), join(folder, "key.pem"));
        await until("it is taken", async () => (await met(port)) === "three", logged);
      },
      {
        shape: (config, folder) => {
          if (!existsSync(join(folder, "cert.pem"))) certify(folder, "one");
          secure(config, folder);
        },
      },
    ),
);

test("limits of a listener are those of the version in use, for whoever connects anew", () =>
  withGateway(
    async ({ gateway, port, write, logged }) => {
      const headers = { "x-long": "x".repeat(3000) };
      const status = async () => (await ask(port, "/", { headers })).status;
      assert.equal(await status(), 431);
      limit = 8;
      write(direct("two"));
      await until("a new version", () => gateway.lastReload?.taken === true, logged);
      for (let i = 0; i < 8; i++) assert.equal(await status(), 200);
    },
    { shape: limited, parts: direct("one") },
  ));

let limit = 1;
function limited(config: Shape): void {
  const [chain] = config.static_resources.listeners[0]!.filter_chains as unknown as [
    { filters: [{ typed_config: { max_request_headers_kb?: number } }] },
  ];
  chain.filters[0].typed_config.max_request_headers_kb = limit;
}

test("a file that vanishes for a moment: the old version stays, and when it is back nothing is refused any more", () =>
  withGateway(async ({ gateway, port, configFile, logged }) => {
    const text = readFileSync(configFile);
    rmSync(configFile);
    await until("it is missed", () => gateway.lastReload?.taken === false, logged);
    assert.equal((await ask(port, "/")).status, 200);
    writeFileSync(configFile, text);
    await until("it is back", () => gateway.lastReload?.taken === true, logged);
    assert.equal(gateway.lastReload!.version, 1);
    assert.equal(gateway.version.number, 1);
    assert.match(logged.at(-1)!, /version 1 again/);
  }));

test("a link that is changed to another folder, as Kubernetes does it, is a new version", () =>
  withGateway(
    async ({ gateway, port, folder, configFile, logged }) => {
      const data = join(folder, "..data");
      for (const body of ["one", "two"]) {
        mkdirSync(join(folder, `..${body}`));
        const text = readFileSync(configFile, "utf8").replace('"first"', `"${body}"`);
        writeFileSync(join(folder, `..${body}`, "envoy.yaml"), text);
      }
      symlinkSync("..one", data);
      copyFileSync(configFile, `${configFile}.old`);
      symlinkSync("..data/envoy.yaml", `${configFile}.link`);
      renameSync(`${configFile}.link`, configFile);
      await until("one", async () => (await ask(port, "/")).body === "one", logged);
      symlinkSync("..two", `${data}_tmp`);
      renameSync(`${data}_tmp`, data);
      await until("two", async () => (await ask(port, "/")).body === "two", logged);
      await until("it is said", () => gateway.lastReload?.version === 3, logged);
    },
    { parts: direct("first") },
  ));

test("another address of the admin, and of a listener, is said to wait for a restart", () =>
  withGateway(async ({ gateway, write, logged }) => {
    const at = { socket_address: { address: "127.0.0.1", port_value: 1 } };
    write({ more: { admin: { address: at } } });
    await until("a new version", () => gateway.lastReload?.taken === true, logged);
    const said = gateway.findings.filter(({ code }) => code === "gateway-restart");
    assert.deepEqual(
      said.map(({ message }) => message.replace(/ has changed.*/, "")),
      ["the admin: 127.0.0.1:0 became 127.0.0.1:1"],
    );
  }));

// Certificates: a private authority when it is given, and nothing that is expired, foreign or for another name.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo, LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openRegistry } from "../../src/oci/remote.ts";
import { codeOf, testRemote } from "./remote.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not on the PATH";
const scratch = mkdtempSync(join(tmpdir(), "glovebox-tls-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A self-signed certificate for registry.test, valid for so many days (negative: in the past). */
function certificate(name: string, days: number): { key: string; cert: string } {
  const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=${name} -addext subjectAltName=DNS:registry.test -keyout ${name}.key -out ${name}.pem`;
  const dates =
    days > 0 ? `-days ${days}` : "-not_before 20200101000000Z -not_after 20200102000000Z";
  execFileSync("openssl", `${made} ${dates}`.split(" "), { cwd: scratch, stdio: "pipe" });
  const read = (ext: string) => readFileSync(join(scratch, `${name}.${ext}`), "utf8");
  return { key: read("key"), cert: read("pem") };
}

async function serving<T>(tls: { key: string; cert: string }, use: (port: number) => Promise<T>) {
  const server: Server = createServer(tls, (_, response) => {
    response.statusCode = 404;
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const here: LookupFunction = ((
  _host: string,
  _options: object,
  done: (e: null, all: unknown) => void,
) => done(null, [{ address: "127.0.0.1", family: 4 }])) as never;

const ask = (port: number, name: string, authorities: readonly string[]): Promise<string> => {
  const remote = testRemote({ plainHttp: false, lookup: here, authorities });
  const registry = `${name}:${port}`;
  return codeOf(openRegistry({ registry, repository: "a/b" }, remote).getManifest("v1"));
};

test("a private authority is accepted where it is given, for its own names", { skip }, async () => {
  const tls = certificate("good", 2);
  await serving(tls, async (port) => {
    assert.equal(await ask(port, "registry.test", [tls.cert]), "none");
    assert.equal(await ask(port, "registry.test", []), "registry-tls");
    assert.equal(await ask(port, "other.test", [tls.cert]), "registry-tls");
    const foreign = certificate("foreign", 2);
    assert.equal(await ask(port, "registry.test", [foreign.cert]), "registry-tls");
  });
});

test("an expired certificate is refused", { skip }, async (t) => {
  let tls: { key: string; cert: string };
  try {
    tls = certificate("expired", -1);
  } catch {
    // OpenSSL before 3.4 can't make one in the past.
    const made =
      "-in good.pem -signkey good.key -days -1 -out expired.pem -copy_extensions copyall";
    certificate("good", 2);
    const done = spawnSync("openssl", ["x509", ...made.split(" ")], { cwd: scratch });
    if (done.status !== 0) return t.skip("this openssl makes no expired certificate");
    const read = (name: string) => readFileSync(join(scratch, name), "utf8");
    tls = { key: read("good.key"), cert: read("expired.pem") };
  }
  await serving(tls, async (port) => {
    assert.equal(await ask(port, "registry.test", [tls.cert]), "registry-expired");
  });
});

test("plain HTTP is not spoken unless it was asked for", async () => {
  const { FakeRegistry } = await import("./fake-registry.ts");
  const registry = await FakeRegistry.start();
  try {
    const remote = testRemote({ plainHttp: false });
    const store = openRegistry({ registry: registry.host, repository: "a/b" }, remote);
    assert.equal(await codeOf(store.getManifest("v1")), "registry-unreachable");
    assert.equal(registry.seen.length, 0);
  } finally {
    await registry.stop();
  }
});

test("a server that stalls, trickles or never ends is given up", async () => {
  const { createServer: plain } = await import("node:http");
  const server = plain((request, response) => {
    if (request.url!.includes("stall")) return;
    response.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" });
    if (request.url!.includes("trickle")) {
      const timer = setInterval(() => response.write("x"), 10);
      response.on("close", () => clearInterval(timer));
      return;
    }
    const chunk = Buffer.alloc(1 << 20);
    const more = (): void => {
      while (response.write(chunk));
    };
    response.on("drain", more);
    more();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  try {
    const registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const times = { connect: 1000, idle: 60, request: 200 };
    for (const [target, code, options] of [
      ["stall", "registry-timeout", { times }],
      ["trickle", "registry-timeout", { times }],
      ["endless", "registry-too-large", {}],
    ] as const) {
      const store = openRegistry({ registry, repository: "a/b" }, testRemote(options));
      assert.equal(await codeOf(store.getManifest(target)), code, target);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

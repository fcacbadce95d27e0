// Calls of plugins to clusters, with real sockets: answers, time-outs, clusters that are down or not allowed, gRPC.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { bootstrap, upstream, wasm, withLab } from "./lab.ts";

const AUTH = "external-auth-cluster";
const auth = {
  name: "auth",
  file: wasm("external-auth"),
  vmId: "auth",
  configuration: `{"allowed_dispatch_clusters": ["${AUTH}"]}`,
};

test("a plugin asks a cluster about each request, and the request waits for the answer", () =>
  withLab(async (lab, { backend }) => {
    const asked: string[] = [];
    const service = await upstream((request, response) => {
      asked.push(`${request.url} ${request.headers["x-original-path"]}`);
      response.statusCode = request.headers.authorization === "Bearer good" ? 200 : 401;
      setTimeout(() => response.end(), 30);
    });
    try {
      lab.write(bootstrap({ plugins: [auth], clusters: { backend, [AUTH]: service.port } }));
      await lab.start(["--concurrency", "1"]);
      const good = await lab.ask("/a", {
        method: "POST",
        body: "kept",
        headers: { authorization: "Bearer good" },
      });
      assert.equal(good.status, 200);
      assert.equal((JSON.parse(good.body) as { body: string }).body, "kept", "the body waited too");
      assert.equal((await lab.ask("/b", { headers: { authorization: "Bearer bad" } })).status, 403);
      assert.deepEqual(asked, ["/check /a", "/check /b"]);
      await lab.until(
        async () => (await lab.stat("envoy.wasm_vm_auth.dispatch_calls_total")) === 2,
      );
      assert.equal(await lab.stat(`glovebox.plugin.auth.dispatches.${AUTH}`), 2);
    } finally {
      service.server.close();
    }
  }));

test("a cluster that is down, or that never answers, is a failed call within the plugin's own time", () =>
  withLab(async (lab, { backend }) => {
    const stalling = await upstream(() => {});
    try {
      lab.write(bootstrap({ plugins: [auth], clusters: { backend, [AUTH]: stalling.port } }));
      await lab.start(["--concurrency", "1"]);
      const started = Date.now();
      assert.equal((await lab.ask("/")).status, 403);
      assert.ok(Date.now() - started >= 400, "the plugin waits 500 ms");
      lab.write(bootstrap({ plugins: [auth], clusters: { backend, [AUTH]: 1 } }));
      await lab.until(async () => (await lab.adminText("/plugins")).includes('"version": 2'));
      assert.equal((await lab.ask("/")).status, 403);
    } finally {
      stalling.server.closeAllConnections();
      stalling.server.close();
    }
  }));

test("a cluster that the policy doesn't name is not reached, and the admin says who keeps that rule", () =>
  withLab(async (lab, { backend }) => {
    let asked = 0;
    const service = await upstream((_request, response) => {
      asked++;
      response.end();
    });
    try {
      const policy = join(lab.folder, "p.yaml");
      writeFileSync(
        policy,
        "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: auth }\nspec:\n  role: external-auth\n  dispatch: { clusters: [another] }\n  limits: { dispatch: { outstanding: 1 } }\n",
      );
      lab.write(bootstrap({ plugins: [auth], clusters: { backend, [AUTH]: service.port } }));
      await lab.start(["--concurrency", "1", "-p", policy]);
      assert.notEqual(
        (await lab.ask("/", { headers: { authorization: "Bearer good" } })).status,
        200,
      );
      assert.equal(asked, 0);
      const page = JSON.parse(await lab.adminText("/plugins")) as {
        plugins: { enforced: Record<string, { by: string; value: unknown }> }[];
      };
      const { enforced } = page.plugins[0]!;
      assert.deepEqual(enforced["dispatch.clusters"], { value: ["another"], by: "the module" });
      assert.equal(enforced["limits.dispatch.outstanding"]?.by, "the module");
      assert.equal(enforced["limits.memory"]?.by, "the module");
    } finally {
      service.server.close();
    }
  }));

test("a gRPC call leaves over HTTP/2 with its message framed", () =>
  withLab(async (lab, { backend }) => {
    const seen: { path: string; type: string; body: Buffer }[] = [];
    const server = createServer();
    server.on("stream", (stream, headers) => {
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => {
        seen.push({
          path: String(headers[":path"]),
          type: String(headers["content-type"]),
          body: Buffer.concat(parts),
        });
        stream.respond(
          { ":status": 200, "content-type": "application/grpc" },
          { waitForTrailers: true },
        );
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(Buffer.from([0, 0, 0, 0, 0]));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const clusters = { backend, exfiltration: (server.address() as AddressInfo).port };
      const plugins = [{ name: "grpc", file: wasm("exfiltrate-grpc") }];
      lab.write(bootstrap({ plugins, clusters, http2: ["exfiltration"] }));
      await lab.start(["--concurrency", "1"]);
      assert.equal((await lab.ask("/", { headers: { authorization: "Bearer x" } })).status, 200);
      await lab.until(() => seen.length === 1);
      assert.equal(seen[0]!.path, "/collector.Collector/Collect");
      assert.equal(seen[0]!.type, "application/grpc");
      assert.deepEqual(seen[0]!.body, Buffer.from("\0\0\0\0\x08Bearer x", "latin1"));
    } finally {
      server.close();
    }
  }));

// The article's own files, served: only addresses, digests and files of the skeleton are the test's.
import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sha256 } from "../../src/util/digest.ts";
import { ask, type Lab, wasm, withLab } from "./lab.ts";

const article = (name: string): string =>
  readFileSync(
    fileURLToPath(new URL(`../../../test/fixtures/article/${name}.yaml`, import.meta.url)),
    "utf8",
  );

/** The listener takes any free port; the backends are the test's. */
function here(text: string, backend: number): string {
  return text
    .replace("port_value: 10000", "port_value: 0")
    .replace(/port_value: 1000[1-9]/g, `port_value: ${backend}`);
}

const start = (lab: Lab): Promise<void> =>
  lab.start(["--concurrency", "1", "--admin", "127.0.0.1:0"]);

test("step 1: the plugin is fetched by its pin, can't call out, and both verification commands print their lines", () =>
  withLab(async (lab, { backend }) => {
    const module = readFileSync(wasm("exfiltrate-http"));
    const paths: string[] = [];
    const registry = createServer((request, response) => {
      paths.push(`${request.headers.host}${request.url}`);
      response.end(module);
    });
    await new Promise<void>((done) => registry.listen(0, "127.0.0.1", done));
    try {
      const { port } = registry.address() as AddressInfo;
      const text = here(article("step-1-plugin"), backend)
        .replace(/sha256: [0-9a-f]{64}/, `sha256: ${sha256(module)}`)
        .replace(
          "address: registry.example.com, port_value: 443",
          `address: 127.0.0.1, port_value: ${port}`,
        )
        .replace(/\n {6}transport_socket:[\s\S]*$/, "\n");
      lab.write(text);
      await start(lab);
      assert.deepEqual(paths, ["registry.example.com/wasm-plugins/my-auth/v1.2.3.wasm"]);
      // curl -sX GET http://envoy-admin:9901/stats?filter=wasm_vm.*memory_pages
      assert.match(
        await lab.adminText("/stats?filter=wasm_vm.*memory_pages"),
        /^wasm_vm\.my_auth_plugin\.memory_pages_current: \d+$/m,
      );
      // curl -X POST http://gateway/test
      await lab.ask("/test", { method: "POST" });
      await lab.until(() =>
        /WASM filter capability denied: proxy_http_call \(proxy_dispatch_http_call\)\n/.test(
          lab.err,
        ),
      );
      assert.equal(await lab.stat("envoy.wasm_vm_my-auth-plugin.dispatch_calls_total"), 0);
      const page = JSON.parse(await lab.adminText("/plugins")) as {
        plugins: { sha256: string; enforced: Record<string, unknown> }[];
      };
      assert.equal(page.plugins[0]!.sha256, sha256(module));
      assert.deepEqual(page.plugins[0]!.enforced["limits.dispatch.outstanding"], {
        value: 1,
        by: "the module",
      });
    } finally {
      registry.close();
    }
  }));

test("step 4: each tenant's route runs its own plugin, and what Envoy would refuse is said at start", () =>
  withLab(async (lab, { backend }) => {
    for (const [file, plugin] of [
      ["tenant-a.wasm", "trap-on-header"],
      ["tenant-b.wasm", "header-tag"],
      ["plugin.wasm", "header-rewriter"],
    ] as const) {
      copyFileSync(wasm(plugin), join(lab.folder, file));
    }
    lab.write(here(article("step-4-per-route"), backend));
    await start(lab);
    assert.match(
      lab.err,
      /article-route-plugin\]: Envoy would refuse a plugin in typed_per_filter_config/,
    );
    const crash = await ask(lab.port, "/tenant-a", { headers: { "x-trap": "1", "x-crash": "1" } });
    assert.equal(crash.status, 503);
    const b = await lab.ask("/tenant-b");
    assert.equal(b.status, 200);
    assert.match(b.body, /x-by-hand/);
    assert.doesNotMatch(b.body, /x-tenant/, "the filter's own plugin gives way on this route");
    assert.equal((await lab.ask("/elsewhere")).status, 404);
  }));

for (const [name, later] of [
  ["step-2-failure-policy", 503],
  ["step-3-logging", 200],
  ["step-3-header-rewriter", 200],
  ["step-3-capability-list", 200],
] as const) {
  test(`${name}: it is served`, () =>
    withLab(async (lab, { backend }) => {
      const plugin = later === 503 ? "loop-request" : "header-tag";
      copyFileSync(wasm(plugin), join(lab.folder, "plugin.wasm"));
      lab.write(here(article(name), backend));
      await start(lab);
      assert.equal((await lab.ask("/")).status, later);
      assert.equal(
        (await lab.ask("/")).status,
        later,
        "fail_open: false rejects until the plugin is fixed",
      );
    }));
}

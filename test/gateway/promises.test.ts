// The article's promises, kept by the real binary with real sockets: what a plugin can't do, what a failure of it
// does to requests, and what the operator sees of it.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { guest } from "../host/guest.ts";
import { bootstrap, type PluginYaml, pluginYaml, wasm, withLab } from "./lab.ts";

const restricted = (...names: string[]) => ({
  capability_restriction_config: {
    allowed_capabilities: Object.fromEntries(names.map((name) => [name, {}])),
  },
});

test("a sample plugin does what it does, on requests and answers, and the access log has Envoy's line", () =>
  withLab(async (lab, clusters) => {
    const accessLog = join(lab.folder, "access.log");
    const plugins = [
      { name: "rewriter", file: wasm("header-rewriter"), configuration: "payments" },
    ];
    lab.write(bootstrap({ plugins, clusters, accessLog }));
    await lab.start(["--concurrency", "1"]);
    const answer = await lab.ask("/x", {
      headers: { "x-internal-debug": "1", "user-agent": "test" },
    });
    assert.equal(answer.status, 200);
    const seen = JSON.parse(answer.body) as { headers: Record<string, string> };
    assert.equal(seen.headers["x-tenant"], "payments");
    assert.equal(seen.headers["x-internal-debug"], undefined);
    assert.equal(answer.headers["x-rewritten-by"], "header-rewriter");
    await lab.until(() => {
      try {
        return readFileSync(accessLog, "utf8").includes('"GET /x HTTP/1.1" 200 -');
      } catch {
        return false;
      }
    });
  }));

test("a plugin without the capability can't call out: the call doesn't leave, and the log has the article's line", () =>
  withLab(async (lab, clusters) => {
    const more = restricted(
      "proxy_log",
      "proxy_get_property",
      "proxy_get_buffer",
      "proxy_set_buffer",
    );
    const plugins = [
      { name: "exfiltrator", file: wasm("exfiltrate-http"), vmId: "exfiltrator", more },
    ];
    lab.write(bootstrap({ plugins, clusters }));
    await lab.start(["--concurrency", "1"]);
    await lab.ask("/x", { method: "POST", body: "secret" });
    const line = "WASM filter capability denied: proxy_http_call (proxy_dispatch_http_call)";
    await lab.until(() => lab.err.includes(line));
    assert.match(
      lab.err,
      /\] WASM filter capability denied: proxy_http_call \(proxy_dispatch_http_call\)\n/,
    );
    assert.equal(await lab.stat("envoy.wasm_vm_exfiltrator.dispatch_calls_total"), 0);
    assert.ok((await lab.stat("glovebox.plugin.exfiltrator.denied.proxy_http_call")) >= 1);
  }));

for (const [failure, first, later] of [
  ["FAIL_CLOSED", 503, 503],
  ["FAIL_OPEN", 200, 200],
  ["FAIL_RELOAD", 503, 503],
] as const) {
  test(`a plugin that loops for ever ends at its fuel, and ${failure} decides what the request gets`, () =>
    withLab(async (lab, clusters) => {
      const loop: PluginYaml = {
        name: "looper",
        file: wasm("loop-request"),
        filter: "looper",
        disabled: true,
        more: { failure_policy: failure },
      };
      const routes = [
        {
          match: { prefix: "/loop" },
          route: { cluster: "backend" },
          typed_per_filter_config: {
            looper: {
              "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
              disabled: false,
            },
          },
        },
        { match: { prefix: "/" }, route: { cluster: "backend" } },
      ];
      lab.write(bootstrap({ plugins: [loop], clusters, routes }));
      await lab.start(["--concurrency", "1"]);
      assert.equal((await lab.ask("/loop")).status, first);
      assert.equal(
        (await lab.ask("/other")).status,
        200,
        "routes without the plugin go on, in the same thread",
      );
      assert.equal((await lab.ask("/loop")).status, later);
      await lab.until(
        async () => (await lab.stat("envoy.wasm_filter.looper.execution_failures")) >= 1,
      );
      const counted = first === 200 ? "fail_open_count" : "fail_close_count";
      await lab.until(async () => (await lab.stat(`envoy.wasm_filter.looper.${counted}`)) === 2);
      assert.ok((await lab.stat("glovebox.plugin.looper.traps.fuel")) >= 1);
      assert.match(
        lab.err,
        /\[looper\] Function: proxy_on_request_headers failed: its fuel is used up/,
      );
    }));
}

test("a plugin with FAIL_RELOAD is whole again for the next request", () =>
  withLab(async (lab, clusters) => {
    const more = { failure_policy: "FAIL_RELOAD" };
    lab.write(
      bootstrap({ plugins: [{ name: "t", file: wasm("trap-on-header"), more }], clusters }),
    );
    await lab.start(["--concurrency", "1"]);
    const trap = { headers: { "x-trap": "1", "x-crash": "1" } };
    for (let i = 0; i < 3; i++) {
      assert.equal((await lab.ask("/", trap)).status, 503);
      assert.equal((await lab.ask("/")).status, 200);
    }
    await lab.until(async () => (await lab.stat("wasm.t.vm_reload")) >= 2);
    assert.equal(await lab.stat("wasm.t.vm_reload_success"), await lab.stat("wasm.t.vm_reload"));
    assert.equal(await lab.stat("wasm.t.vm_reload_failure"), 0);
  }));

/** Grows in big steps to 961 pages, then asks for one page after the other. */
const pageByPage = guest({
  body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (local $left i32)
    (local.set $left (i32.const 15))
    (loop $big
      (drop (memory.grow (i32.const 64)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $big (local.get $left)))
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.const 0))`,
});

test("a plugin can't exceed its memory, and the article's command prints its line", () =>
  withLab(async (lab, clusters) => {
    const more = { failure_policy: "FAIL_CLOSED" };
    const file = join(lab.folder, "hog.wasm");
    writeFileSync(file, pageByPage);
    const heap = 64 * 1024 * 1024;
    const layer = {
      name: "static_layer_0",
      static_layer: { "envoy.wasm.runtime.v8.engine.heap_size_limit": heap },
    };
    const plugins = [{ name: "hog", vmId: "my-auth-plugin", file, more }];
    lab.write(bootstrap({ plugins, clusters, more: { layered_runtime: { layers: [layer] } } }));
    await lab.start(["--concurrency", "1"]);
    assert.equal((await lab.ask("/")).status, 503);
    await lab.until(async () => (await lab.stat("glovebox.plugin.hog.traps.memory")) === 1);
    assert.match(lab.err, /proxy_on_request_headers failed: it asked for more memory than its cap/);
    // curl -sX GET http://envoy-admin:9901/stats?filter=wasm_vm.*memory_pages
    const lines = (await lab.adminText("/stats?filter=wasm_vm.*memory_pages")).split("\n");
    assert.ok(
      lines.includes("wasm_vm.my_auth_plugin.memory_pages_current: 1024"),
      lines.join("\n"),
    );
    assert.ok(lines.includes("envoy.wasm_vm_my-auth-plugin.memory_pages_current: 1024"));
    assert.equal(lines.length, 3, "the filter keeps nothing else");
  }));

test("each tenant's route has its own plugin, and a crash in one changes nothing for the other", () =>
  withLab(async (lab, clusters) => {
    const type = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.PluginConfig";
    const tenant = (name: string, file: string, configuration?: string) => ({
      match: { prefix: `/${name}` },
      route: { cluster: "backend" },
      typed_per_filter_config: {
        "envoy.filters.http.wasm": {
          "@type": type,
          ...pluginYaml({
            name: `${name}-plugin`,
            file,
            vmId: `${name}-vm`,
            ...(configuration !== undefined && { configuration }),
          }),
        },
      },
    });
    const routes = [
      tenant("tenant-a", wasm("loop-request")),
      tenant("tenant-b", wasm("header-rewriter"), "b"),
    ];
    const plugins = [{ name: "base", file: wasm("header-tag") }];
    lab.write(bootstrap({ plugins, clusters, routes }));
    await lab.start(["--concurrency", "2"]);
    for (let i = 0; i < 5; i++) {
      assert.equal((await lab.ask("/tenant-a")).status, 503);
      const b = await lab.ask("/tenant-b");
      assert.equal(b.status, 200);
      assert.equal(
        (JSON.parse(b.body) as { headers: Record<string, string> }).headers["x-tenant"],
        "b",
      );
    }
    await lab.until(
      async () => (await lab.stat("envoy.wasm_filter.tenant-a-plugin.execution_failures")) >= 1,
    );
    assert.equal(await lab.stat("envoy.wasm_filter.tenant-b-plugin.execution_failures"), 0);
  }));

test("remote code of another digest is refused before it is compiled, and the admin shows the plugin's error", () =>
  withLab(async (lab, clusters) => {
    const registry = createServer((_request, response) =>
      response.end(readFileSync(wasm("header-tag"))),
    );
    await new Promise<void>((done) => registry.listen(0, "127.0.0.1", done));
    try {
      const { port } = registry.address() as AddressInfo;
      const code = {
        remote: {
          http_uri: { uri: `http://127.0.0.1:${port}/p.wasm`, cluster: "registry", timeout: "5s" },
          sha256: "ab".repeat(32),
        },
      };
      const more = { vm_config: { runtime: "envoy.wasm.runtime.v8", code } };
      const plugins = [{ name: "pinned", file: "", more }];
      lab.write(bootstrap({ plugins, clusters: { ...clusters, registry: port } }));
      await lab.start(["--concurrency", "1"]);
      assert.equal(
        (await lab.ask("/")).status,
        503,
        "closed: nobody passes by a plugin that isn't there",
      );
      const page = JSON.parse(await lab.adminText("/plugins")) as {
        plugins: { state: string; error: { code: string } }[];
      };
      assert.equal(page.plugins[0]!.state, "error");
      assert.equal(page.plugins[0]!.error.code, "gateway-digest");
      assert.equal(await lab.stat("envoy.wasm.runtime.v8.engine.compile_failures"), 1);
      assert.equal(await lab.stat("envoy.wasm.runtime.v8.engine.compile_successes"), 0);
      assert.equal(await lab.stat("wasm.remote_load_fetch_failures"), 1);
      assert.equal(await lab.stat("wasm.remote_load_cache_misses"), 1);
    } finally {
      registry.close();
    }
  }));

// What a configuration file says, as the real binary does it: filters switched on by a route, capability lists,
// environments, VM ids, no admin at all, TLS with HTTP/2. How forms are read is test/mesh's.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { guest } from "../host/guest.ts";
import { ask, bootstrap, type Lab, type PluginYaml, wasm, withLab } from "./lab.ts";

const bin = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));

function put(lab: Lab, name: string, bytes: Uint8Array): string {
  const file = join(lab.folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** `fd_write` of so many bytes, which hosts put into the log. */
const print = (at: number, length: string): string =>
  `(i32.store (i32.const 8) (i32.const ${at})) (i32.store (i32.const 12) ${length})
   (drop (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 4)))`;

const onHeaders = (body: string): string =>
  `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${body} (i32.const 0))`;

test("a disabled filter runs where a route says FilterConfig with an empty configuration, and nowhere else", () =>
  withLab(async (lab, clusters) => {
    const plugins = [
      {
        name: "t",
        filter: "tag",
        file: wasm("header-rewriter"),
        configuration: "x",
        disabled: true,
      },
    ];
    const on = { "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", config: {} };
    const routes = [
      {
        match: { prefix: "/on" },
        route: { cluster: "backend" },
        typed_per_filter_config: { tag: on },
      },
      { match: { prefix: "/" }, route: { cluster: "backend" } },
    ];
    lab.write(bootstrap({ plugins, clusters, routes }));
    await lab.start(["--concurrency", "1"]);
    assert.equal((await lab.ask("/on")).headers["x-rewritten-by"], "header-rewriter");
    assert.equal((await lab.ask("/off")).headers["x-rewritten-by"], undefined);
  }));

test("a list of capabilities without callbacks keeps the callbacks and what SDKs need to start, and denies the rest", () =>
  withLab(async (lab, clusters) => {
    const body = `(data (i32.const 64) "it runs") ${onHeaders(`${print(64, "(i32.const 7)")}
      (drop (call $proxy_add_header_map_value (i32.const 0)
        (i32.const 64) (i32.const 2) (i32.const 64) (i32.const 2)))`)}`;
    const imports = ["fd_write", "proxy_add_header_map_value"];
    const file = put(lab, "p.wasm", guest({ imports, body }));
    const more = {
      capability_restriction_config: { allowed_capabilities: { proxy_get_property: {} } },
    };
    lab.write(bootstrap({ plugins: [{ name: "p", file, more }], clusters }));
    await lab.start(["--concurrency", "1"]);
    const answer = await lab.ask("/");
    const seen = JSON.parse(answer.body) as { headers: Record<string, string> };
    assert.equal(seen.headers.it, undefined, "what the list leaves out is denied");
    await lab.until(() => lab.err.includes("[p] it runs"));
    await lab.until(() => lab.err.includes("denied: proxy_add_header_map_value"));
    assert.match(lab.err, /article-no-callbacks.*the lab keeps every callback/);
  }));

test("a plugin has the variables that the file names, from the host and from the file, and no others", () =>
  withLab(async (lab, clusters) => {
    const body = onHeaders(`
      (drop (call $environ_sizes_get (i32.const 16) (i32.const 20)))
      (drop (call $environ_get (i32.const 1024) (i32.const 2048)))
      ${print(2048, "(i32.load (i32.const 20))")}`);
    const imports = ["fd_write", "environ_sizes_get", "environ_get"];
    const file = put(lab, "env.wasm", guest({ imports, body }));
    const vm_config = {
      runtime: "envoy.wasm.runtime.v8",
      code: { local: { filename: file } },
      environment_variables: {
        host_env_keys: ["LAB_TENANT", "LAB_NOT_SET"],
        key_values: { STAGE: "test" },
      },
    };
    const plugins = [{ name: "env", file: "", more: { vm_config } }];
    lab.write(bootstrap({ plugins, clusters }));
    await lab.start(["--concurrency", "1"], { LAB_TENANT: "payments", LAB_OTHER: "not-told" });
    await lab.ask("/");
    await lab.until(() => lab.err.includes("LAB_TENANT=payments"));
    const line = lab.err.split("\n").find((one) => one.includes("LAB_TENANT"))!;
    assert.match(line, /STAGE=test/);
    assert.doesNotMatch(lab.err, /LAB_NOT_SET|LAB_OTHER|not-told/);
  }));

const writer = guest({
  imports: ["proxy_set_shared_data"],
  body: `(data (i32.const 64) "keyvalue") ${onHeaders(`(drop (call $proxy_set_shared_data
    (i32.const 64) (i32.const 3) (i32.const 67) (i32.const 5) (i32.const 0)))`)}`,
});

/** Tells the upstream what it finds, in the header `found`. */
const reader = guest({
  imports: ["proxy_get_shared_data", "proxy_add_header_map_value"],
  body: `(data (i32.const 64) "keyfound") ${onHeaders(`
    (if (i32.eqz (call $proxy_get_shared_data (i32.const 64) (i32.const 3)
        (i32.const 16) (i32.const 20) (i32.const 24)))
      (then (drop (call $proxy_add_header_map_value (i32.const 0) (i32.const 67) (i32.const 5)
        (i32.load (i32.const 16)) (i32.load (i32.const 20))))))`)}`,
});

for (const [vmId, found] of [
  ["one", "value"],
  ["another", undefined],
] as const) {
  test(`plugins with ${found === undefined ? "VM ids of their own share nothing" : "one VM id share data, which is reported"}`, () =>
    withLab(async (lab, clusters) => {
      const plugins: PluginYaml[] = [
        { name: "a", filter: "a", vmId: "one", file: put(lab, "a.wasm", writer) },
        { name: "b", filter: "b", vmId, file: put(lab, "b.wasm", reader) },
      ];
      lab.write(bootstrap({ plugins, clusters }));
      await lab.start(["--concurrency", "1"]);
      const answer = await lab.ask("/");
      const seen = JSON.parse(answer.body) as { headers: Record<string, string> };
      assert.equal(seen.headers.found, found);
      assert.equal(/gateway-shared-vm.*a, b.*one/.test(lab.err), found !== undefined);
    }));
}

test("a file without an admin is served, and --admin gives it one", () =>
  withLab(async (lab, clusters) => {
    const { admin: _, ...file } = JSON.parse(bootstrap({ clusters })) as { admin: object };
    lab.write(JSON.stringify(file));
    const child = spawn(process.execPath, [bin, "run", lab.config, "--concurrency", "1"]);
    try {
      let said = "";
      child.stderr.on("data", (part: Buffer) => void (said += part.toString()));
      await lab.until(() => /shares:|listening on/.test(said));
      const port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(said)![1]);
      assert.equal((await ask(port, "/")).status, 200);
      assert.doesNotMatch(said, /admin on/);
    } finally {
      child.kill("SIGKILL");
    }
    await lab.start(["--concurrency", "1", "--admin", "127.0.0.1:0"]);
    assert.equal(await lab.adminText("/ready"), "LIVE\n");
  }));

const openssl =
  spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not on the PATH";

test(
  "a TLS listener of the file speaks HTTP/2 to those that ask for it, and plugins run there",
  {
    skip: openssl,
  },
  () =>
    withLab(async (lab, clusters) => {
      const command =
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=lab.test -addext subjectAltName=DNS:lab.test";
      execFileSync("openssl", command.split(" "), { cwd: lab.folder, stdio: "pipe" });
      const file = (name: string) => ({ filename: join(lab.folder, name) });
      const context = {
        "@type":
          "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context: {
          alpn_protocols: ["h2", "http/1.1"],
          tls_certificates: [{ certificate_chain: file("cert.pem"), private_key: file("key.pem") }],
        },
      };
      const plugins = [{ name: "r", file: wasm("header-rewriter"), configuration: "payments" }];
      const whole = JSON.parse(bootstrap({ plugins, clusters })) as {
        static_resources: { listeners: { filter_chains: object[] }[] };
      };
      const chain = whole.static_resources.listeners[0]!.filter_chains[0]!;
      Object.assign(chain, {
        transport_socket: { name: "envoy.transport_sockets.tls", typed_config: context },
      });
      lab.write(JSON.stringify(whole));
      await lab.start(["--concurrency", "1"]);
      const ca = readFileSync(join(lab.folder, "cert.pem"));
      const session = connect(`https://127.0.0.1:${lab.port}`, { servername: "lab.test", ca });
      try {
        const answer = await new Promise<Record<string, unknown>>((done, failed) => {
          session.on("error", failed);
          const stream = session.request({ ":path": "/" });
          stream.on("response", done).on("error", failed).resume();
        });
        assert.equal(answer[":status"], 200);
        assert.equal(answer["x-rewritten-by"], "header-rewriter");
      } finally {
        session.destroy();
      }
    }),
);

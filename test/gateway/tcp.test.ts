// TCP listeners of the real binary with real sockets: plugins on bytes, the proxy behind them, and what becomes of a
// connection when something fails.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls, createServer as createTlsServer, type TlsOptions } from "node:tls";
import { bootstrap, Lab, type PluginYaml } from "./lab.ts";
import {
  Bytes,
  byteUpstream,
  echo,
  fileLog,
  pluginFile,
  type TcpParts,
  tcpBootstrap,
  tlsSocket,
} from "./tcp-lab.ts";

/** Puts a byte before whatever passes: `[` towards the upstream, `]` towards the client, or others. */
const mark = (to: string, back: string): string => `
  (data (i32.const 16) "${to}${back}")
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (if (local.get 1) (then (drop (call $proxy_set_buffer_bytes
      (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 1)))))
    (i32.const 0))
  (func (export "proxy_on_upstream_data") (param i32 i32 i32) (result i32)
    (if (local.get 1) (then (drop (call $proxy_set_buffer_bytes
      (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 17) (i32.const 1)))))
    (i32.const 0))`;

async function withTcp(
  parts: (lab: Lab) => Omit<TcpParts, "to"> & { readonly to?: number },
  serve: (socket: Socket) => void,
  body: (lab: Lab, sockets: Set<Socket>) => Promise<void>,
): Promise<void> {
  const lab = new Lab();
  const upstream = await byteUpstream(serve);
  try {
    lab.write(tcpBootstrap({ to: upstream.port, ...parts(lab) }));
    await lab.start(["--concurrency", "1"]);
    await body(lab, upstream.sockets);
  } finally {
    await lab.close();
    for (const socket of upstream.sockets) socket.destroy();
    upstream.server.close();
  }
}

test("bytes go to the upstream and back, and each side may end before the other", () => {
  let heard = "";
  return withTcp(
    () => ({}),
    (socket) => {
      socket.on("data", (part: Buffer) => void (heard += part.toString()));
      socket.on("end", () => socket.end(`heard ${heard}`));
    },
    async (lab) => {
      const client = Bytes.to(lab.port);
      client.socket.write("one ");
      client.socket.end("two");
      await lab.until(() => client.closed);
      assert.equal(client.text, "heard one two");
      assert.equal(client.ended, true);
    },
  );
});

test("plugins see the client's bytes in order and the upstream's in the opposite order", () =>
  withTcp(
    (lab) => ({
      plugins: [
        pluginFile(lab, "first", mark("a", "A")),
        pluginFile(lab, "second", mark("b", "B")),
      ],
    }),
    echo,
    async (lab) => {
      const client = Bytes.to(lab.port);
      client.socket.write("x");
      await lab.until(() => client.text.length >= 5);
      assert.equal(client.text, "ABbax");
      client.socket.destroy();
      await lab.until(async () => (await lab.stat("glovebox.plugin.first.requests")) === 1);
    },
  ));

test("what a plugin holds is shown again with what comes later, and passes as one", () =>
  withTcp(
    (lab) => ({
      plugins: [
        pluginFile(
          lab,
          "holder",
          `(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
             (i32.lt_u (local.get 1) (i32.const 6)))`,
        ),
      ],
    }),
    echo,
    async (lab) => {
      const client = Bytes.to(lab.port);
      client.socket.setNoDelay(true);
      client.socket.write("abc");
      await new Promise((done) => setTimeout(done, 150));
      assert.equal(client.text, "");
      client.socket.write("def");
      await lab.until(() => client.text === "abcdef");
      client.socket.destroy();
    },
  ));

/** As `pluginFile`, with these capabilities and no others. */
const granted =
  (lab: Lab, names: readonly string[]) =>
  (name: string, body: string, imports: readonly string[]): PluginYaml => {
    const allowed_capabilities = Object.fromEntries(names.map((one) => [one, {}]));
    const more = { capability_restriction_config: { allowed_capabilities } };
    return { ...pluginFile(lab, name, body, imports), more };
  };

test("while a plugin holds the new connection nobody dials the upstream and nothing is read, until it continues", () =>
  withTcp(
    (lab) => ({
      plugins: [
        granted(lab, [
          "proxy_on_vm_start",
          "proxy_on_new_connection",
          "proxy_on_downstream_data",
          "proxy_on_tick",
          "proxy_set_tick_period_milliseconds",
          "proxy_set_effective_context",
          "proxy_continue_stream",
        ])(
          "gate",
          `(global $asked (mut i32) (i32.const 0))
           (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
             (drop (call $proxy_set_tick_period_milliseconds (i32.const 300))) (i32.const 1))
           (func (export "proxy_on_new_connection") (param i32) (result i32)
             (global.set $asked (local.get 0)) (i32.const 1))
           (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
             (global.set $asked (i32.const 0)) (i32.const 0))
           (global $ticks (mut i32) (i32.const 0))
           (func (export "proxy_on_tick") (param i32)
             (if (i32.eqz (global.get $asked)) (then (return)))
             (global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
             (if (i32.eq (global.get $ticks) (i32.const 4)) (then
               (drop (call $proxy_set_effective_context (global.get $asked)))
               (drop (call $proxy_continue_stream (i32.const 2))))))`,
          [
            "proxy_set_tick_period_milliseconds",
            "proxy_set_effective_context",
            "proxy_continue_stream",
          ],
        ),
      ],
    }),
    echo,
    async (lab, sockets) => {
      const client = Bytes.to(lab.port);
      client.socket.write("go");
      await new Promise((done) => setTimeout(done, 400));
      assert.deepEqual([sockets.size, client.text], [0, ""]);
      await lab.until(() => client.text === "go");
      assert.equal(sockets.size, 1);
      client.socket.destroy();
    },
  ));

test("a plugin that closes the connection closes it on both sides, after what it let pass", () =>
  withTcp(
    (lab) => ({
      plugins: [
        pluginFile(
          lab,
          "closer",
          `(func (export "proxy_on_upstream_data") (param i32 i32 i32) (result i32)
             (if (local.get 1) (then (drop (call $proxy_close_stream (i32.const 2)))))
             (i32.const 0))`,
          ["proxy_close_stream"],
        ),
      ],
    }),
    echo,
    async (lab, sockets) => {
      const client = Bytes.to(lab.port);
      client.socket.write("x");
      await lab.until(() => client.ended && sockets.size === 0);
      client.socket.destroy();
    },
  ));

for (const [failure, passes] of [
  ["FAIL_CLOSED", false],
  ["FAIL_OPEN", true],
] as const) {
  test(`a plugin that traps ${passes ? "is passed by" : "closes its connection"} with ${failure}`, () =>
    withTcp(
      (lab) => ({
        plugins: [
          {
            ...pluginFile(
              lab,
              "trapper",
              `(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
                 (loop $for-ever (br $for-ever)) (i32.const 0))`,
            ),
            more: { failure_policy: failure },
          },
        ],
      }),
      echo,
      async (lab) => {
        const client = Bytes.to(lab.port);
        client.socket.write("x");
        await lab.until(() => (passes ? client.text === "x" : client.closed || client.ended));
        assert.equal(client.text, passes ? "x" : "");
        const word = passes ? "open" : "close";
        const name = `envoy.wasm_filter.trapper.fail_${word}_count`;
        await lab.until(async () => (await lab.stat(name)) >= 1);
        client.socket.destroy();
      },
    ));
}

test("an upstream that nobody listens for closes the connection, and the log says UF", async () => {
  const free = createServer();
  await new Promise<void>((done) => void free.listen(0, "127.0.0.1", done));
  const { port } = free.address() as { port: number };
  await new Promise((done) => free.close(done));
  let log = "";
  await withTcp(
    (lab) => {
      log = join(lab.folder, "tcp.log");
      return { to: port, proxy: fileLog(log, "%RESPONSE_FLAGS% %BYTES_RECEIVED%\n") };
    },
    echo,
    async (lab) => {
      const client = Bytes.to(lab.port);
      await lab.until(() => client.ended || client.closed);
      client.socket.destroy();
      await lab.until(() => existsSync(log) && readFileSync(log, "utf8").includes("UF"));
      assert.equal(await lab.stat("cluster.backend.upstream_cx_connect_fail"), 1);
      assert.equal(await lab.stat("cluster.backend.upstream_cx_active"), 0);
    },
  );
});

test("a silent connection is closed after the idle timeout, and is counted", () =>
  withTcp(
    () => ({ proxy: { idle_timeout: "0.3s" } }),
    echo,
    async (lab, sockets) => {
      const client = Bytes.to(lab.port);
      client.socket.write("x");
      await lab.until(() => client.text === "x");
      await lab.until(() => client.ended && sockets.size === 0);
      client.socket.destroy();
      assert.equal(await lab.stat("tcp.bytes.idle_timeout"), 1);
    },
  ));

test("an upstream that does not read stops the client, and every byte arrives when it reads again", () => {
  const sum = createHash("sha256");
  let size = 0;
  let held: Socket | null = null;
  return withTcp(
    () => ({}),
    (socket) => {
      held = socket;
      socket.pause();
      socket.on("data", (part: Buffer) => {
        size += part.length;
        sum.update(part);
      });
      socket.on("end", () => socket.end("done"));
    },
    async (lab) => {
      const body = Buffer.alloc(32 * 1024 * 1024, "0123456789abcdef!");
      const client = Bytes.to(lab.port);
      client.socket.end(body);
      const paused = "tcp.bytes.downstream_flow_control_paused_reading_total";
      await lab.until(async () => (await lab.stat(paused)) >= 1);
      await new Promise((done) => setTimeout(done, 300));
      const taken = await lab.stat("tcp.bytes.downstream_cx_rx_bytes_total");
      assert.ok(taken < body.length, `${taken} bytes were read while nobody took them`);
      held!.resume();
      await lab.until(() => client.ended);
      assert.equal(size, body.length);
      assert.equal(sum.digest("hex"), createHash("sha256").update(body).digest("hex"));
      assert.equal(await lab.stat("tcp.bytes.downstream_cx_rx_bytes_total"), body.length);
      client.socket.destroy();
    },
  );
});

test("the access log and the statistics are Envoy's", async () => {
  let log = "";
  await withTcp(
    (lab) => {
      log = join(lab.folder, "tcp.log");
      return { proxy: fileLog(log) };
    },
    echo,
    async (lab) => {
      const client = Bytes.to(lab.port);
      client.socket.end("12345");
      await lab.until(() => client.closed);
      await lab.until(() => existsSync(log) && readFileSync(log, "utf8") !== "");
      assert.match(
        readFileSync(log, "utf8"),
        /^\[[^\]]+Z\] "- - -" 0 - 5 5 \d+ - "-" "-" "-" "-" "127\.0\.0\.1:\d+"\n$/,
      );
      assert.equal(await lab.stat("tcp.bytes.downstream_cx_total"), 1);
      assert.equal(await lab.stat("tcp.bytes.downstream_cx_tx_bytes_total"), 5);
      assert.equal(await lab.stat("listener.main.downstream_cx_total"), 1);
      assert.equal(await lab.stat("listener.main.downstream_cx_active"), 0);
      assert.equal(await lab.stat("cluster.backend.upstream_cx_total"), 1);
    },
  );
});

test("an expensive plugin stays in its thread, which the log says", () =>
  withTcp(
    (lab) => ({
      plugins: [
        {
          ...pluginFile(
            lab,
            "slow",
            `(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
               (loop $for-ever (br $for-ever)) (i32.const 0))`,
          ),
          more: { failure_policy: "FAIL_OPEN" },
        },
      ],
    }),
    echo,
    async (lab) => {
      const said = /the plugin slow is expensive \(.*\); it filters TCP connections, so it stays/;
      for (let i = 0; i < 2000 && !said.test(lab.err); i++) {
        const client = Bytes.to(lab.port);
        client.socket.write("x");
        await lab.until(() => client.text === "x");
        client.socket.destroy();
      }
      assert.match(lab.err, said);
      assert.doesNotMatch(lab.err, /plugin slow.* cell/);
    },
  ));

test("TLS on both sides: the plugin and the log see the bytes and the handshake's names", async (t) => {
  if (spawnSync("openssl", ["version"]).status !== 0) return t.skip("openssl is not on the PATH");
  const folder = mkdtempSync(join(tmpdir(), "tcp-tls-"));
  const made =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bytes.test";
  const files = "-addext subjectAltName=DNS:bytes.test -keyout key.pem -out cert.pem";
  execFileSync("openssl", `${made} ${files}`.split(" "), { cwd: folder, stdio: "pipe" });
  const [certificate, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const secure = createTlsServer(
    { cert: readFileSync(certificate), key: readFileSync(key), allowHalfOpen: true } as TlsOptions,
    (socket) => {
      socket.on("error", () => {});
      socket.on("data", (part: Buffer) =>
        socket.write(`${socket.alpnProtocol}:${part.toString()}`),
      );
      socket.on("end", () => socket.end("."));
    },
  );
  await new Promise<void>((done) => void secure.listen(0, "127.0.0.1", done));
  const { port } = secure.address() as AddressInfo;
  const inline = {
    tls_certificates: [
      { certificate_chain: { filename: certificate }, private_key: { filename: key } },
    ],
  };
  let log = "";
  try {
    await withTcp(
      (lab) => {
        log = join(lab.folder, "tcp.log");
        const format = "%REQUESTED_SERVER_NAME% %DOWNSTREAM_TLS_VERSION% %BYTES_RECEIVED%\n";
        return {
          to: port,
          proxy: fileLog(log, format),
          plugins: [pluginFile(lab, "marker", mark("(", ")"))],
          chain: tlsSocket("Downstream", { common_tls_context: inline }),
          cluster: tlsSocket("Upstream", {
            sni: "bytes.test",
            common_tls_context: {
              validation_context: {
                trusted_ca: { filename: certificate },
                match_typed_subject_alt_names: [
                  { san_type: "DNS", matcher: { exact: "bytes.test" } },
                ],
              },
            },
          }),
        };
      },
      echo,
      async (lab) => {
        const ca = readFileSync(certificate);
        const to = {
          host: "127.0.0.1",
          port: lab.port,
          servername: "bytes.test",
          ca,
          allowHalfOpen: true,
        };
        const client = new Bytes(connectTls(to));
        client.socket.write("hello");
        await lab.until(() => client.text === ")false:(hello");
        client.socket.end();
        await lab.until(() => client.ended);
        assert.equal(client.text, ")false:(hello).");
        await lab.until(() => existsSync(log) && readFileSync(log, "utf8") !== "");
        assert.equal(readFileSync(log, "utf8"), "bytes.test TLSv1.3 5\n");
      },
    );
  } finally {
    secure.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a client that sends more than a plugin lets pass is no longer read, and ends by its idle time", () =>
  withTcp(
    (lab) => ({
      proxy: { idle_timeout: "1s" },
      listener: { per_connection_buffer_limit_bytes: 65_536 },
      plugins: [
        pluginFile(
          lab,
          "miser",
          `(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) (i32.const 1))`,
        ),
      ],
    }),
    echo,
    async (lab) => {
      const client = Bytes.to(lab.port);
      client.socket.write(Buffer.alloc(32 * 1024 * 1024));
      const read = () => lab.stat("tcp.bytes.downstream_cx_rx_bytes_total");
      await lab.until(async () => (await read()) >= 65_536);
      await new Promise((done) => setTimeout(done, 300));
      assert.ok((await read()) <= 65_536 + 2 * 65_536, `${await read()} bytes were read`);
      client.socket.destroy();
      await lab.until(async () => (await lab.stat("listener.main.downstream_cx_active")) === 0);
    },
  ));

test("a new version serves new connections, those that are open keep theirs, and no listener changes its kind", () =>
  withTcp(
    (lab) => ({ plugins: [pluginFile(lab, "one", mark("1", "."))] }),
    echo,
    async (lab) => {
      const old = Bytes.to(lab.port);
      old.socket.write("x");
      await lab.until(() => old.text === ".1x");
      const { to } = /"port_value": (?<to>[1-9]\d*)/.exec(readFileSync(lab.config, "utf8"))!
        .groups!;
      const plugins = [pluginFile(lab, "two", mark("2", ","))];
      lab.write(tcpBootstrap({ to: Number(to), plugins }));
      await lab.until(() => lab.err.includes("version 2 of the configuration is in use"));
      const fresh = Bytes.to(lab.port);
      fresh.socket.write("y");
      await lab.until(() => fresh.text === ",2y");
      old.socket.write("z");
      await lab.until(() => old.text === ".1x.1z");
      lab.write(bootstrap({ clusters: { backend: Number(to) } }));
      await lab.until(() => lab.err.includes("listeners: tcp became http has changed"));
      fresh.socket.write("!");
      await lab.until(() => fresh.text === ",2y,2!");
      fresh.socket.destroy();
      old.socket.destroy();
    },
  ));

test("SIGTERM waits for open connections and ends when they do", () =>
  withTcp(
    () => ({}),
    echo,
    async (lab) => {
      const client = Bytes.to(lab.port);
      client.socket.write("a");
      await lab.until(() => client.text === "a");
      lab.signal("SIGTERM");
      await new Promise((done) => setTimeout(done, 200));
      client.socket.write("b");
      await lab.until(() => client.text === "ab");
      client.socket.end();
      assert.deepEqual(await lab.ended(), [143, null]);
    },
  ));

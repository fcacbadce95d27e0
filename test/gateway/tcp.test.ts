// TCP listeners of the real binary with real sockets: plugins on bytes, the proxy behind them, and what becomes of a
// connection when something fails.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Lab } from "./lab.ts";
import {
  Bytes,
  byteUpstream,
  echo,
  fileLog,
  pluginFile,
  type TcpParts,
  tcpBootstrap,
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

test("while a plugin holds the new connection nobody dials the upstream", () =>
  withTcp(
    (lab) => ({
      plugins: [
        pluginFile(
          lab,
          "gate",
          `(func (export "proxy_on_new_connection") (param i32) (result i32) (i32.const 1))`,
        ),
      ],
    }),
    echo,
    async (lab, sockets) => {
      const client = Bytes.to(lab.port);
      await new Promise((done) => setTimeout(done, 200));
      assert.equal(sockets.size, 0);
      client.socket.write("go");
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
        pluginFile(
          lab,
          "slow",
          `(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) (local i32)
             (loop $on
               (local.set 3 (i32.add (local.get 3) (i32.const 1)))
               (br_if $on (i32.lt_u (local.get 3) (i32.const 90000))))
             (i32.const 0))`,
        ),
      ],
    }),
    echo,
    async (lab) => {
      const client = Bytes.to(lab.port);
      const said = /the plugin slow is expensive \(.*\); it filters TCP connections, so it stays/;
      let sent = 0;
      await lab.until(() => {
        client.socket.write("x");
        sent++;
        return said.test(lab.err);
      });
      await lab.until(() => client.text.length === sent);
      assert.doesNotMatch(lab.err, /slow.* cell/);
      client.socket.destroy();
    },
  ));

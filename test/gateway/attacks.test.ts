// Attacks on the real binary, by clients that keep no rule of HTTP/2 or TLS: whatever becomes of their connection, the
// next client is answered, nothing is a mistake of the gateway, and its memory stays within bounds.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  framesOf,
  GET,
  literal,
  POST,
  PREFACE,
  SETTINGS,
  SETTINGS_ACK,
  word,
} from "./http/h2-frames.ts";
import { bootstrap, type Lab, wasm, withLab } from "./lab.ts";

const START = { timeout: 120_000 };
const MIB = 1024 * 1024;

/** Bytes of memory that the process holds; 0 where the system doesn't say. */
function held(lab: Lab): number {
  const file = `/proc/${lab.pid}/status`;
  if (!existsSync(file)) return 0;
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(file, "utf8"))?.[1] ?? 0) * 1024;
}

/** Writes pieces as fast as they are taken, until there are no more or the other side has had enough. */
async function pour(
  port: number,
  pieces: Iterable<string>,
  reads: boolean,
): Promise<{ socket: Socket; cut: () => boolean; seen: () => string }> {
  const socket = connect({ port, host: "127.0.0.1" });
  let cut = false;
  let seen = "";
  const ended = new Promise<void>((resolve) => {
    socket.on("error", () => {});
    socket.on("close", () => {
      cut = true;
      resolve();
    });
  });
  if (reads) {
    socket.on("data", (part: Buffer) => {
      if (seen.length < 4 * MIB) seen += part.toString("latin1");
    });
  }
  for (const piece of pieces) {
    if (cut || socket.destroyed) break;
    if (socket.write(piece, "latin1")) continue;
    // One that reads nothing back may be stopped by the other side: then there is nothing more to pour.
    const full = new Promise<void>((resolve) => socket.once("drain", resolve));
    const late = new Promise<"late">((resolve) => setTimeout(() => resolve("late"), 2000).unref());
    if ((await Promise.race([full, ended, late])) === "late") break;
  }
  return { socket, cut: () => cut, seen: () => seen };
}

const saysGoodbye = (text: string): boolean =>
  framesOf(text).some(({ type }) => type === FRAME.goaway);

function* repeat(times: number, piece: (i: number) => string): Generator<string> {
  for (let i = 0; i < times; i++) yield piece(i);
}

function* opening(pieces: Iterable<string>): Generator<string> {
  yield PREFACE + SETTINGS;
  yield SETTINGS_ACK;
  yield* pieces;
}

const get = (stream: number): string => frame(FRAME.headers, END_HEADERS | END_STREAM, stream, GET);
const batch = (size: number, one: (i: number) => string) => (n: number) =>
  Array.from({ length: size }, (_, i) => one(n * size + i)).join("");

interface Flood {
  readonly what: string;
  readonly pieces: () => Iterable<string>;
  readonly reads: boolean;
  /** It is too much: the gateway says good-bye, or ends the connection. */
  readonly ends: boolean;
}

const floods: readonly Flood[] = [
  {
    what: "opens streams and resets them at once",
    pieces: () =>
      repeat(
        400,
        batch(50, (i) => get(2 * i + 1) + frame(FRAME.rstStream, 0, 2 * i + 1, word(8))),
      ),
    reads: true,
    ends: true,
  },
  {
    what: "makes the gateway reset streams, by sending more than they may",
    pieces: () =>
      repeat(
        400,
        batch(
          50,
          (i) =>
            frame(FRAME.headers, END_HEADERS, 2 * i + 1, POST) +
            frame(8, 0, 2 * i + 1, word(0x7fffffff)),
        ),
      ),
    reads: true,
    ends: true,
  },
  {
    what: "never ends its headers",
    pieces: () =>
      (function* () {
        yield frame(FRAME.headers, END_STREAM, 1, GET);
        const block = literal("x-flood", "y".repeat(100)).repeat(100);
        yield* repeat(4000, () => frame(FRAME.continuation, 0, 1, block));
      })(),
    reads: true,
    ends: true,
  },
  {
    what: "continues its headers with nothing, without end",
    pieces: () =>
      (function* () {
        yield frame(FRAME.headers, END_STREAM, 1, GET);
        yield* repeat(
          400,
          batch(500, () => frame(FRAME.continuation, 0, 1)),
        );
      })(),
    reads: true,
    ends: true,
  },
  {
    what: "names one large header thousands of times",
    pieces: () =>
      (function* () {
        // Into the dynamic table, then by its index: one byte each for 4 KB.
        const large = `\x40\x06x-bomb\x7f\xe1\x1e${"b".repeat(4000)}`;
        yield frame(FRAME.headers, END_HEADERS | END_STREAM, 1, GET + large);
        yield* repeat(50, (i) =>
          frame(FRAME.headers, END_HEADERS | END_STREAM, 2 * i + 3, GET + "\xbe".repeat(15_000)),
        );
      })(),
    reads: true,
    ends: false,
  },
  {
    what: "pings and never reads the answers",
    pieces: () =>
      repeat(
        400,
        batch(1000, () => frame(FRAME.ping, 0, 0, "12345678")),
      ),
    reads: false,
    ends: false,
  },
  {
    what: "changes its settings and never reads the answers",
    pieces: () =>
      repeat(
        400,
        batch(1000, () => frame(FRAME.settings, 0, 0, "\x00\x03\x00\x00\x00\x64")),
      ),
    reads: false,
    ends: false,
  },
  {
    what: "acknowledges pings that nobody has sent",
    pieces: () =>
      repeat(
        100,
        batch(1000, () => frame(FRAME.ping, ACK, 0, "12345678")),
      ),
    reads: true,
    ends: false,
  },
  {
    what: "asks for everything and reads nothing",
    pieces: () =>
      repeat(
        40,
        batch(50, (i) => get(2 * i + 1)),
      ),
    reads: false,
    ends: false,
  },
  {
    what: "sends empty pieces of a body without end",
    pieces: () =>
      (function* () {
        yield frame(FRAME.headers, END_HEADERS, 1, POST);
        yield* repeat(
          200,
          batch(1000, () => frame(FRAME.data, 0, 1)),
        );
      })(),
    reads: true,
    ends: false,
  },
];

for (const { what, pieces, reads, ends } of floods) {
  test(`an HTTP/2 client ${what}: the next client is answered`, START, () =>
    withLab(async (lab, clusters) => {
      lab.write(bootstrap({ clusters, plugins: [{ name: "tag", file: wasm("header-tag") }] }));
      await lab.start(["--concurrency", "1"]);
      assert.equal((await lab.ask("/warm")).status, 200);
      const before = held(lab);
      const poured = await pour(lab.port, opening(pieces()), reads);
      if (ends) await lab.until(() => poured.cut() || saysGoodbye(poured.seen()));
      assert.equal((await lab.ask("/next")).status, 200);
      assert.ok(held(lab) - before < 200 * MIB, `${(held(lab) - before) / MIB} MiB more`);
      poured.socket.destroy();
      await lab.until(async () => (await lab.stat("http.ingress.downstream_rq_active")) === 0);
      await lab.until(async () => (await lab.stat("cluster.backend.upstream_rq_active")) === 0);
      assert.equal(await lab.stat("envoy.wasm_runtime_internal_errors"), 0);
      assert.equal((await lab.ask("/last")).status, 200);
    }),
  );
}

test(
  "of a rapid reset only the streams that may be open at once ever cost an upstream anything",
  START,
  () => {
    let asked = 0;
    return withLab(
      async (lab, clusters) => {
        lab.write(bootstrap({ clusters }));
        await lab.start(["--concurrency", "1"]);
        const resets = repeat(
          400,
          batch(50, (i) => get(2 * i + 1) + frame(FRAME.rstStream, 0, 2 * i + 1, word(8))),
        );
        const { socket, seen } = await pour(lab.port, opening(resets), true);
        await lab.until(() => saysGoodbye(seen()));
        assert.equal((await lab.ask("/next")).status, 200);
        // It doesn't wait for the client to leave.
        await lab.until(async () => (await lab.stat("listener.main.downstream_cx_active")) === 0);
        const counter = "http.ingress.downstream_rq_too_many_premature_resets";
        assert.equal(await lab.stat(counter), 1);
        socket.destroy();
        assert.ok(asked < 5000, `${asked} of 20000 reached the upstream`);
      },
      (_request, response) => {
        asked++;
        response.end();
      },
    );
  },
);

// TLS.

const missing =
  spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not on the PATH";
let folder = "";
before(() => {
  if (missing) return;
  folder = mkdtempSync(join(tmpdir(), "glovebox-attacks-"));
  const made =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=lab.test";
  const files = "-addext subjectAltName=DNS:lab.test -keyout key.pem -out cert.pem";
  execFileSync("openssl", `${made} ${files}`.split(" "), { cwd: folder, stdio: "pipe" });
});
after(() => {
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

interface Bootstrap {
  static_resources: { listeners: { filter_chains: { transport_socket?: object }[] }[] };
}

function secured(text: string): string {
  const made = JSON.parse(text) as Bootstrap;
  made.static_resources.listeners[0]!.filter_chains[0]!.transport_socket = {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      common_tls_context: {
        tls_certificates: [
          {
            certificate_chain: { filename: join(folder, "cert.pem") },
            private_key: { filename: join(folder, "key.pem") },
          },
        ],
      },
    },
  };
  return JSON.stringify(made);
}

function askTls(port: number, servername = "lab.test"): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { port, host: "127.0.0.1", servername, rejectUnauthorized: false };
    const asked = request({ ...options, agent: false, timeout: 30_000 }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode!));
      response.on("error", reject);
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer")));
    asked.on("error", reject);
    asked.end();
  });
}

const withTls = (body: (lab: Lab) => Promise<void>): Promise<void> =>
  withLab(async (lab, clusters) => {
    lab.write(secured(bootstrap({ clusters })));
    await lab.start(["--concurrency", "1"]);
    assert.equal(await askTls(lab.port), 200);
    await body(lab);
    assert.equal(await askTls(lab.port), 200);
    assert.equal(await lab.stat("envoy.wasm_runtime_internal_errors"), 0);
  });

/** What a client says first: the head of a record of 512 bytes, and some of it. */
const HALF_HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

test(
  "a thousand handshakes that are begun and never go on keep nobody waiting, nor the end of the process",
  {
    ...START,
    skip: missing,
  },
  () =>
    withLab(async (lab, clusters) => {
      lab.write(secured(bootstrap({ clusters })));
      await lab.start(["--concurrency", "1"]);
      assert.equal(await askTls(lab.port), 200);
      const before = held(lab);
      const idle: Socket[] = [];
      for (let i = 0; i < 1000; i++) {
        const socket = connect(lab.port, "127.0.0.1");
        socket.on("error", () => {});
        if (i % 2 === 0) socket.write(HALF_HELLO, "latin1");
        idle.push(socket);
        if (i % 100 === 99) await new Promise((resolve) => socket.once("connect", resolve));
      }
      assert.equal(await askTls(lab.port), 200);
      assert.ok(held(lab) - before < 200 * MIB, `${(held(lab) - before) / MIB} MiB more`);
      assert.equal(await lab.stat("envoy.wasm_runtime_internal_errors"), 0);
      lab.signal("SIGTERM");
      assert.deepEqual(await lab.ended(), [143, null]);
      for (const socket of idle) socket.destroy();
    }),
);

test(
  "a thousand connections that are secured and then say nothing keep nobody waiting, nor the end of the process",
  { ...START, skip: missing },
  () =>
    withLab(async (lab, clusters) => {
      lab.write(secured(bootstrap({ clusters })));
      await lab.start(["--concurrency", "1"]);
      assert.equal(await askTls(lab.port), 200);
      const before = held(lab);
      const handshakes: Promise<void>[] = [];
      let gone = 0;
      for (let i = 0; i < 1000; i++) {
        const socket = connectTls({ port: lab.port, host: "127.0.0.1", rejectUnauthorized: false });
        socket.on("error", () => {});
        socket.on("close", () => gone++);
        handshakes.push(new Promise((resolve) => socket.once("secureConnect", resolve)));
        if (handshakes.length === 50) await Promise.all(handshakes.splice(0));
      }
      const active = "listener.main.downstream_cx_active";
      await lab.until(async () => (await lab.stat(active)) === 1000);
      assert.equal(await askTls(lab.port), 200);
      assert.ok(held(lab) - before < 400 * MIB, `${(held(lab) - before) / MIB} MiB more`);
      assert.equal(gone, 0);
      lab.signal("SIGTERM");
      assert.deepEqual(await lab.ended(), [143, null]);
      await lab.until(() => gone === 1000);
    }),
);

test(
  "a client that renegotiates again and again loses its connection",
  {
    ...START,
    skip: missing,
  },
  () =>
    withTls(async (lab) => {
      const socket: TLSSocket = connectTls({
        port: lab.port,
        host: "127.0.0.1",
        servername: "lab.test",
        rejectUnauthorized: false,
        maxVersion: "TLSv1.2",
      });
      let closed = false;
      socket.on("error", () => {});
      socket.on("close", () => (closed = true));
      await new Promise((resolve) => socket.once("secureConnect", resolve));
      for (let i = 0; i < 50 && !closed; i++) {
        await new Promise<void>((resolve) => {
          socket.once("close", () => resolve());
          socket.renegotiate({}, () => resolve());
        });
      }
      assert.ok(closed, "after a few times it was cut");
    }),
);

test(
  "names that the certificate isn't for, absurd names and records that are none end at most their own connection",
  {
    ...START,
    skip: missing,
  },
  () =>
    withTls(async (lab) => {
      assert.equal(
        await askTls(lab.port, "other.test"),
        200,
        "as in Envoy without a match of names",
      );
      const absurd = askTls(lab.port, `${"a".repeat(250)}\x00.test`).catch(() => 0);
      assert.ok([0, 200].includes(await absurd));
      for (const bytes of [
        "\x16\x03\x01\xff\xff\x01" + "\x00".repeat(70_000),
        "\x15\x03\x01\x00\x02\x02\x28".repeat(1000),
        "\x17\x03\x03\x00\x00".repeat(5000),
        "\x16\x03\x01\x00\x00".repeat(5000),
      ]) {
        const { socket } = await pour(lab.port, [bytes], true);
        socket.destroy();
      }
    }),
);

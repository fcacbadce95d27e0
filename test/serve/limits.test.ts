// What a stranger may make the module server spend: slow and endless requests, large headers, slow readers; and how it
// ends: what is in flight is answered.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectSecure } from "node:tls";
import { digestOf } from "../../src/net/digest.ts";
import { sendContent } from "../../src/serve/answer.ts";
import { Listener } from "../../src/serve/listener.ts";
import { Memory } from "../../src/serve/memory.ts";
import { serveLimits } from "../../src/spec/serve.ts";
import { codeOf } from "../oci/remote.ts";
import { ask, plugin, serve, source } from "./server.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-serve-limits-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

type Limits = Partial<Record<keyof typeof serveLimits, number>>;

/** A listener that answers with 8 MB, and what it refused. */
async function listening(limits: Limits = {}) {
  const refused: string[] = [];
  const large = Buffer.alloc(8_000_000);
  const listener = new Listener({
    tls: null,
    answer: (request, response) => {
      if (request.url === "/hang") return;
      response.writeHead(200, { "content-length": large.length });
      response.end(large);
    },
    refused: (reason) => void refused.push(reason),
    limits: limits as Partial<typeof serveLimits>,
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  return { listener, refused, port };
}

/** Sends a text and answers all that comes until the connection ends. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    const socket = connect(port, "127.0.0.1", () => void socket.write(text));
    socket.on("data", (piece) => (said += piece.toString("latin1")));
    socket.on("error", () => {}).on("close", () => resolve(said));
  });
}

test("headers that are too large, too slow or none are refused by number, and counted", async () => {
  const { listener, refused, port } = await listening({ headers: 150, request: 200 });
  const large = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(serveLimits.headerBytes)}\r\n\r\n`;
  assert.match(await raw(port, large), /^HTTP\/1\.1 431 /);
  assert.match(await raw(port, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow:"), /^HTTP\/1\.1 408 /);
  assert.match(await raw(port, "\0\0\0\0\r\n\r\n"), /^HTTP\/1\.1 400 /);
  const body = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
  assert.notEqual(await raw(port, body), "never ends");
  assert.deepEqual([...new Set(refused)].sort(), ["400", "408", "431"]);
  listener.close();
});

/** Asks, then takes at most so many bytes each 20 ms, until the server has had enough. */
async function reluctant(limits: Limits, bytes: number): Promise<readonly string[]> {
  const { listener, refused, port } = await listening(limits);
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  socket.pause().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  while (refused.length === 0) {
    if (bytes > 0) socket.read(bytes);
    await sleep(20);
  }
  socket.destroy();
  listener.close();
  return refused;
}

test("a client that takes nothing, or too slowly for too long, is let go of", async () => {
  assert.deepEqual(await reluctant({ idle: 150 }, 0), ["idle"]);
  assert.deepEqual(await reluctant({ answer: 200 }, 1000), ["slow"]);
});

test("more connections than the limit are dropped, and counted", async () => {
  const { listener, refused, port } = await listening({ connections: 1 });
  const held = connect(port, "127.0.0.1").on("error", () => {});
  await sleep(50);
  await raw(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.deepEqual(refused, ["connections"]);
  held.destroy();
  listener.close();
});

test("a drain answers what is in flight whole, then takes nothing more", async () => {
  const { listener, port } = await listening();
  let size = 0;
  let head = "";
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise<void>((done) => socket.on("close", () => done()));
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise<void>((done) => {
    socket.once("data", (piece) => {
      head = piece.toString("latin1").split("\r\n\r\n")[0]!;
      size += piece.length;
      socket.pause();
      done();
    });
  });
  const over = listener.drain(5_000);
  assert.match(await raw(port, "GET / HTTP/1.1\r\n\r\n"), /^$/, "nobody listens");
  socket.on("data", (piece) => (size += piece.length));
  socket.resume();
  await over;
  await closed;
  assert.equal(size, 8_000_000 + head.length + 4);
});

test("a drain that takes too long ends", async () => {
  const { listener, port } = await listening();
  const hanging = raw(port, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
  while (listener.active === 0) await sleep(5);
  await listener.drain(100);
  await hanging;
  await sleep(10);
  assert.equal(listener.active, 0);
});

test("while it drains it isn't ready", async () => {
  const { server, port } = await serve([source("auth", { now: plugin(1024) })]);
  // A connection that is kept open across the drain.
  const socket = connect(port, "127.0.0.1");
  const lines: string[] = [];
  socket.on("data", (piece) => void lines.push(piece.toString().split("\r\n")[0]!));
  socket.write("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\nGET /else HTTP/1.1\r\nHo");
  while (lines.length < 1) await sleep(5);
  const over = server.drain(1_000);
  socket.on("error", () => {}).end("st: a\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
  await over;
  assert.equal(lines[0], "HTTP/1.1 200 OK");
  assert.ok(!lines.slice(1).some((line) => line.includes("200 OK")));
});

test("a port that is taken is one failure with a code", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await sleep(20);
  const { port } = other.address() as { port: number };
  const listener = new Listener({ tls: null, answer: () => {}, refused: () => {} });
  assert.equal(await codeOf(listener.listen({ host: "127.0.0.1", port })), "serve-port");
  listener.close();
  other.close();
});

test("memory keeps what was used last, below its bound, and finds what answers still hold", () => {
  const memory = new Memory(20);
  const [a, b, c] = [1, 2, 3].map((one) => new Uint8Array(10).fill(one)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  memory.put("sha256:a", a);
  memory.put("sha256:b", b);
  assert.equal(memory.get("sha256:a"), a);
  memory.put("sha256:c", c);
  assert.equal(memory.bytes, 20);
  assert.equal(memory.get("sha256:b"), b, "held here, not there");
  memory.put("sha256:d", new Uint8Array(21));
  assert.equal(memory.bytes, 20, "what is larger than all of it is not kept");
});

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not on the PATH";

/** A self-signed certificate and its key as files. */
function certificate(name: string): { readonly cert: string; readonly key: string } {
  const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=${name} -addext subjectAltName=DNS:modules.test -days 2 -keyout ${name}.key -out ${name}.pem`;
  execFileSync("openssl", made.split(" "), { cwd: scratch, stdio: "pipe" });
  const read = (ext: string) => readFileSync(join(scratch, `${name}.${ext}`), "utf8");
  return { cert: read("pem"), key: read("key") };
}

function askSecure(port: number, ca: string): Promise<number | string> {
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, path: "/readyz", ca, servername: "modules.test" };
    httpsRequest({ ...options, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    })
      .on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end();
  });
}

test("over TLS a client that takes nothing holds a piece of a body, not a copy of all of it", {
  skip,
}, async (t) => {
  const body = Buffer.alloc(8_000_000, "glovebox ");
  const row = { digest: digestOf(body), size: body.length };
  const sockets: Socket[] = [];
  const listener = new Listener({
    tls: certificate("pieces"),
    answer: (request, response) => {
      sockets.push(request.socket);
      sendContent(request, response, row, [], body);
    },
    refused: () => {},
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => listener.close());
  const client = connectSecure({ host: "127.0.0.1", port, rejectUnauthorized: false });
  client.pause().write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  while (sockets.length === 0) await sleep(5);
  await sleep(100);
  const waiting = sockets[0]!.writableLength;
  assert.ok(waiting > 0 && waiting <= 2 * serveLimits.piece, `${waiting} bytes wait`);
  const parts: Buffer[] = [];
  for await (const part of client) parts.push(part as Buffer);
  const all = Buffer.concat(parts);
  assert.equal(digestOf(all.subarray(all.indexOf("\r\n\r\n") + 4)), row.digest);
});

test("a certificate is renewed without a restart; a bad one is refused and the old stays", {
  skip,
}, async () => {
  const [one, two] = [certificate("one"), certificate("two")];
  let files = one;
  const tls = { certificate: "tls.crt", key: "tls.key", read: async () => files };
  const wall = () => Date.now();
  const { server, port, lines } = await serve([source("auth", { now: plugin(1024) })], {
    tls,
    wall,
  });
  try {
    assert.equal(await askSecure(port, one.cert), 200);
    assert.notEqual(await askSecure(port, two.cert), 200);
    files = { cert: two.cert, key: one.key };
    await server.refresh();
    assert.equal(await askSecure(port, one.cert), 200);
    files = two;
    await server.refresh();
    assert.equal(await askSecure(port, two.cert), 200);
    const told = lines
      .map(({ event, code }) => [event, code])
      .filter(([e]) => /^cert/.test(String(e)));
    assert.deepEqual(told, [
      ["certificate-refused", "serve-tls"],
      ["certificate-new", undefined],
    ]);
  } finally {
    await server.stop();
  }
});

test("a certificate or key that can't be used is one failure that says why", { skip }, async () => {
  const { cert, key } = certificate("three");
  const foreign = certificate("four").key;
  writeFileSync(join(scratch, "plain.key"), key);
  const encrypt = "pkcs8 -topk8 -in plain.key -out locked.key -passout pass:x";
  execFileSync("openssl", encrypt.split(" "), { cwd: scratch, stdio: "pipe" });
  const locked = readFileSync(join(scratch, "locked.key"), "utf8");
  const cases: readonly [string, string, string, RegExp][] = [
    [cert, foreign, "serve-tls", /belongs to another/],
    ["nothing", key, "serve-tls", /no certificate/],
    [cert, "nothing", "serve-tls", /no private key/],
    [cert, locked, "serve-tls", /passphrase/],
    [cert.replace(/\n[A-Za-z0-9+/]{20}/, `\n${"A".repeat(20)}`), key, "serve-tls", /can't be/],
    [cert, key, "serve-tls-time", /holds from .* and now is 2100-/],
  ];
  for (const [oneCert, oneKey, code, why] of cases) {
    const read = async () => ({ cert: oneCert, key: oneKey });
    const tls = { certificate: "tls.crt", key: "tls.key", read };
    const wall = () => (code === "serve-tls-time" ? Date.UTC(2100, 0) : Date.now());
    const failure = await serve([], { tls, wall }).catch((error) => error);
    assert.equal(failure.code, code, String(why));
    assert.match(failure.message, why);
  }
});

test("an answer on a server that was stopped is none", async () => {
  const { server, port } = await serve([source("auth", { now: plugin(1024) })]);
  await server.stop();
  await assert.rejects(ask(port, "/healthz"));
});

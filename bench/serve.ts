// The module server with a module of 100 KB in memory, beside a plain node:http server that answers the same bytes: each a
// process, asked over loopback by the same client, in turns.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { API_VERSION, KIND } from "../src/policy/schema.ts";
import { sha256 } from "../src/util/digest.ts";
import { wat } from "../test/wat.ts";
import { type Report, spread } from "./lib/report.ts";
import { alternate, ratios, summarise } from "./lib/stats.ts";

const LIMIT = 0.5;
const BYTES = 100_000;
const CONNECTIONS = 16;
const program = fileURLToPath(new URL("../../bin/glovebox", import.meta.url));

const base: Omit<Report, "held" | "rows" | "data"> = {
  name: "serve",
  means: `A hardened module of 100 KB from memory, over plain HTTP on loopback to ${CONNECTIONS} kept connections: \`glovebox serve\` by digest and as a registry's blob, and a \`node:http\` server that answers the same bytes.`,
  target: `at least ${LIMIT} times the requests a second of node:http`,
  head: ["", "a request", "requests a second, node:http = 1"],
};

/** Answers everything with the bytes of a file. */
const PLAIN = `
const { createServer } = require("node:http");
const bytes = require("node:fs").readFileSync(process.argv[1]);
const server = createServer((_, response) => {
  response.writeHead(200, { "content-type": "application/wasm", "content-length": bytes.length });
  response.end(bytes);
});
server.keepAliveTimeout = 75_000;
server.listen(0, "127.0.0.1", () => console.error("serving on http://127.0.0.1:" + server.address().port));
`;

interface Served {
  readonly port: number;
  readonly said: string;
  readonly stop: () => void;
}

/** A server process, once it has said where it listens. */
async function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  for await (const piece of child.stderr) {
    said += String(piece);
    const port = /serving on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    if (port !== undefined) {
      return { port: Number(port), said, stop: () => void child.kill("SIGKILL") };
    }
  }
  throw new Error(`${args[0]} did not serve: ${said}`);
}

/** A kept connection that asks for one thing again and again. */
class Asking {
  readonly #socket: Socket;
  readonly #request: string;

  constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  }

  /** One request and its whole answer: the head is read once, then bytes are counted. */
  ask(times: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      let [left, missing, head] = [times, -1, ""];
      const gone = (): void => reject(new Error("the server closed a connection"));
      const take = (piece: Buffer): void => {
        let body = piece.length;
        if (missing < 0) {
          head += piece.toString("latin1");
          const end = head.indexOf("\r\n\r\n");
          if (end < 0) return;
          const length = /content-length: (\d+)/i.exec(head)?.[1];
          if (!head.startsWith("HTTP/1.1 200") || Number(length) < BYTES) {
            reject(new Error(head.slice(0, 300)));
            return;
          }
          missing = Number(length);
          body = head.length - end - 4;
          head = "";
        }
        missing -= body;
        if (missing > 0) return;
        missing = -1;
        if (--left > 0) socket.write(this.#request);
        else {
          socket.off("data", take).off("error", reject).off("close", gone);
          resolve();
        }
      };
      if (socket.destroyed) gone();
      socket.on("data", take).on("error", reject).on("close", gone);
      socket.write(this.#request);
    });
  }

  end(): void {
    this.#socket.destroy();
  }
}

async function asking(port: number, path: string): Promise<readonly Asking[]> {
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(port, "127.0.0.1"));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return sockets.map((socket) => new Asking(socket.setNoDelay(), path));
}

/** Milliseconds that so many requests take, over all connections at once. */
const side = (all: readonly Asking[], each: number) => async (): Promise<number> => {
  const before = performance.now();
  await Promise.all(all.map((one) => one.ask(each)));
  return (performance.now() - before) / (each * all.length);
};

/** A small plugin with so many bytes of data, which hardening keeps. */
const plugin = (data: number): Uint8Array =>
  wat(`(module
    (memory (export "memory") 4)
    (data (i32.const 1024) "${"x".repeat(data)}")
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 200000)
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0))`);

async function measure(scratch: string, rounds: number, each: number) {
  const file = join(scratch, "auth.wasm");
  const url = `"${file}"`;
  const policy = join(scratch, "auth.yaml");
  writeFileSync(
    policy,
    `apiVersion: ${API_VERSION}\nkind: ${KIND}\nmetadata: { name: auth }\nspec: { role: auth, source: { url: ${url} } }\n`,
  );
  const env = { GLOVEBOX_MODULE_CACHE: join(scratch, "cache") };
  const args = [program, "serve", "-p", policy, "--plain-http", "--listen", "127.0.0.1:0"];
  // Once to learn how large it comes out, once as it is measured.
  writeFileSync(file, plugin(1));
  const first = await start(args, env);
  const path = (said: string): string => /\/modules\/[0-9a-f]{64}\.wasm/.exec(said)![0];
  const answer = async (served: Served): Promise<Uint8Array> => {
    const got = await fetch(`http://127.0.0.1:${served.port}${path(served.said)}`);
    return new Uint8Array(await got.arrayBuffer());
  };
  writeFileSync(file, plugin(BYTES - (await answer(first)).length + 1));
  first.stop();
  const ours = await start(args, env);
  const bytes = await answer(ours);
  if (bytes.length < BYTES) throw new Error(`the module has ${bytes.length} bytes`);
  const plainFile = join(scratch, "module");
  writeFileSync(plainFile, bytes);
  const plain = await start(["-e", PLAIN, plainFile]);
  const blob = `/v2/auth/blobs/sha256:${sha256(bytes)}`;
  const clients = [
    await asking(plain.port, "/"),
    await asking(ours.port, path(ours.said)),
    await asking(ours.port, blob),
  ];
  try {
    const samples = await alternate(
      clients.map((all) => side(all, each)),
      { warmup: 3, rounds },
    );
    return { samples, bytes: bytes.length };
  } finally {
    for (const one of clients.flat()) one.end();
    ours.stop();
    plain.stop();
  }
}

export async function benchServe({ quick }: { readonly quick: boolean }): Promise<Report> {
  const scratch = mkdtempSync(join(tmpdir(), "glovebox-bench-serve-"));
  try {
    const [rounds, each] = quick ? [7, 60] : [41, 150];
    const { samples, bytes } = await measure(scratch, rounds, each);
    const names = ["node:http", "glovebox serve, by digest", "glovebox serve, as a blob"];
    const all = samples.map(summarise);
    const shares = samples.map((one) => ratios(samples[0]!, one));
    const rows = names.map((name, i) => [
      name,
      spread(all[i]!, " ms", 3),
      i === 0 ? "1" : spread(shares[i]!, "", 2),
    ]);
    const held = quick ? null : shares.slice(1).every(({ median }) => median >= LIMIT);
    return { ...base, held, rows, data: { names, bytes, times: all, ratios: shares } };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

// Cells: who keeps a costly plugin busy keeps only its own requests waiting, and a plugin that runs as shipped can
// hang its own cell and nothing else.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { getPriority } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { guest } from "../host/guest.ts";
import { RawClient } from "./http/peers.ts";
import { ask, bootstrap, pluginYaml, wasm, withLab } from "./lab.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.PluginConfig";

const onRoute = (name: string, file: string, more: Readonly<Record<string, unknown>> = {}) => ({
  match: { prefix: `/${name}` },
  route: { cluster: "backend" },
  typed_per_filter_config: {
    "envoy.filters.http.wasm": { "@type": TYPE, ...pluginYaml({ name, file, vmId: name, more }) },
  },
});

const tenant = (name: string, plugin: string, more: Readonly<Record<string, unknown>> = {}) =>
  onRoute(name, wasm(plugin), more);

const base = { name: "base", file: wasm("header-tag") };

/** The priorities that the threads of a process have, each once. */
function nicesOf(pid: number): number[] {
  const folder = `/proc/${pid}/task`;
  const nices = readdirSync(folder).map((thread) => {
    const text = readFileSync(`${folder}/${thread}/stat`, "utf8");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[16]);
  });
  return [...new Set(nices)].sort((a, b) => a - b);
}

interface PluginPage {
  readonly name: string;
  readonly runs_in: string;
  readonly because?: string;
}

test("a tenant that burns its whole budget on every request gets a cell; the other tenant fails no request meanwhile", () =>
  withLab(async (lab, clusters) => {
    const routes = [
      tenant("costly", "loop-request", { failure_policy: "FAIL_RELOAD" }),
      tenant("decent", "header-tag"),
    ];
    lab.write(bootstrap({ plugins: [base], clusters, routes }));
    await lab.start(["--concurrency", "1"]);
    let done = false;
    const statuses = new Map<number, number>();
    const attack = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!done) {
        // A body that comes while the request waits must not be lost, nor stop the connection for good.
        const { status } = await ask(lab.port, "/costly", { agent, method: "POST", body: "x" });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      agent.destroy();
    };
    const attacks = Array.from({ length: 4 }, attack);
    await lab.until(() =>
      /plugin costly runs in a cell of its own with 25 % of one processor/.test(lab.err),
    );
    for (let i = 0; i < 50; i++) {
      const answer = await lab.ask("/decent");
      assert.equal(answer.status, 200);
      assert.match(answer.body, /x-by-hand/);
    }
    const { plugins } = JSON.parse(await lab.adminText("/plugins")) as { plugins: PluginPage[] };
    assert.equal(plugins.find((one) => one.name === "costly")?.runs_in, "a cell of its own");
    assert.equal(plugins.find((one) => one.name === "decent")?.runs_in, "the connection's thread");
    await lab.until(async () => (await lab.stat("glovebox.cell.costly.waited")) > 0);
    if (process.platform === "linux") {
      const own = getPriority();
      assert.deepEqual(nicesOf(lab.pid), [...new Set([own, 19])]);
    }
    done = true;
    await Promise.all(attacks);
    assert.deepEqual([...statuses.keys()], [503]);
  }));

/** Where a plugin takes the thread without one long step of a request's own callbacks. */
const short: readonly {
  readonly what: string;
  readonly body: string | null;
  readonly answers?: number;
}[] = [
  { what: "overflows its stack at once, again and again", body: null },
  {
    what: "loops in its context's creation",
    body: `(func (export "proxy_on_context_create") (param i32 i32)
      (if (local.get 1) (then (loop $again (br $again)))))`,
  },
  {
    what: "traps in its context's creation",
    body: `(func (export "proxy_on_context_create") (param i32 i32)
      (if (local.get 1) (then unreachable)))`,
  },
  {
    what: "works long in its context's creation",
    body: `(func (export "proxy_on_context_create") (param i32 i32) (local $left i32)
      (local.set $left (i32.const 1000000))
      (if (local.get 1) (then
        (loop $again
          (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))))`,
    answers: 200,
  },
];

for (const { what, body, answers = 503 } of short) {
  test(`a tenant whose plugin ${what} gets a cell`, () =>
    withLab(async (lab, clusters) => {
      const file = join(lab.folder, "short.wasm");
      if (body !== null) writeFileSync(file, guest({ body }));
      const code = body === null ? wasm("stack-bomb") : file;
      const routes = [onRoute("short", code), tenant("decent", "header-tag")];
      lab.write(bootstrap({ plugins: [base], clusters, routes }));
      await lab.start(["--concurrency", "1"]);
      let done = false;
      const attack = async (): Promise<void> => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        while (!done) assert.equal((await ask(lab.port, "/short", { agent })).status, answers);
        agent.destroy();
      };
      const attacks = Array.from({ length: 4 }, attack);
      await lab.until(() =>
        /plugin short runs in a cell of its own with 25 % of one processor/.test(lab.err),
      );
      assert.equal((await lab.ask("/decent")).status, 200);
      done = true;
      await Promise.all(attacks);
    }));
}

test("a request through a cell is whole: body in both directions, the client's address, and no private header", () =>
  withLab(async (lab, clusters) => {
    lab.write(bootstrap({ plugins: [base], clusters }));
    await lab.start(["--concurrency", "1", "--unsafe-default"]);
    assert.match(lab.err, /plugin base: as shipped, not contained, .* in a cell/);
    const body = "x".repeat(300_000);
    const answer = await lab.ask("/echo", { method: "POST", body });
    assert.equal(answer.status, 200);
    const seen = JSON.parse(answer.body) as { body: string; headers: Record<string, string> };
    assert.equal(seen.body.length, body.length);
    assert.equal(seen.headers["x-by-hand"] !== undefined, true);
    assert.equal(
      Object.keys(seen.headers).some((name) => name.startsWith("x-glovebox")),
      false,
    );
    assert.equal(await lab.stat("http.ingress.downstream_rq_total"), 1);
  }));

test("a plugin as shipped that loops for ever hangs its cell alone, and the watchdog names it and its callback", () =>
  withLab(async (lab, clusters) => {
    const routes = [tenant("hangs", "loop-request"), tenant("decent", "header-tag")];
    lab.write(bootstrap({ plugins: [base], clusters, routes }));
    await lab.start(["--concurrency", "1", "--unsafe-default"]);
    const hung = ask(lab.port, "/hangs").catch(() => null);
    await lab.until(() =>
      /thread \d+ hangs in request_headers of plugin hangs; the other threads go on/.test(lab.err),
    );
    assert.equal((await lab.ask("/decent")).status, 200);
    assert.match(
      await lab.adminText("/stats?filter=rq_total"),
      /downstream_rq_total: \d+/,
      "the admin doesn't wait for it",
    );
    lab.signal("SIGTERM");
    lab.signal("SIGTERM");
    await lab.ended();
    await hung;
  }));

test("a plugin may add as many headers to an answer in a cell as it may in the connection's thread", () =>
  withLab(async (lab, clusters) => {
    const file = join(lab.folder, "many.wasm");
    // 1,000 headers of 100 bytes each.
    const body = `(data (i32.const 16) "x-many")
      (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
        (local $left i32)
        (local.set $left (i32.const 1000))
        (loop $again
          (drop (call $proxy_add_header_map_value (i32.const 2)
            (i32.const 16) (i32.const 6) (i32.const 16) (i32.const 94)))
          (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (i32.const 0))`;
    const filled = body.replace('"x-many")', `"x-many${"v".repeat(88)}")`);
    writeFileSync(file, guest({ imports: ["proxy_add_header_map_value"], body: filled }));
    lab.write(bootstrap({ plugins: [{ name: "many", file }], clusters }));
    await lab.start(["--concurrency", "1", "--unsafe-default"]);
    assert.match(lab.err, /plugin many: as shipped, not contained, .* in a cell/);
    const client = new RawClient(lab.port);
    client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    const text = await client.rest(20_000);
    client.end();
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.equal(text.split("x-many: ").length - 1, 1000);
  }));

// Cells: who keeps a costly plugin busy keeps only its own requests waiting, and a plugin that runs as shipped can
// hang its own cell and nothing else.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { Agent } from "node:http";
import { getPriority } from "node:os";
import { test } from "node:test";
import { ask, bootstrap, pluginYaml, wasm, withLab } from "./lab.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.PluginConfig";

const tenant = (name: string, plugin: string, more: Readonly<Record<string, unknown>> = {}) => ({
  match: { prefix: `/${name}` },
  route: { cluster: "backend" },
  typed_per_filter_config: {
    "envoy.filters.http.wasm": {
      "@type": TYPE,
      ...pluginYaml({ name, file: wasm(plugin), vmId: name, more }),
    },
  },
});

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
      assert.deepEqual(nicesOf(lab.pid), [...new Set([own, Math.min(19, own + 10)])]);
    }
    done = true;
    await Promise.all(attacks);
    assert.deepEqual([...statuses.keys()], [503]);
  }));

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

// How long the lab takes from the start of its process to its first 200, with one small plugin, and from SIGTERM to
// its end when nothing is in flight; beside an empty program of Node, and a stock Envoy with the same plugin.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { compile, root } from "../../plugins/compile.ts";
import { isThere, timedGood } from "../lib/process.ts";
import { type Report, spread } from "../lib/report.ts";
import { alternate, ratios, summarise } from "../lib/stats.ts";
import { wasmFilter } from "../lib/wasm-filter.ts";
import { readiness } from "../start/envoy.ts";
import { freePorts } from "./cost-parties.ts";

const LIMIT = 1000;
const FULL = { warmup: 1, rounds: 9 };
const QUICK = { warmup: 1, rounds: 3 };
const PATIENCE = 60_000;
const TYPE = "type.googleapis.com/envoy.extensions.filters";

function bootstrap(file: string, port: number): string {
  const router = { "@type": `${TYPE}.http.router.v3.Router` };
  const route = { match: { prefix: "/" }, direct_response: { status: 200 } };
  const manager = {
    "@type": `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "start",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] },
    http_filters: [
      wasmFilter({ name: "add-header", file, configuration: "" }),
      { name: "envoy.filters.http.router", typed_config: router },
    ],
  };
  const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const listener = { name: "main", address, filter_chains: [{ filters: [filter] }] };
  return JSON.stringify({ static_resources: { listeners: [listener] } });
}

/** Whether a request is answered with 200. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("connect", () =>
      socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"),
    );
    socket.on("data", (bytes) => (text += bytes.toString("latin1")));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(text.startsWith("HTTP/1.1 200 ")));
  });
}

interface Times {
  /** Milliseconds to the first 200. */
  readonly ready: number;
  /** Milliseconds from SIGTERM to the end of the process. */
  readonly end: number;
}

class Labs {
  readonly #folder = mkdtempSync(join(tmpdir(), "glovebox-start-"));
  #file = "";
  #config = "";
  #port = 0;

  /** The plugin's file. */
  async prepare(): Promise<string> {
    this.#file = join(this.#folder, "add-header.wasm");
    const { wasm } = await compile("bench/lab/plugins/add-header.ts", "assemblyscript");
    writeFileSync(this.#file, wasm);
    this.#port = (await freePorts(1))[0]!;
    this.#config = join(this.#folder, "envoy.json");
    writeFileSync(this.#config, bootstrap(this.#file, this.#port));
    return this.#file;
  }

  /** One lab from its start to its end; `cold`: nothing that was hardened before is found. */
  async once(concurrency: number, cold: boolean): Promise<Times> {
    const cache = join(this.#folder, "cache");
    if (cold) rmSync(cache, { recursive: true, force: true });
    const args = [join(root, "bin/glovebox"), "run", this.#config];
    const start = performance.now();
    const child = spawn(process.execPath, [...args, "--concurrency", String(concurrency)], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, XDG_CACHE_HOME: cache },
    });
    let said = "";
    child.stderr.on("data", (piece) => (said = (said + String(piece)).slice(-2000)));
    const ended = once(child, "exit");
    try {
      while (!(await answers(this.#port))) {
        if (child.exitCode !== null || performance.now() - start > PATIENCE)
          throw new Error(`the lab does not serve: ${said}`);
        await wait(2);
      }
      const ready = performance.now() - start;
      await wait(200);
      const asked = performance.now();
      child.kill("SIGTERM");
      await ended;
      return { ready, end: performance.now() - asked };
    } finally {
      child.kill("SIGKILL");
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export async function benchLabStart({ quick }: { readonly quick: boolean }): Promise<Report> {
  const times = quick ? QUICK : FULL;
  const labs = new Labs();
  const ends: number[] = [];
  const lab = (concurrency: number, cold: boolean) => async (): Promise<number> => {
    const { ready, end } = await labs.once(concurrency, cold);
    ends.push(end);
    return ready;
  };
  try {
    const file = await labs.prepare();
    const envoy = isThere("envoy");
    const sides = [
      { what: "`node -e 0`, to its end", run: () => timedGood(process.execPath, ["-e", "0"]).ms },
      { what: "lab, 1 thread", run: lab(1, false) },
      { what: "lab, 2 threads", run: lab(2, false) },
      { what: "lab, 1 thread, nothing hardened before", run: lab(1, true) },
      ...(envoy
        ? [
            {
              what: "Envoy, 1 thread, until it says that it is ready",
              run: () => readiness({ file, rootId: "add-header", configuration: "" }),
            },
          ]
        : []),
    ];
    const samples = await alternate(
      sides.map(({ run }) => run),
      times,
    );
    const all = samples.map((one) => summarise(one));
    const good = all.slice(1, 4).every(({ median }) => median < LIMIT);
    return {
      name: "lab: start",
      means:
        "Wall time from the start of the process to the first 200 of a listener with one small plugin (adds a header, AssemblyScript SDK), and from SIGTERM to the end of the process with nothing in flight; the ratio is to `node -e 0` of the same round.",
      target: `the lab answers within ${LIMIT} ms`,
      held: quick ? null : good,
      ...(!envoy && { note: "Not measured: envoy is not installed." }),
      head: ["What", "Time (ms)", "Ratio"],
      rows: [
        ...sides.map(({ what }, i) => [
          what,
          spread(all[i]!, ""),
          spread(ratios(samples[i]!, samples[0]!), "", 1),
        ]),
        ["lab, SIGTERM to its end", spread(summarise(ends), ""), ""],
      ],
      data: { sides: sides.map(({ what }, i) => ({ what, ms: samples[i] })), ends },
    };
  } finally {
    labs.remove();
  }
}

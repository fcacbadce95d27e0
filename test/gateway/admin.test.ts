// The admin of the real binary: statistics in every format, nothing secret, traces on demand, spans for a collector.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, bootstrap, upstream, wasm, withLab } from "./lab.ts";

test("statistics come as text, JSON and Prometheus, filtered in linear time, and a bad filter is told", () =>
  withLab(async (lab, clusters) => {
    const plugins = [{ name: "metrics", file: wasm("metrics"), vmId: "m" }];
    lab.write(bootstrap({ plugins, clusters }));
    await lab.start(["--concurrency", "2"]);
    for (let i = 0; i < 5; i++) await lab.ask("/");
    await lab.until(async () => (await lab.stat("cluster.backend.upstream_rq_2xx")) === 5);
    await lab.until(
      async () => (await lab.stat("envoy.wasm_filter.metrics.execution_failures")) === 0,
    );
    assert.equal(await lab.stat("http.ingress.downstream_rq_total"), 5);
    assert.equal(await lab.stat("envoy.wasm.runtime.v8.engine.compile_successes"), 1);
    assert.match(await lab.adminText("/stats?filter=wasmcustom"), /^wasmcustom\.\S+: [1-9]\d*$/m);
    const { stats } = JSON.parse(await lab.adminText("/stats?format=json&filter=fuel_request")) as {
      stats: { name: string; histogram: { count: number; sum: number } }[];
    };
    assert.equal(stats[0]!.name, "glovebox.plugin.metrics.fuel_request");
    assert.equal(stats[0]!.histogram.count, 5);
    assert.ok(stats[0]!.histogram.sum > 0);
    const prometheus = await lab.adminText("/stats/prometheus");
    assert.match(prometheus, /^# TYPE envoy_wasm_filter_execution_failures counter$/m);
    assert.match(prometheus, /^envoy_wasm_vm_memory_pages_current\{vm_id="m"\} \d+$/m);
    assert.equal((await ask(lab.admin, "/stats?filter=(")).status, 400);
    const slow = Date.now();
    await lab.adminText(`/stats?filter=${encodeURIComponent("(a|a|aa|.)*(x+x+)+y")}`);
    assert.ok(Date.now() - slow < 5000);
    assert.equal((await ask(lab.admin, "/nothing")).status, 404);
    assert.match(await lab.adminText("/"), /\/quitquitquit/);
  }));

test("what was used is asked for by usedonly; a page in a browser is answered nothing, and ends nothing", () =>
  withLab(async (lab, clusters) => {
    lab.write(bootstrap({ plugins: [{ name: "tag", file: wasm("header-tag") }], clusters }));
    await lab.start(["--concurrency", "1"]);
    await lab.ask("/");
    await lab.until(async () => (await lab.stat("http.ingress.downstream_rq_total")) === 1);
    const used = await lab.adminText("/stats?usedonly&filter=downstream_rq");
    assert.match(used, /^http\.ingress\.downstream_rq_total: 1$/m);
    assert.doesNotMatch(used, /: 0$/m);
    assert.match(await lab.adminText("/stats?filter=downstream_rq"), /: 0$/m);
    const rebound = { host: `evil.example:${lab.admin}` };
    assert.equal((await ask(lab.admin, "/config_dump", { headers: rebound })).status, 403);
    const foreign = { origin: "http://evil.example" };
    const posted = await ask(lab.admin, "/quitquitquit", { method: "POST", headers: foreign });
    assert.equal(posted.status, 403);
    assert.equal((await lab.ask("/")).status, 200);
    assert.equal(await lab.adminText("/quitquitquit", "POST"), "OK\n");
  }));

test("what may be secret is nowhere in the admin: plugin configuration, environment, inline code", () =>
  withLab(async (lab, clusters) => {
    const more = {
      vm_config: {
        runtime: "envoy.wasm.runtime.v8",
        code: { local: { filename: wasm("auth") } },
        environment_variables: { key_values: { TOKEN: "env-secret" } },
      },
    };
    const plugins = [{ name: "auth", file: "", configuration: "alice = wonder-secret", more }];
    lab.write(bootstrap({ plugins, clusters }));
    await lab.start(["--concurrency", "1"]);
    const authorization = "Bearer header-secret";
    assert.equal((await lab.ask("/", { headers: { authorization } })).status, 401);
    await lab.adminText("/trace?requests=1", "POST");
    await lab.until(async () => {
      await lab.ask("/", { headers: { authorization } });
      return (await lab.adminText("/trace")).includes("proxy_on_request_headers");
    });
    const pages = [
      "/config_dump",
      "/plugins",
      "/stats",
      "/clusters",
      "/listeners",
      "/server_info",
      "/trace",
      "/stats/prometheus",
    ];
    for (const path of pages) {
      const text = await lab.adminText(path);
      assert.ok(text.length > 0, path);
      assert.doesNotMatch(text, /-secret/, path);
    }
    assert.match(
      await lab.adminText("/config_dump"),
      /"TOKEN": "\[redacted\]"/,
      "that it is there can be seen",
    );
    assert.doesNotMatch(lab.err, /-secret/);
  }));

test("a trace says which callbacks ran and which host functions they called, and the next request isn't traced", () =>
  withLab(async (lab, clusters) => {
    const plugins = [{ name: "tag", file: wasm("header-rewriter"), configuration: "t" }];
    lab.write(bootstrap({ plugins, clusters }));
    await lab.start(["--concurrency", "1"]);
    await lab.ask("/");
    assert.equal(
      await lab
        .adminText("/trace")
        .then((text) => (JSON.parse(text) as { traces: unknown[] }).traces.length),
      0,
    );
    assert.match(await lab.adminText("/trace?requests=0", "POST"), /1 to 100/);
    await lab.adminText("/trace?requests=1", "POST");
    interface Trace {
      readonly method: string;
      readonly status: number;
      readonly callbacks: {
        plugin: string;
        callback: string;
        fuel: number;
        calls: { function: string; answer: number }[];
      }[];
    }
    let traces: Trace[] = [];
    await lab.until(async () => {
      assert.equal((await lab.ask("/")).status, 200);
      ({ traces } = JSON.parse(await lab.adminText("/trace")) as { traces: Trace[] });
      return traces.length > 0;
    });
    await lab.ask("/");
    await lab.ask("/");
    ({ traces } = JSON.parse(await lab.adminText("/trace")) as { traces: Trace[] });
    assert.equal(traces.length, 1);
    const [trace] = traces;
    assert.equal(trace!.method, "GET");
    assert.equal(trace!.status, 200);
    const step = trace!.callbacks.find((one) => one.callback === "proxy_on_request_headers");
    assert.equal(step?.plugin, "tag");
    assert.ok(step.fuel > 0);
    assert.ok(step.calls.some((one) => one.function.startsWith("proxy_") && one.answer === 0));
  }));

test("a trace goes on where a plugin is moved to a cell meanwhile", () =>
  withLab(async (lab, clusters) => {
    lab.write(bootstrap({ plugins: [{ name: "loop", file: wasm("loop-request") }], clusters }));
    await lab.start(["--concurrency", "1"]);
    await lab.adminText("/trace?requests=9", "POST");
    await lab.ask("/");
    await lab.until(() => lab.err.includes("loop runs in a cell"));
    interface Seen {
      readonly traces: readonly {
        readonly thread: number;
        readonly callbacks: readonly object[];
      }[];
    }
    await lab.until(async () => {
      await lab.ask("/");
      const { traces } = JSON.parse(await lab.adminText("/trace")) as Seen;
      const ran = traces.filter((one) => one.callbacks.length > 0);
      return new Set(ran.map((one) => one.thread)).size === 2;
    });
  }));

test("spans go to a collector that was named: the caller's trace goes on, and the upstream is told", () =>
  withLab(async (lab, clusters) => {
    const bodies: string[] = [];
    const collector = await upstream((request, response) => {
      let body = "";
      request.on("data", (part: Buffer) => void (body += part.toString()));
      request.on("end", () => {
        bodies.push(`${request.method} ${request.url} ${body}`);
        response.end("{}");
      });
    });
    try {
      lab.write(bootstrap({ clusters }));
      await lab.start(["--concurrency", "1"], {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
      });
      const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
      const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
      const answer = await lab.ask("/", { headers: { traceparent } });
      const told = (JSON.parse(answer.body) as { headers: Record<string, string> }).headers
        .traceparent!;
      assert.match(told, new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
      assert.notEqual(told, traceparent);
      await lab.until(() => bodies.length > 0);
      const text = bodies[0]!;
      assert.ok(text.startsWith("POST /v1/traces "));
      const exported = JSON.parse(text.slice("POST /v1/traces ".length)) as {
        resourceSpans: {
          scopeSpans: { spans: { traceId: string; spanId: string; parentSpanId: string }[] }[];
        }[];
      };
      const [span] = exported.resourceSpans[0]!.scopeSpans[0]!.spans;
      assert.equal(span!.traceId, traceId);
      assert.equal(span!.parentSpanId, "00f067aa0ba902b7");
      assert.ok(told.includes(span!.spanId));
    } finally {
      collector.server.close();
    }
  }));

test("without a collector the trace headers pass through as they are", () =>
  withLab(async (lab, clusters) => {
    lab.write(bootstrap({ clusters }));
    await lab.start(["--concurrency", "1"]);
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const answer = await lab.ask("/", { headers: { traceparent } });
    assert.equal(
      (JSON.parse(answer.body) as { headers: Record<string, string> }).headers.traceparent,
      traceparent,
    );
  }));

test("log lines can be JSON, one object a line, and what a plugin says can't make a line of its own", () =>
  withLab(async (lab, clusters) => {
    lab.write(bootstrap({ plugins: [{ name: "log", file: wasm("request-log") }], clusters }));
    await lab.start(["--concurrency", "1", "--log-format", "json"]);
    await lab.ask("/logged");
    await lab.until(() => lab.err.includes("/logged"));
    const line = lab.err.split("\n").find((one) => one.includes("/logged"))!;
    const entry = JSON.parse(line) as { level: string; plugin: string; message: string };
    assert.equal(entry.plugin, "log");
    assert.match(entry.message, /\/logged/);
  }));

// Drives a plugin through whole request cycles in the embedded host and writes down everything that a proxy,
// a client or an operator could see. Two runs of the same plugin must give equal transcripts.
import type { PluginRow } from "../../plugins/catalog.ts";
import { ManualClock, SeededRandom } from "../../src/host/clock.ts";
import { loadPlugin } from "../../src/host/load.ts";
import { type RequestResult, runRequest } from "../../src/host/request.ts";
import { createServices } from "../../src/host/services.ts";
import { METRIC_PREFIX } from "../../src/spec/telemetry.ts";

type Headers = readonly (readonly [string, string])[];

/** What every plugin is asked. */
export function requests(row: PluginRow): { headers: Headers; body?: string }[] {
  const base = (method: string, extra: Headers): Headers => [
    [":method", method],
    [":path", row.request?.path ?? "/orders?id=7"],
    [":authority", "shop.example"],
    ...Object.entries(row.request?.headers ?? {}),
    ...extra,
  ];
  const body = row.request?.body ?? '{"tenant": "zed", "items": [1, 2, {"a": null}]}';
  return [
    { headers: base("GET", []) },
    { headers: base("POST", [["authorization", "Bearer wonderland"]]), body },
    { headers: base("POST", [["cookie", "s=1"]]), body: body.slice(0, 5) },
    { headers: base("GET", [["x-many", "v".repeat(3000)]]) },
    { headers: base("PUT", []), body: body.repeat(300) },
  ];
}

function shown(result: RequestResult): object {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  const upstream = result.upstream && { ...result.upstream, body: text(result.upstream.body) };
  return { ...result, body: text(result.body), upstream };
}

const plain = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}n` : value;

/** What happens when a plugin is loaded and sent a few requests, a line each. */
export function transcript(bytes: Uint8Array, row: PluginRow): string[] {
  const services = createServices({ clock: new ManualClock(), random: new SeededRandom(7) });
  const plugin = loadPlugin(bytes, {
    name: row.name,
    rootId: row.name,
    vmId: row.name,
    clusters: ["external-auth-cluster"],
    services,
    ...(row.configuration === undefined ? {} : { configuration: row.configuration }),
  });
  const lines: unknown[] = [{ state: plugin.state, trap: plugin.trap }];
  for (const request of requests(row)) {
    const result = runRequest(plugin, {
      ...request,
      upstream: () => ({
        headers: [
          [":status", "201"],
          ["server", "shop"],
        ],
        body: "made it",
      }),
      answer: () => ({ headers: [[":status", "200"]], body: "yes" }),
    });
    lines.push(shown(result));
  }
  // What a hardened module tells of itself is its own.
  lines.push(services.metrics.all().filter(({ name }) => !name.startsWith(METRIC_PREFIX)));
  return lines.map((line) => JSON.stringify(line, plain));
}

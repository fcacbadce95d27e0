// What a thread tells of itself when the admin asks.
import type { Generation } from "./generation.ts";
import type { PluginReport, ThreadReport } from "./messages.ts";
import type { ServedPlugin } from "./served-plugin.ts";

function pluginReport(served: ServedPlugin, version: number): PluginReport {
  const { plugin, name, streams, meter } = served;
  const problem = served.problem;
  return {
    name,
    version,
    running: plugin !== null,
    state: problem === null ? "running" : "failed",
    detail: problem?.reason ?? "",
    memoryPages: plugin?.memoryPages ?? 0,
    streams,
    callsOpen: plugin?.calls.size ?? 0,
    traps: (plugin?.traps ?? [])
      .slice(-5)
      .map(({ reason, callback, detail }) => ({ reason, callback, detail })),
    denied: plugin?.deniedByModule() ?? [],
    recentMs: meter.recent(),
  };
}

export function reportOf(
  current: Generation | null,
  leaving: readonly ServedPlugin[],
  requestsActive: number,
): ThreadReport {
  if (current === null) return { clusters: [], plugins: [], requestsActive };
  const { number } = current.version;
  return {
    clusters: current.upstreams.snapshot(),
    plugins: [
      ...current.plugins.map((served) => pluginReport(served, number)),
      ...leaving.map((served) => pluginReport(served, number - 1)),
    ],
    requestsActive,
  };
}

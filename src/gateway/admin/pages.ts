// What the admin tells as JSON: plugins, configuration, listeners, clusters, the process. Values that may be secret
// (plugin configuration, environment, keys, inline code) are left out everywhere.
import type { Gateway } from "../control/gateway.ts";
import type { ClusterSnapshot } from "../http/exchange.ts";
import { shownUri } from "../plugins/load-code.ts";
import type { Prepared } from "../plugins/prepare.ts";
import { DECENT_SHARE, EXPENSIVE_STEP } from "../worker/share.ts";
import { enforcement } from "./enforcement.ts";

const REDACTED = "[redacted]";

/** Names of fields whose values are never shown. */
const secret = new Set([
  "configuration",
  "vmConfiguration",
  "key",
  "certificate",
  "values",
  "bytes",
]);

/** A copy without what may be secret; that something is there can be seen. */
export function redacted(value: unknown, name = ""): unknown {
  if (secret.has(name)) {
    if (value === null || value === undefined || value === "") return value;
    if (value instanceof Uint8Array) return value.length === 0 ? "" : REDACTED;
    if (typeof value === "object") {
      return Object.fromEntries(Object.keys(value).map((key) => [key, REDACTED]));
    }
    return REDACTED;
  }
  if (name === "uri" && typeof value === "string") return shownUri(value);
  if (Array.isArray(value)) return value.map((one) => redacted(one));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, redacted(one, key)]));
}

export function configDump(gateway: Gateway): object {
  const { number, config } = gateway.version;
  return { version: number, configuration: redacted(config), last_reload: gateway.lastReload };
}

export function listenersPage(
  gateway: Gateway,
): readonly { readonly name: string; readonly address: string }[] {
  return gateway.listeners;
}

/** The numbers of all threads as one. */
export async function clustersPage(gateway: Gateway): Promise<object> {
  const reports = await gateway.reports();
  const byName = new Map<string, ClusterSnapshot[]>();
  for (const { thread, report } of reports) {
    for (const one of thread.cell === null ? (report?.clusters ?? []) : []) {
      byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
    }
  }
  const clusters = [...byName].map(([name, list]) => ({
    name,
    hosts: hostsOf(list),
    counters: countersOf(list),
  }));
  return {
    clusters,
    threads_silent: reports.flatMap(({ thread, report }) =>
      report === null ? [thread.number] : [],
    ),
  };
}

function hostsOf(list: readonly ClusterSnapshot[]): object[] {
  const hosts = new Map<
    string,
    {
      address: string;
      healthy: boolean;
      active: number;
      connections: number;
      requests: number;
      failures: number;
    }
  >();
  for (const one of list.flatMap(({ hosts: all }) => all)) {
    const address = `${one.address}:${one.port}`;
    const host = hosts.get(address) ?? {
      address,
      healthy: true,
      active: 0,
      connections: 0,
      requests: 0,
      failures: 0,
    };
    host.healthy &&= one.healthy;
    host.active += one.activeRequests;
    host.connections += one.connections;
    host.requests += one.requests;
    host.failures += one.failures;
    hosts.set(address, host);
  }
  return [...hosts.values()];
}

function countersOf(list: readonly ClusterSnapshot[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { counters } of list) {
    for (const [name, value] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

export async function pluginsPage(gateway: Gateway): Promise<object> {
  const reports = await gateway.reports();
  const { plugins, number } = gateway.version;
  return {
    version: number,
    last_reload: gateway.lastReload,
    shares: {
      in_the_connection_thread: `${DECENT_SHARE * 100} % of it for steps that cost much, and no step over ${EXPENSIVE_STEP} ms`,
      in_a_cell: `${gateway.options.cellShare * 100} % of one processor`,
    },
    plugins: plugins.map((prepared) => pluginPage(gateway, prepared, reports)),
  };
}

type Reports = Awaited<ReturnType<Gateway["reports"]>>;

function pluginPage(gateway: Gateway, prepared: Prepared, reports: Reports): object {
  const { config, module, error, policy, failure, semantics } = prepared;
  const cell = gateway.cells.get(config.name);
  const instances = reports.flatMap(({ thread, report }) =>
    (report?.plugins ?? [])
      .filter((one) => one.name === config.name && one.running)
      .map(({ name: _name, running: _running, ...rest }) => ({ thread: thread.number, ...rest })),
  );
  const failed = instances.find((one) => one.state === "failed");
  return {
    name: config.name,
    vm_id: config.vmId,
    root_id: config.rootId,
    state: error !== null ? "error" : failed !== undefined ? "failed" : "running",
    ...(error !== null && { error }),
    ...(failed !== undefined && { detail: failed.detail }),
    code: redacted(config.code),
    ...(module !== null && {
      abi: module.abi,
      sha256: module.digest,
      runs_sha256: module.runs,
      hardened: module.hardened,
      bytes: module.bytes,
    }),
    failure_policy: failure,
    semantics: semantics === "stock" ? "stock" : "the article's",
    policy: policy === null ? null : { from: policy.origin, digest: policy.digest },
    enforced: enforcement(prepared),
    runs_in: cell === undefined ? "the connection's thread" : "a cell of its own",
    ...(cell !== undefined && {
      because: gateway.reasons.get(config.name),
      share: gateway.options.cellShare,
    }),
    instances,
  };
}

export function serverInfo(gateway: Gateway, version: string, now: number): object {
  return {
    version,
    state: gateway.draining ? "DRAINING" : gateway.ready ? "LIVE" : "INITIALIZING",
    uptime_seconds: Math.floor((now - gateway.started) / 1000),
    concurrency: gateway.options.concurrency,
    configuration_version: gateway.version.number,
    threads: [...gateway.threads, ...gateway.cells.values()].map((one) => {
      const { beats, step } = one.pulse();
      return { number: one.number, cell: one.cell?.plugin ?? null, beats, step };
    }),
  };
}

// One cluster: its hosts as its discovery gives them, and the choice among them. The invariant: a host that stays
// across a look-up keeps its pool; one that goes is drained, never cut.
import { isIP } from "node:net";
import type { HeaderMap } from "../../host/header-map.ts";
import type { ClusterConfig } from "../../mesh/envoy/lab-config.ts";
import { dnsRefresh } from "../../spec/gateway-limits.ts";
import type { ClusterSnapshot, RawResult, UpstreamSink } from "../http/exchange.ts";
import { compileMatch } from "../route/string-match.ts";
import { type Balancer, balancer } from "./balance.ts";
import { ClusterState } from "./cluster-state.ts";
import type { ConnectOptions, HostAddress } from "./connect.ts";
import type { UpstreamContext } from "./context.ts";
import { HostPool } from "./host-pool.ts";
import { Call } from "./wire.ts";

interface Host {
  readonly key: string;
  readonly hostname: string;
  readonly weight: number;
  readonly pool: HostPool;
  readonly active: number;
}

export class Cluster {
  readonly state: ClusterState;
  /** Settles when the first look-up is over, however it ended. */
  readonly ready: Promise<void>;
  readonly #context: UpstreamContext;
  readonly #options: ConnectOptions;
  readonly #balance: Balancer;
  #hosts: readonly Host[] = [];
  readonly #leaving = new Set<HostPool>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor(config: ClusterConfig, context: UpstreamContext) {
    this.state = new ClusterState(config);
    this.#context = context;
    this.#balance = balancer(config.balancing, context.random);
    this.#options = {
      timeout: config.connectTimeout,
      tls: config.tls,
      names: config.tls?.names.map(compileMatch) ?? [],
      http2: config.http2,
    };
    if (config.discovery === "static") {
      this.#setHosts(config.endpoints.map((endpoint) => [endpoint, addressOf(endpoint.address)]));
      this.ready = Promise.resolve();
    } else {
      this.ready = this.#lookUp();
    }
  }

  get hostCount(): number {
    return this.#hosts.length;
  }

  /** A request on the cluster's next host; `hostname` is told what the endpoint calls it. */
  open(headers: HeaderMap, end: boolean, sink: UpstreamSink, rewriteHost = false): Call {
    const host = this.#balance(this.#hosts);
    if (host === undefined) {
      const call = new Call(headers, end, sink, { over: () => {}, withdrawn: () => {} });
      call.fail("connect-failure");
      return call;
    }
    if (rewriteHost && host.hostname !== "") {
      headers.set("x-envoy-original-host", headers.get(":authority") ?? "");
      headers.set(":authority", host.hostname);
    }
    const call = new Call(headers, end, sink, host.pool);
    host.pool.take(call);
    return call;
  }

  /** A connection of its own to the cluster's next host; `done` hears how it went, not after `cancel`. */
  raw(done: (result: RawResult) => void): { cancel(): void } {
    const host = this.#balance(this.#hosts);
    return host === undefined ? later(() => done("no-host")) : host.pool.raw(done);
  }

  async #lookUp(): Promise<void> {
    const { config, counters } = this.state;
    counters.update_attempt++;
    const found: [ClusterConfig["endpoints"][number], HostAddress][] = [];
    let failed = false;
    for (const endpoint of config.endpoints) {
      const { address } = endpoint;
      if (address.kind === "pipe" || isIP(address.host) !== 0) {
        found.push([endpoint, addressOf(address)]);
        continue;
      }
      try {
        const all = await this.#context.resolve(address.host);
        const wanted = config.discovery === "logical-dns" ? all.slice(0, 1) : all;
        for (const one of wanted) found.push([endpoint, { address: one, port: address.port }]);
      } catch {
        failed = true;
      }
    }
    if (this.#closed) return;
    // What was known stays while a name can't be looked up.
    if (failed) counters.update_failure++;
    else counters.update_success++;
    if (!failed || this.#hosts.length === 0) this.#setHosts(found);
    this.#timer = setTimeout(() => void this.#lookUp(), dnsRefresh);
    this.#timer.unref();
  }

  #setHosts(found: readonly (readonly [ClusterConfig["endpoints"][number], HostAddress])[]): void {
    const old = new Map(this.#hosts.map((host) => [host.key, host]));
    const hosts = new Map<string, Host>();
    for (const [{ weight, hostname, address }, at] of found) {
      const key = `${at.address}|${at.port}`;
      if (hosts.has(key)) continue;
      const pool = old.get(key)?.pool ?? new HostPool(at, this.state, this.#options, this.#context);
      const name = hostname !== "" ? hostname : address.kind === "tcp" ? address.host : "";
      const active = { enumerable: true, get: () => pool.active };
      const host = { key, hostname: isIP(name) === 0 ? name : hostname, weight, pool };
      hosts.set(key, Object.defineProperty(host, "active", active) as Host);
    }
    for (const [key, { pool }] of old) {
      if (hosts.has(key)) continue;
      pool.drain();
      if (pool.busy) this.#leaving.add(pool);
    }
    const { counters } = this.state;
    if (old.size !== hosts.size || [...hosts.keys()].some((key) => !old.has(key))) {
      counters.membership_change++;
    }
    counters.membership_total = hosts.size;
    this.#hosts = [...hosts.values()];
  }

  get busy(): boolean {
    for (const pool of this.#leaving) if (!pool.busy) this.#leaving.delete(pool);
    return this.#leaving.size > 0 || this.#hosts.some(({ pool }) => pool.busy);
  }

  /** Idle connections go now, others when their call is over; new calls are still taken. */
  drain(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { pool } of this.#hosts) pool.drain();
  }

  snapshot(): ClusterSnapshot {
    return {
      name: this.state.config.name,
      hosts: this.#hosts.map(({ pool }) => ({
        address: pool.host.address,
        port: pool.host.port,
        healthy: true,
        activeRequests: pool.active,
        connections: pool.connections,
        requests: pool.requests,
        failures: pool.failures,
      })),
      counters: { ...this.state.counters },
    };
  }
}

/** Never before its caller goes on, and not after `cancel`. */
export function later(act: () => void): { cancel(): void } {
  const timer = setImmediate(act);
  return { cancel: () => clearImmediate(timer) };
}

function addressOf(address: ClusterConfig["endpoints"][number]["address"]): HostAddress {
  return address.kind === "tcp"
    ? { address: address.host, port: address.port }
    : { address: address.path, port: 0 };
}

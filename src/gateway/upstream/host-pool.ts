// The connections to one host and the calls that wait for one. The invariants: every call that is taken ends; the
// cluster's counters of what is active never drift; the last used connection is used first, so that others grow
// old and go.
import type { ResetReason } from "../http/exchange.ts";
import type { ClusterState } from "./cluster-state.ts";
import {
  type Connected,
  type ConnectOptions,
  type HostAddress,
  openConnection,
} from "./connect.ts";
import type { UpstreamContext } from "./context.ts";
import { H1Wire } from "./h1-wire.ts";
import { H2Wire } from "./h2-wire.ts";
import { openRaw } from "./raw.ts";
import type { Call, CallOwner, Wire, WireOwner } from "./wire.ts";

/** Requests that may have been carried out already are never sent twice. */
const idempotent = /^(GET|HEAD|OPTIONS|TRACE|PUT|DELETE)$/;

export class HostPool implements WireOwner, CallOwner {
  readonly host: HostAddress;
  active = 0;
  requests = 0;
  failures = 0;
  readonly #cluster: ClusterState;
  readonly #options: ConnectOptions;
  readonly #context: UpstreamContext;
  readonly #wires = new Set<Wire>();
  #idle: Wire[] = [];
  #waiting: Call[] = [];
  #connecting = 0;
  #draining = false;

  constructor(
    host: HostAddress,
    cluster: ClusterState,
    options: ConnectOptions,
    context: UpstreamContext,
  ) {
    this.host = host;
    this.#cluster = cluster;
    this.#options = options;
    this.#context = context;
  }

  get connections(): number {
    return this.#wires.size;
  }

  /** Takes a call; it is told to fail where the cluster is full. */
  take(call: Call): void {
    const { counters } = this.#cluster;
    this.requests++;
    this.active++;
    counters.upstream_rq_total++;
    if (!this.#cluster.mayAsk) {
      counters.upstream_rq_active++;
      counters.upstream_rq_pending_overflow++;
      call.fail("overflow");
      return;
    }
    counters.upstream_rq_active++;
    this.#place(call);
  }

  /** A connection that is nobody else's; `done` hears how it went, not after `cancel`. */
  raw(done: (result: Connected | ResetReason) => void): { cancel(): void } {
    this.requests++;
    this.active++;
    const over = (failed: boolean): void => {
      this.active--;
      if (failed) this.failures++;
    };
    return openRaw({ host: this.host, cluster: this.#cluster, options: this.#options, done, over });
  }

  #place(call: Call): void {
    const wire = this.#free();
    if (wire !== null) {
      wire.attach(call);
      if (wire.room > 0) this.freed(wire);
      return;
    }
    const { counters } = this.#cluster;
    if (!this.#cluster.mayWait) {
      counters.upstream_rq_pending_overflow++;
      call.fail("overflow");
      return;
    }
    this.#waiting.push(call);
    counters.upstream_rq_pending_total++;
    counters.upstream_rq_pending_active++;
    const enough = this.#options.http2 ? this.#connecting > 0 : false;
    if (enough) return;
    if (!this.#cluster.mayConnect && this.#wires.size + this.#connecting > 0) {
      counters.upstream_cx_overflow++;
      return;
    }
    this.#connect();
  }

  #free(): Wire | null {
    for (;;) {
      const wire = this.#idle.pop();
      if (wire === undefined) return null;
      wire.listed = false;
      if (wire.room > 0) return wire;
    }
  }

  #connect(): void {
    const { counters } = this.#cluster;
    this.#connecting++;
    counters.upstream_cx_total++;
    counters.upstream_cx_active++;
    openConnection(this.host, this.#options, (result) => {
      this.#connecting--;
      try {
        if (typeof result === "string") {
          counters.upstream_cx_active--;
          counters.upstream_cx_connect_fail++;
          if (result === "connect-timeout") counters.upstream_cx_connect_timeout++;
          this.#failWaiting(result);
          return;
        }
        const { socket, info } = result;
        const wire = this.#options.http2
          ? new H2Wire(socket, info, this, this.#context)
          : new H1Wire(socket, info, this, this.#context);
        this.#wires.add(wire);
        this.freed(wire);
      } catch (error) {
        this.#context.onBug(error);
      }
    });
  }

  #failWaiting(reason: ResetReason): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const { counters } = this.#cluster;
    counters.upstream_rq_pending_active -= waiting.length;
    counters.upstream_rq_pending_failure_eject += waiting.length;
    for (const call of waiting) call.fail(reason);
  }

  // WireOwner.

  freed(wire: Wire): void {
    while (this.#waiting.length > 0 && wire.room > 0) {
      const call = this.#waiting.shift()!;
      this.#cluster.counters.upstream_rq_pending_active--;
      wire.attach(call);
    }
    if (wire.room === 0) return;
    if (this.#draining && wire.active === 0) wire.close();
    else if (!wire.listed) {
      wire.listed = true;
      this.#idle.push(wire);
    }
  }

  closed(wire: Wire): void {
    if (!this.#wires.delete(wire)) return;
    const { counters } = this.#cluster;
    counters.upstream_cx_active--;
    counters.upstream_cx_destroy++;
    if (wire.listed) this.#idle.splice(this.#idle.indexOf(wire), 1);
    wire.listed = false;
    // Whoever waited for room on it needs another.
    if (this.#waiting.length > this.#connecting && this.#cluster.mayConnect) this.#connect();
  }

  again(call: Call, untouched: boolean): boolean {
    if (call.moved || call.over) return false;
    const repeatable = call.headersOnly && idempotent.test(call.headers.get(":method") ?? "");
    if (!(untouched || repeatable) || !call.rewind()) return false;
    call.moved = true;
    this.#place(call);
    return true;
  }

  // CallOwner.

  over(_call: Call, failure: ResetReason | null): void {
    const { counters } = this.#cluster;
    this.active--;
    counters.upstream_rq_active--;
    if (failure === null) {
      counters.upstream_rq_completed++;
      return;
    }
    if (failure === "local") {
      counters.upstream_rq_cancelled++;
      return;
    }
    this.failures++;
    if (failure === "remote-reset") counters.upstream_rq_rx_reset++;
    if (failure === "protocol-error") counters.upstream_cx_protocol_error++;
  }

  withdrawn(call: Call): void {
    const at = this.#waiting.indexOf(call);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#cluster.counters.upstream_rq_pending_active--;
  }

  /** No call will come any more: idle connections go now, the others when they are free. */
  drain(): void {
    this.#draining = true;
    for (const wire of this.#wires) if (wire.active === 0) wire.close();
  }

  get busy(): boolean {
    return this.active > 0;
  }
}

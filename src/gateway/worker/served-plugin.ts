// One plugin as a thread serves it: the host's plugin, or the fact that there is none; its meter; and its counters,
// taken over into the statistics a few times a second. Plugins of the configuration that may share a VM share one
// of these.

import { STOCK_BACKOFF, verdict } from "../../host/failure.ts";
import type { FilterState } from "../../host/filter-state.ts";
import { guardsOf } from "../../host/guards.ts";
import type { PluginOptions } from "../../host/options.ts";
import { type Admission, type ConnectionAdmission, Plugin } from "../../host/plugin.ts";
import type { AttributeSource } from "../../host/properties.ts";
import type { LoggedRequest } from "../../host/root-context.ts";
import type { StreamLimits } from "../../host/stream-context.ts";
import type { Tracer } from "../../host/tracer.ts";
import type { Filter } from "../chain/seams.ts";
import { STEP } from "../chain/steps.ts";
import { PluginTracer, type TraceRecorder } from "../chain/trace.ts";
import type { Prepared } from "../plugins/prepare.ts";
import type { StatCells } from "../stats/cells.ts";
import type { TcpFilter } from "../tcp/seams.ts";
import type { Problem } from "./messages.ts";
import type { PluginMeter } from "./meter.ts";
import { PluginCounters } from "./plugin-counters.ts";

/** Milliseconds that a plugin has to end in, after it was asked to and its last request is over. */
const PATIENCE = 30_000;

export interface ServedParts {
  readonly prepared: Prepared;
  readonly options: Pick<PluginOptions, "services" | "dialer" | "clusters" | "tracer">;
  readonly meter: PluginMeter;
  readonly stats: StatCells;
  /** `poll` has to be called sooner than was thought. */
  readonly due: () => void;
  /** now: it starts at once; later: with its first request; elsewhere: it lives in another thread. */
  readonly starts: "now" | "later" | "elsewhere";
}

/** A host plugin that keeps the number of open calls within the host's rule, where there is one. */
function pluginOf(prepared: Prepared, options: PluginOptions): Plugin | null {
  const { module } = prepared;
  if (module === null) return null;
  const most = prepared.rules.outstanding ?? Number.POSITIVE_INFINITY;
  class BoundedPlugin extends Plugin {
    override dispatch(...given: Parameters<Plugin["dispatch"]>): boolean {
      return this.flights.calls.size < most && super.dispatch(...given);
    }
  }
  return new BoundedPlugin(module, options);
}

function pluginOptions(prepared: Prepared, options: ServedParts["options"]): PluginOptions {
  const { config, semantics, failure, environment } = prepared;
  const stock = semantics === "stock";
  // Waiting after a trap is what lets whoever can cause one take a route down: only a wait that somebody has
  // asked for is kept, and Envoy's where its behaviour is asked for.
  const asked = stock || failure === "reload" ? config.reloadBackoff : null;
  return {
    name: config.name,
    rootId: config.rootId,
    ...(config.vmId !== "" && { vmId: config.vmId }),
    configuration: config.configuration,
    vmConfiguration: config.vmConfiguration,
    env: environment,
    failure,
    semantics,
    reloadBackoff: asked?.base ?? (stock ? STOCK_BACKOFF : 0),
    // Envoy reads the longest wait and does nothing with it.
    ...(asked !== null && !stock && { reloadBackoffMax: asked.max }),
    ...(stock && config.capabilities !== null && { capabilities: config.capabilities }),
    logLevel: prepared.rules.logLevel,
    guards: guardsOf(prepared.rules.arguments),
    allowHeadersStop: config.allowHeadersStop,
    ...options,
  };
}

/** The instance that traced requests meet, as long as somebody traces. */
interface Twin {
  readonly plugin: Plugin;
  readonly tracer: PluginTracer;
  readonly counters: PluginCounters;
}

export class ServedPlugin implements Filter, TcpFilter {
  readonly name: string;
  readonly prepared: Prepared;
  readonly meter: PluginMeter;
  readonly requestFuel: number;
  readonly overBudget: "skip" | "reject";
  #plugin: Plugin | null = null;
  readonly #create: (tracer: Tracer | null) => Plugin | null;
  #begun = false;
  #twin: Twin | null = null;
  /** Those of earlier traces that still have requests. */
  #leaving: Twin[] = [];
  readonly #counters: PluginCounters;
  readonly #count: () => PluginCounters;
  #users = 0;
  #retired = false;
  #elsewhere: boolean;

  constructor({ prepared, options, meter, stats, due, starts }: ServedParts) {
    const { config, semantics, failure, rules } = prepared;
    this.name = config.name;
    this.prepared = prepared;
    this.meter = meter;
    this.requestFuel = rules.requestFuel ?? Number.POSITIVE_INFINITY;
    this.overBudget = verdict(semantics, failure, "trapping").request;
    const mute = prepared.policy?.allow.includes("proxy_log") === false;
    this.#count = () => new PluginCounters(this.name, config.vmId || config.name, stats, mute);
    this.#counters = this.#count();
    this.#elsewhere = starts === "elsewhere";
    this.#create = (tracer) => {
      meter.begin(STEP.start);
      const traced = tracer === null ? {} : { tracer };
      const plugin = pluginOf(prepared, { ...pluginOptions(prepared, options), ...traced });
      meter.end();
      if (plugin !== null) plugin.observer = { call: () => {}, trap: () => {}, due };
      return plugin;
    };
    if (starts === "now") this.#begin();
  }

  #begin(): void {
    if (this.#begun || this.#elsewhere) return;
    this.#begun = true;
    this.#plugin = this.#create(null);
  }

  /** null where it was refused, has not begun, or lives elsewhere. */
  get plugin(): Plugin | null {
    return this.#plugin;
  }

  open(
    attributes: AttributeSource,
    limits: StreamLimits,
    state?: FilterState,
    trace?: TraceRecorder | null,
  ): Admission {
    if (!this.#begun) this.#begin();
    if (this.#plugin !== null) {
      const since = this.#falling();
      this.meter.begin(STEP.open);
      const admission =
        trace == null
          ? this.#plugin.open(attributes, limits, state)
          : this.#openTraced(attributes, limits, state, trace);
      this.#opened(since);
      return admission;
    }
    return this.#refused();
  }

  /** The moment before a dead instance may be replaced; null where it lives. */
  #falling(): number | null {
    return this.#plugin?.trap === null ? null : this.meter.now();
  }

  #opened(since: number | null): void {
    this.meter.end();
    if (since !== null) this.meter.revived(this.meter.now() - since);
  }

  openConnection(attributes: AttributeSource): ConnectionAdmission {
    if (!this.#begun) this.#begin();
    if (this.#plugin === null) return this.#refused();
    const since = this.#falling();
    const [started, fuel] = [this.meter.now(), this.fuelUsed];
    this.meter.begin(STEP.open);
    const admission = this.#plugin.openConnection(attributes);
    this.meter.took(this.meter.now() - started, this.fuelUsed - fuel, this.trapped);
    this.#opened(since);
    return admission;
  }

  #refused(): { readonly as: "skip" | "reject" } {
    const { semantics, failure } = this.prepared;
    const now = verdict(semantics, failure, "load").request;
    this.#counters.refused(now);
    return { as: now };
  }

  get fuelUsed(): number {
    return this.#fuelTotal();
  }

  get trapped(): boolean {
    return this.#plugin !== null && this.#plugin.trap !== null;
  }

  logRequest(logged: LoggedRequest): void {
    if (!this.#begun) this.#begin();
    this.meter.begin(STEP.log);
    this.#plugin?.logRequest(logged);
  }

  enter(): void {
    this.#users++;
  }

  leave(): void {
    this.#users--;
  }

  get streams(): number {
    return this.#users;
  }

  /** What keeps it from serving; null where it runs. */
  get problem(): Problem | null {
    const { plugin } = this;
    const { error } = this.prepared;
    if (this.#elsewhere || !this.#begun) return null;
    if (plugin === null)
      return { plugin: this.name, reason: error?.message ?? "it was not loaded" };
    const { state, trap } = plugin;
    if (state.at === "running") return null;
    if (state.at === "refused")
      return { plugin: this.name, reason: `${state.callback} answered false` };
    return {
      plugin: this.name,
      reason: `${trap?.callback ?? "start"} trapped: ${trap?.reason ?? ""} (${trap?.detail ?? ""})`,
    };
  }

  /** From now on its requests go to another thread; those in flight end here. */
  moveOut(): void {
    if (this.#elsewhere) return;
    this.#elsewhere = true;
    this.endTracing();
    this.plugin?.retire();
  }

  get elsewhere(): boolean {
    return this.#elsewhere;
  }

  /** Traced requests meet an instance of their own: linking calls to a tracer would cost all the others. */
  #openTraced(
    attributes: AttributeSource,
    limits: StreamLimits,
    state: FilterState | undefined,
    recorder: TraceRecorder,
  ): Admission {
    if (this.#twin === null) {
      const tracer = new PluginTracer(this.name);
      const plugin = this.#create(tracer);
      if (plugin === null) return this.#plugin!.open(attributes, limits, state);
      this.#twin = { plugin, tracer, counters: this.#count() };
    }
    const { plugin, tracer } = this.#twin;
    tracer.opening(recorder);
    const admission = plugin.open(attributes, limits, state);
    tracer.opening(null);
    if (admission.as === "stream") tracer.opened(admission.stream, recorder);
    return admission;
  }

  /** Nobody traces any more. */
  endTracing(): void {
    if (this.#twin === null) return;
    this.#twin.plugin.retire();
    this.#leaving.push(this.#twin);
    this.#twin = null;
  }

  /** Delivers what is due; answers when to come again, in monotonic nanoseconds. */
  poll(now: () => number): bigint | null {
    const main = this.#pollOne(this.#plugin, now);
    const twin = this.#twin === null ? null : this.#pollOne(this.#twin.plugin, now);
    if (main === null || twin === null) return main ?? twin;
    return main < twin ? main : twin;
  }

  #pollOne(plugin: Plugin | null, now: () => number): bigint | null {
    if (plugin === null || plugin.ended) return null;
    const due = plugin.nextDeadline();
    if (due !== null && due <= plugin.services.clock.monotonic()) {
      this.around(() => plugin.poll(), now);
    }
    return plugin.nextDeadline();
  }

  /** Runs something of the plugin outside of any request, on its account. */
  around(act: () => void, now: () => number): void {
    const before = this.#fuelTotal();
    const started = now();
    this.meter.begin(STEP.timer);
    act();
    this.meter.end();
    const trapped = this.#plugin?.trap !== null;
    this.meter.took(now() - started, this.#fuelTotal() - before, trapped);
  }

  #fuelTotal(): number {
    let fuel = 0;
    for (const one of this.#plugin?.telemetry.callbacks.values() ?? []) fuel += one.fuel;
    return fuel;
  }

  /** Takes the counters over into the statistics. */
  publish(): void {
    if (this.#retired) this.plugin?.giveUp(PATIENCE);
    this.#twin?.counters.publish(this.#twin.plugin);
    this.#leaving = this.#leaving.filter(({ plugin, counters }) => {
      counters.publish(plugin);
      const over = plugin.ended || plugin.trap !== null;
      if (over) counters.end();
      return !over;
    });
    if (this.plugin !== null) this.#counters.publish(this.plugin);
  }

  /** No request will open it any more: it ends when the last one is over. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.endTracing();
    this.plugin?.retire();
  }

  /** Nothing of it is left. */
  get gone(): boolean {
    return (
      this.#retired &&
      this.#users === 0 &&
      this.#leaving.length === 0 &&
      (this.plugin === null || this.plugin.ended || this.plugin.trap !== null)
    );
  }

  /** Its last words in the statistics. */
  end(): void {
    this.publish();
    this.#counters.end();
  }
}

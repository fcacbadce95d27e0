// One thread that serves: a worker with every listener, or a cell with one plugin's requests. It does what the
// control thread says, in order, and tells it everything that it should know. It knows the HTTP engine by its
// seam only.

import { Failure } from "../../errors/failure.ts";
import { systemClock } from "../../host/clock.ts";
import { sharedServices } from "../../host/services.ts";
import type { ClusterConfig, ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import type { ServiceClock } from "../chain/seams.ts";
import type { Upstreams } from "../http/exchange.ts";
import { spaceOf } from "../plugins/space-of.ts";
import { type Cell, StatCells } from "../stats/cells.ts";
import { Accepting } from "./accepting.ts";
import { CellGate } from "./cell-gate.ts";
import { ClusterCounters } from "./cluster-counters.ts";
import { Diversion } from "./diversion.ts";
import { clustersText, Generation } from "./generation.ts";
import { LogFiles } from "./log-files.ts";
import { ThreadLog } from "./logs.ts";
import type { FromThread, ThreadReport, ThreadStart, ToThread, Version } from "./messages.ts";
import { Observing } from "./observing.ts";
import { PluginMaker } from "./plugin-maker.ts";
import { Pulse } from "./pulse.ts";
import { Recording } from "./recording.ts";
import { reportOf } from "./report.ts";
import type { Engine } from "./seams.ts";
import type { ServedPlugin } from "./served-plugin.ts";
import { Services } from "./services.ts";
import { Timers } from "./timers.ts";

/** How often logs and counters go out, in milliseconds. */
const PUBLISH = 100;
/** How often the heart beats, in milliseconds. */
const BEAT = 50;
/** How long the first look-ups of names may keep a version waiting, in milliseconds. */
const LOOKED_UP = 2000;

// The global is a getter, which costs as much as the clock itself.
const { performance } = globalThis;
const clock: ServiceClock = { wall: () => Date.now(), now: () => performance.now() };
const busy = (): number => performance.eventLoopUtilization().active;

interface Staging {
  readonly upstreams: Upstreams;
  readonly cells: Version["cells"];
}

export class ServingThread {
  readonly #start: ThreadStart;
  readonly #send: (message: FromThread) => void;
  readonly #engine: Engine;
  readonly #stats: StatCells;
  readonly #log: ThreadLog;
  readonly #files: LogFiles;
  readonly #pulse: Pulse;
  readonly #listeners: Services;
  readonly #diversion: Diversion;
  readonly #gate: CellGate | null;
  readonly #timers: Timers;
  readonly #observing: Observing;
  readonly #recording: Recording | null;
  readonly #clusterCounters: ClusterCounters;
  readonly #internalErrors: Cell;
  readonly #accepting: Accepting;
  readonly #plugins: PluginMaker;
  #current: Generation | null = null;
  #staged: Generation | null = null;
  #cells: Version["cells"] = {};
  /** Of a version that is not in use yet, while its plugins are made and until it is used or given up. */
  #staging: Staging | null = null;
  /** The last version that was used or given up. */
  #settled = 0;
  /** Plugins of old versions that still have requests. */
  #leaving: ServedPlugin[] = [];

  constructor(start: ThreadStart, send: (message: FromThread) => void, engine: Engine) {
    this.#start = start;
    this.#send = send;
    this.#engine = engine;
    this.#stats = new StatCells((stat) => send({ kind: "stat", stat }));
    this.#observing = new Observing(start.spans, send);
    this.#clusterCounters = new ClusterCounters(this.#stats);
    this.#internalErrors = this.#stats.cell("internalErrors");
    this.#pulse = new Pulse(start.pulse);
    const wall = clock.wall;
    this.#log = new ThreadLog({
      send: (entries) => send({ kind: "logs", entries }),
      stats: this.#stats,
      wall,
    });
    this.#files = new LogFiles((name, reason) => {
      this.#log.say("error", `the access log ${name} can't be written: ${reason}`);
    });
    const { cell, record, thread } = start;
    this.#recording =
      record === null
        ? null
        : new Recording({
            ...record,
            thread,
            now: clock.now,
            failed: (file, reason) =>
              this.#log.say("error", `the record ${file} can't be written: ${reason}`),
          });
    this.#gate =
      cell === null ? null : new CellGate({ ...cell, stats: this.#stats, now: clock.now, busy });
    this.#accepting = new Accepting({
      engine,
      stats: this.#stats,
      cell,
      gate: this.#gate,
      current: () => this.#current,
      onBug: (error) => this.internalError(error),
    });
    this.#diversion = new Diversion(engine);
    this.#listeners = new Services({
      engine,
      stats: this.#stats,
      files: this.#files,
      clock,
      observing: this.#observing,
      diversion: cell === null ? this.#diversion : null,
      onBug: (error) => this.internalError(error),
    });
    this.#timers = new Timers(() => this.#served(), clock.now);
    this.#plugins = new PluginMaker({
      cell,
      stats: this.#stats,
      pulse: this.#pulse,
      services: sharedServices({
        memory: start.shared,
        notify: () => send({ kind: "poll" }),
        log: this.#log,
        clock: systemClock,
      }),
      recording: this.#recording,
      diversion: this.#diversion,
      log: this.#log,
      now: clock.now,
      send,
      due: () => this.#timers.arm(),
      upstreams: (own) => this.#upstreamsFor(own),
      version: () => this.#current?.version ?? null,
      cells: () => ({ ...this.#staging?.cells, ...this.#cells }),
    });
    setInterval(() => this.#publish(), PUBLISH);
    setInterval(() => {
      this.#pulse.beat();
      // What waits in a queue has no time of its own.
      this.#timers.arm();
    }, BEAT);
    this.#pulse.beat();
    send({ kind: "up" });
  }

  /** A mistake of ours outside of any request that could be answered. */
  internalError(error: unknown): void {
    this.#internalErrors.add(1);
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.say("critical", `a mistake of the gateway: ${text.replaceAll("\n", " | ")}`);
  }

  take(message: ToThread): void {
    switch (message.kind) {
      case "stage":
        void this.#stage(message.version);
        break;
      case "commit":
        void this.#commit(message.number, message.sockets);
        break;
      case "abort":
        if (this.#staged?.version.number === message.number) this.#drop();
        this.#holds(message.number);
        break;
      case "cells":
        this.#useCells(message.cells);
        break;
      case "poll":
        this.#timers.arm();
        break;
      case "trace":
        this.#observing.trace(message.requests);
        break;
      case "report":
        this.#publish();
        this.#send({ kind: "report", id: message.id, report: this.#report() });
        break;
      case "drain":
        void this.#drain(message.milliseconds);
        break;
    }
  }

  async #stage(version: Version): Promise<void> {
    const { number } = version;
    // One that was neither used nor given up: whoever staged it has had no answer in time.
    this.#drop();
    let own: Staging | null = null;
    try {
      const { clusters, listeners } = version.config;
      this.#checkListeners(listeners);
      const upstreams = this.#upstreamsOf(clusters);
      own = { upstreams, cells: version.cells };
      this.#staging = own;
      const staged = new Generation({
        version,
        known: this.#current?.byKey ?? new Map(),
        upstreams,
        make: (prepared) => this.#plugins.make(prepared, upstreams),
        service: (generation, listener) => this.#listeners.make(generation, listener),
      });
      this.#staged = staged;
      this.#timers.arm();
      await this.#lookedUp(upstreams);
      this.#send({ kind: "staged", number, problems: staged.problems });
    } catch (error) {
      if (this.#staging === own) this.#drop();
      this.#failed(number, error);
    }
  }

  /** Throws a Failure for one that could not be used; what is in use already needs no second look. */
  #checkListeners(listeners: readonly ListenerConfig[]): void {
    const before = this.#current?.version.config.listeners;
    for (const [place, one] of listeners.entries()) {
      const same = JSON.stringify(one.tls) === JSON.stringify(before?.[place]?.tls);
      if (!same) this.#engine.check(one);
    }
  }

  /** Until the names of all clusters have been looked up once; what takes too long is not waited for. */
  async #lookedUp(upstreams: Upstreams): Promise<void> {
    if (upstreams === this.#current?.upstreams) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((done) => {
      timer = setTimeout(done, LOOKED_UP);
    });
    await Promise.race([this.#engine.ready(upstreams), late]);
    clearTimeout(timer);
  }

  #failed(number: number, error: unknown): void {
    if (error instanceof Failure) {
      this.#send({ kind: "failed", number, code: error.code, args: error.args });
      return;
    }
    this.internalError(error);
    const what = error instanceof Error ? error.message : String(error);
    this.#send({ kind: "failed", number, code: "internal-bug", args: { what } });
  }

  /** What is staged is not taken over. */
  #drop(): void {
    const staged = this.#staged;
    const staging = this.#staging;
    this.#staged = null;
    this.#staging = null;
    if (staged !== null) this.#leave(staged, this.#current);
    if (staging !== null) this.#dropUpstreams(staging.upstreams);
  }

  #dropUpstreams(upstreams: Upstreams): void {
    if (upstreams !== this.#current?.upstreams) void upstreams.drain();
  }

  /** A plugin that outlives its version goes on over the clusters of now; one that is staged has its own already. */
  #upstreamsFor(own: Upstreams): Upstreams {
    if (this.#staging?.upstreams === own) return own;
    return this.#current?.upstreams ?? own;
  }

  #useCells(cells: Version["cells"]): void {
    for (const name of Object.keys(this.#cells)) {
      if (!Object.hasOwn(cells, name)) this.#plugins.forget(name);
    }
    this.#cells = cells;
    if (this.#start.cell !== null) return;
    this.#diversion.use(cells);
    for (const served of this.#current?.byKey.values() ?? []) {
      if (Object.hasOwn(cells, served.name)) served.moveOut();
    }
  }

  /** Those of the version in use, with their connections, where the clusters are the same. */
  #upstreamsOf(clusters: readonly ClusterConfig[]): Upstreams {
    const before = this.#current;
    if (before !== null && clustersText(clusters) === before.clusters) return before.upstreams;
    return this.#engine.upstreams(clusters);
  }

  async #commit(number: number, sockets: readonly number[]): Promise<void> {
    const staged = this.#staged;
    if (staged === null || staged.version.number !== number) return;
    this.#staged = null;
    this.#staging = null;
    const before = this.#current;
    this.#current = staged;
    this.#useCells({ ...staged.version.cells, ...this.#cells });
    try {
      const { listeners } = staged.version.config;
      if (before === null) await this.#accepting.listen(listeners, sockets);
      else this.#accepting.listenAnew(listeners);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const address =
        this.#start.cell?.path ?? staged.version.config.listeners.map((one) => one.name).join(", ");
      this.#failed(number, new Failure("gateway-port", { address, reason }));
      return;
    }
    if (before !== null) this.#leave(before, staged);
    if (before !== null) this.#dropUpstreams(before.upstreams);
    // Whoever asks from now on is told of every plugin.
    this.#publish();
    this.#holds(number);
    this.#send({ kind: "committed", number });
  }

  /** The plugins of a version that another doesn't have end with their last request. */
  #leave(generation: Generation, other: Generation | null): void {
    this.#leaving.push(...generation.retire(other));
  }

  #served(): ServedPlugin[] {
    return [
      ...(this.#current?.byKey.values() ?? []),
      ...(this.#staged?.byKey.values() ?? []),
      ...this.#leaving,
    ];
  }

  #publish(): void {
    if (this.#current !== null) this.#clusterCounters.publish(this.#current.upstreams);
    for (const served of this.#current?.byKey.values() ?? []) {
      served.publish();
      if (!this.#observing.tracing) served.endTracing();
    }
    const leaving = this.#leaving.length;
    this.#leaving = this.#leaving.filter((served) => {
      served.publish();
      if (served.gone) served.end();
      return !served.gone;
    });
    if (this.#leaving.length < leaving) this.#holds(this.#settled);
    this.#files.flush();
    this.#log.flush();
    this.#observing.flush();
    this.#recording?.tick();
  }

  /** Says whose plugins are here, with all versions up to one settled. */
  #holds(upTo: number): void {
    this.#settled = upTo;
    const namespaces = [...new Set(this.#served().map(({ prepared }) => spaceOf(prepared)))];
    this.#send({ kind: "holds", upTo, namespaces });
  }

  #report(): ThreadReport {
    return reportOf(this.#current, this.#leaving, this.#listeners.requests);
  }

  /** Answers what is in flight, then says so; what takes too long is left. */
  async #drain(milliseconds: number): Promise<void> {
    this.#accepting.drain();
    const until = clock.now() + milliseconds;
    const busy = (): boolean =>
      this.#listeners.busy || this.#diversion.active > 0 || (this.#gate?.waiting ?? 0) > 0;
    while (busy() && clock.now() < until) await new Promise((done) => setTimeout(done, 10));
    this.#accepting.drain();
    this.#publish();
    await this.#recording?.flush();
    // The last lines and bytes are on their way out of this thread.
    setTimeout(() => this.#send({ kind: "drained" }), 20);
  }
}

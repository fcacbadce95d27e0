// The lab: the control thread's own state. It reads versions of the configuration, makes threads, lets them stage a
// version before any of them uses it, and keeps the old one when a new one is bad. It runs no plugin and serves no
// request.
import { Failure, type Finding, finding } from "../../errors/failure.ts";
import { renderFinding } from "../../errors/render.ts";
import { RegionMetrics } from "../../host/shared/metrics.ts";
import { SharedRegion } from "../../host/shared/region.ts";
import type { LabConfig } from "../../mesh/envoy/lab-config.ts";
import type { Prepared } from "../plugins/prepare.ts";
import { StatCells } from "../stats/cells.ts";
import { customSamples } from "../stats/custom.ts";
import { type Sample, StatMerge } from "../stats/merge.ts";
import type { LogEntry, Problem, Version } from "../worker/messages.ts";
import { Cells } from "./cells.ts";
import { lastingFindings, restartFindings, sameVersion, worsePlugins } from "./judge-version.ts";
import { leftoversOf } from "./leftovers.ts";
import type { GatewayOptions } from "./options.ts";
import { OtlpExporter } from "./otlp.ts";
import { type Reload, Reloads } from "./reloads.ts";
import { SpareThreads } from "./spare-threads.ts";
import { type ThreadEvent, ThreadHandle } from "./thread-handle.ts";
import { PATIENCE, type Patience } from "./times.ts";
import { type ThreadTrace, Traces } from "./traces.ts";
import { commitAll, type Lost, stageAll } from "./turnover.ts";
import { type VersionAt, VersionReader } from "./version-reader.ts";
import { FileWatch } from "./watch-files.ts";
import { Watchdog } from "./watchdog.ts";
import { Workers } from "./workers.ts";

const AS_SHIPPED = "it runs as shipped (--unsafe-default)";
const AGAIN = "it was to have one before";

function notStarted({ plugin, reason }: Problem): Finding {
  return finding("gateway-not-started", "error", { name: plugin, reason });
}

const numbers = (threads: readonly ThreadHandle[]): number[] => threads.map((one) => one.number);

export class Gateway {
  readonly options: GatewayOptions;
  readonly stats = new StatMerge();
  readonly started: number;
  readonly shared = SharedRegion.allocate();
  findings: readonly Finding[] = [];
  draining = false;
  readonly #region = new SharedRegion(this.shared);
  readonly #metrics = new RegionMetrics(this.#region);
  readonly #leftovers = leftoversOf(this.#region);
  readonly #patience: Patience;
  readonly #spare: SpareThreads;
  readonly #traces = new Traces();
  readonly #reloads: Reloads;
  readonly #otlp: OtlpExporter | null;
  readonly #reader: VersionReader;
  readonly #watch: FileWatch;
  readonly #watchdog: Watchdog;
  readonly #cells: Cells;
  readonly #workers: Workers;
  #version: Version | null = null;
  #versions = 0;
  #threadNumbers = 0;
  /** One thing at a time: versions and cells are taken over in order. */
  #busy: Promise<unknown> = Promise.resolve();
  #again = false;
  /** A thread was lost to a version that was refused for it: that version is tried once more. */
  #retry: "no" | "due" | "done" = "no";
  readonly #onStop: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    this.options = options;
    this.started = options.wall();
    this.#patience = options.patience ?? PATIENCE;
    this.#spare = options.spare ?? new SpareThreads(0);
    this.#reloads = new Reloads(options.wall, (level, text) => this.say(level, text));
    const own = new StatCells((stat) => this.stats.accept(0, stat));
    this.#reader = new VersionReader(options, own);
    const { otlp } = options;
    this.#otlp =
      otlp === null
        ? null
        : new OtlpExporter({ ...otlp, say: (text) => this.say("warning", text) });
    this.#cells = new Cells({
      share: options.cellShare,
      unsafe: options.unsafe,
      patience: this.#patience,
      thread: (cell) => this.#thread(cell),
      version: () => this.version,
      over: () => this.draining,
      tell: (cells) => {
        for (const one of this.threads) one.send({ kind: "cells", cells });
      },
      made: (cell) => {
        this.#traces.join(cell);
        this.#tryAgain();
      },
      gone: (cell) => this.#retire(cell),
      report: (problem) => this.#report(problem),
      say: (level, text) => this.say(level, text),
    });
    this.#workers = new Workers({
      patience: this.#patience,
      thread: () => this.#thread(null),
      version: () =>
        this.#version && {
          ...this.#version,
          cells: { ...this.#version.cells, ...this.#cells.paths },
        },
      over: () => this.draining,
      wall: options.wall,
      queue: (act) => this.#queue(act),
      replaced: (thread, problems) => {
        for (const one of problems) this.#report(one);
        this.#traces.join(thread);
        this.#tryAgain();
      },
      lost: (thread, reason) => this.#ended(thread, reason),
      say: (level, text) => this.say(level, text),
      fatal: options.fatal,
    });
    this.#watch = new FileWatch(() => {
      this.#retry = "no";
      this.reload();
    });
    this.#watchdog = new Watchdog({
      threads: () => this.#all,
      plugin: (place) => this.#reader.plugin(place),
      say: (text) => this.say("error", text),
    });
  }

  /** Those that accept. */
  get threads(): readonly ThreadHandle[] {
    return this.#workers.threads;
  }

  get version(): Version {
    return this.#version!;
  }

  /** Threads with one plugin each, by its name. */
  get cells(): ReadonlyMap<string, ThreadHandle> {
    return this.#cells.threads;
  }

  /** Why a plugin has a cell, or was to have one. */
  get reasons(): ReadonlyMap<string, string> {
    return this.#cells.reasons;
  }

  /** How the last try to take over a new version ended. */
  get lastReload(): Reload | null {
    return this.#reloads.last;
  }

  /** The last traces, oldest first. */
  get traces(): readonly ThreadTrace[] {
    return this.#traces.list;
  }

  get ready(): boolean {
    return this.#version !== null && !this.draining && this.threads.length > 0;
  }

  /** Listeners with the addresses that they really have. */
  get listeners(): { readonly name: string; readonly address: string }[] {
    const { addresses } = this.#workers;
    return this.version.config.listeners.map(({ name }, i) => ({ name, address: addresses[i]! }));
  }

  /** Every thread that serves: workers, then cells. */
  get #all(): ThreadHandle[] {
    return [...this.threads, ...this.cells.values()];
  }

  say(level: LogEntry["level"], text: string): void {
    this.options.log({ time: this.options.wall(), level, plugin: null, text });
  }

  /** Findings of the configuration without serving it; null as a configuration where one is an error. */
  check(): Promise<VersionAt> {
    return this.#reader.read();
  }

  /** Serves. Throws a Failure where it can't. */
  async start(read: VersionAt): Promise<void> {
    const { config } = read;
    if (config === null) throw new Error("the configuration was refused");
    this.findings = read.findings;
    const addresses = config.listeners.map(({ address }) => address);
    await this.#workers.start(addresses, this.options.concurrency);
    const first = this.#cells.planned(config, read.plugins);
    const version = this.#numbered(config, read.plugins, first);
    this.#leftovers.given(numbers(this.threads), version.number, version.plugins);
    const staged = await Promise.all(
      this.threads.map((one) => one.stage(version, this.#patience.stage)),
    );
    const problems = new Map(staged.flat().map((one) => [one.plugin, one]));
    for (const one of problems.values()) this.#report(one);
    for (const { error, config: plugin } of read.plugins) {
      if (error !== null)
        this.say("error", `plugin ${plugin.name}: error[${error.code}]: ${error.message}`);
    }
    this.#use(version);
    for (const name of first) await this.#cells.make(name, AS_SHIPPED);
    await this.#workers.listen(version.number);
    this.#watchdog.start();
    await this.#watch.use(read.files, read.began);
  }

  #numbered(
    config: LabConfig,
    plugins: readonly Prepared[],
    planned: readonly string[] = [],
  ): Version {
    const names = new Set(plugins.map((one) => one.config.name));
    const paths = Object.entries(this.#cells.paths).filter(([name]) => names.has(name));
    const cells: Record<string, string> = Object.fromEntries(paths);
    // A worker never runs a plugin that will have a cell; where the cell is comes later.
    for (const name of planned) cells[name] ??= "";
    return { number: ++this.#versions, config, plugins, cells };
  }

  #thread(cell: ThreadHandle["cell"]): ThreadHandle {
    return new ThreadHandle({
      worker: this.#spare.take(cell !== null),
      thread: ++this.#threadNumbers,
      cell,
      shared: this.shared,
      spans: this.#otlp !== null,
      record:
        this.options.record === null
          ? null
          : { folder: this.options.record, run: this.started.toString(36) },
      event: (event, from) => this.#event(event, from),
      ended: (from, reason) => this.#ended(from, reason),
      gone: (owner) => this.#region.abandoned(owner),
    });
  }

  #event(event: ThreadEvent, from: ThreadHandle): void {
    switch (event.kind) {
      case "stat":
        this.stats.accept(from.number, event.stat);
        break;
      case "logs":
        for (const entry of event.entries) this.options.log(entry);
        break;
      case "expensive":
        this.#queue(() => this.#cells.make(event.plugin, event.why));
        break;
      case "poll":
        for (const one of this.#all) {
          if (one !== from) one.send({ kind: "poll" });
        }
        break;
      case "spans":
        this.#otlp?.add(event.spans);
        break;
      case "trace":
        this.#traces.add(from.number, event.trace);
        break;
      case "holds":
        this.#leftovers.holds(from.number, event.upTo, event.namespaces);
        break;
    }
  }

  /** A thread runs nothing any more; what it has counted stays. */
  #retire(thread: ThreadHandle): void {
    this.stats.retire(thread.number);
    this.#leftovers.ended(thread.number);
  }

  #ended(from: ThreadHandle, reason: string): void {
    this.#retire(from);
    if (this.draining) return;
    if (from.cell !== null) {
      const plugin = this.#cells.ended(from);
      // Whoever makes one that isn't up yet hears of it.
      if (plugin === null) return;
      this.say("error", `the cell of ${plugin} ended (${reason}); a new one is made`);
      const why = this.reasons.get(plugin) ?? AGAIN;
      this.#queue(() => this.#cells.make(plugin, why));
      return;
    }
    this.#workers.ended(from, reason);
  }

  #queue(act: () => Promise<void>): void {
    this.#busy = this.#busy.then(act).catch((error: unknown) => {
      this.say("error", error instanceof Error ? error.message : String(error));
    });
  }

  #report(problem: Problem): void {
    this.say("error", renderFinding(notStarted(problem)));
  }

  #use(version: Version): void {
    this.#version = version;
    this.#leftovers.used(version.plugins);
  }

  /** A thread that doesn't answer is ended, and replaced like one that has ended by itself. */
  async #lose({ thread, reason }: Lost): Promise<void> {
    if (!this.#all.includes(thread)) return;
    await thread.terminate();
    this.#ended(thread, reason);
  }

  /** A thread has been replaced that kept a version from being taken over. */
  #tryAgain(): void {
    if (this.#retry !== "due") return;
    this.#retry = "done";
    this.reload();
  }

  /** Something that the version was made from has changed. */
  reload(): void {
    if (this.#again || this.draining) return;
    this.#again = true;
    this.#queue(async () => {
      this.#again = false;
      await this.#reload();
    });
  }

  async #reload(): Promise<void> {
    let read: VersionAt;
    try {
      read = await this.#reader.read();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#refuse([finding(error.code, "error", error.args, error.where)]);
      return;
    }
    if (this.draining) return;
    const { config, plugins, findings, files, began } = read;
    await this.#watch.use(config === null ? [...files, ...this.#files()] : files, began);
    if (config === null) {
      this.#refuse(findings.filter((one) => one.level === "error"));
      return;
    }
    const old = this.version;
    if (sameVersion(old, config, plugins)) {
      this.#reloads.same(old.number, this.findings);
      return;
    }
    const restart = restartFindings(old.config, config);
    const lasting = lastingFindings(old.config, config, (name) => this.cells.has(name));
    if (lasting.length > 0) {
      this.#refuse(lasting);
      return;
    }
    const worse = worsePlugins(old, plugins);
    if (worse.length > 0) {
      this.#refuse(worse);
      return;
    }
    const planned = this.#cells.planned(config, plugins);
    const again = this.#cells.without.filter((name) => !planned.includes(name));
    await this.#takeOver(this.#numbered(config, plugins, planned), [...findings, ...restart]);
    for (const name of planned) await this.#cells.make(name, AS_SHIPPED);
    for (const name of again) await this.#cells.make(name, this.reasons.get(name) ?? AGAIN);
  }

  #files(): string[] {
    const paths = this.version.config.plugins.flatMap(({ code }) =>
      code.kind === "file" ? [code.path] : [],
    );
    return [this.options.configFile, ...this.options.policyFiles, ...paths];
  }

  async #takeOver(version: Version, findings: readonly Finding[]): Promise<void> {
    const all = this.#all;
    const { unsafe } = this.options;
    const { stage, stageAsShipped, commit } = this.#patience;
    this.#leftovers.given(numbers(all), version.number, version.plugins);
    const { problems, refusals, lost } = await stageAll(all, version, ({ cell }) =>
      unsafe && cell !== null ? stageAsShipped : stage,
    );
    if (this.draining) return;
    // Those that had not come up before either keep nobody from taking over the rest.
    const old = new Set(
      this.version.plugins.filter((one) => one.module === null).map((one) => one.config.name),
    );
    const bad = problems.filter((one) => !old.has(one.plugin)).map(notStarted);
    const against = refusals.map((one) => finding(one.code, "error", one.args, one.where));
    const silent = lost.map(({ reason }) => notStarted({ plugin: "?", reason }));
    if (bad.length + against.length + silent.length > 0) {
      for (const one of all) one.send({ kind: "abort", number: version.number });
      this.#refuse([...bad, ...against, ...silent]);
      if (lost.length > 0 && this.#retry === "no") this.#retry = "due";
      await Promise.all(lost.map((one) => this.#lose(one)));
      return;
    }
    const behind = await commitAll(all, version.number, commit);
    if (this.draining) return;
    this.#use(version);
    this.#retry = "no";
    this.findings = findings;
    this.#reloads.taken(version.number, findings);
    await Promise.all(behind.map((one) => this.#lose(one)));
    this.#cells.keep(new Set(version.plugins.map((one) => one.config.name)));
  }

  #refuse(findings: readonly Finding[]): void {
    this.#reloads.refused(this.version.number, findings);
  }

  /** Traces the next requests of every thread. */
  trace(requests: number): void {
    this.#traces.order(requests, this.#all);
  }

  /** Every statistic, those that plugins define among them. */
  samples(): Sample[] {
    return [...this.stats.samples(), ...customSamples(this.#metrics.all())];
  }

  /** What each thread tells of itself; null for one that doesn't answer. */
  reports() {
    return Promise.all(
      this.#all.map(async (thread) => ({
        thread,
        report: await thread.report(this.#patience.report),
      })),
    );
  }

  /** Answers what is in flight, takes nothing new on connections that are idle, and ends. */
  async drain(milliseconds: number): Promise<void> {
    this.draining = true;
    this.#watch.close();
    await Promise.all(this.threads.map((one) => one.drain(milliseconds)));
    // No worker sends them anything any more; what is left to do is to write the last records.
    if (this.options.record !== null) {
      await Promise.all(
        [...this.cells.values()].map((one) => one.drain(this.#patience.lastRecords)),
      );
    }
    await this.#otlp?.flush();
    await this.stop();
  }

  /** Something that ends with the gateway. */
  onStop(act: () => void): void {
    this.#onStop.push(act);
  }

  /** Ends at once. */
  async stop(): Promise<void> {
    this.draining = true;
    for (const act of this.#onStop.splice(0)) act();
    this.#watch.close();
    this.#watchdog.stop();
    const all = this.#all;
    await Promise.all(all.map((one) => one.terminate()));
    this.#workers.close();
    await this.#cells.close();
  }
}

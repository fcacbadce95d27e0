// The lab: the control thread's own state. It reads versions of the configuration, makes threads, lets them stage a
// version before any of them uses it, and keeps the old one when a new one is bad. It runs no plugin and serves no
// request.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, type Finding, finding } from "../../errors/failure.ts";
import { renderFinding } from "../../errors/render.ts";
import { RegionMetrics } from "../../host/shared/metrics.ts";
import { SharedRegion } from "../../host/shared/region.ts";
import type { LabConfig } from "../../mesh/envoy/lab-config.ts";
import type { RequestTrace } from "../chain/trace.ts";
import type { DiskCache } from "../plugins/cache.ts";
import type { Prepared } from "../plugins/prepare.ts";
import { StatCells } from "../stats/cells.ts";
import { customSample } from "../stats/custom.ts";
import { type Sample, StatMerge } from "../stats/merge.ts";
import { tcpPlugins } from "../tcp/staying.ts";
import type { LogEntry, Problem, Version } from "../worker/messages.ts";
import { lastingFindings, restartFindings, sameVersion, worsePlugins } from "./judge-version.ts";
import { OtlpExporter, type OtlpOptions } from "./otlp.ts";
import { type ReadVersion, readVersion } from "./read-version.ts";
import { type BoundSocket, bind } from "./sockets.ts";
import { type ThreadEvent, ThreadHandle } from "./thread-handle.ts";
import { FileWatch } from "./watch-files.ts";
import { Watchdog } from "./watchdog.ts";

export interface GatewayOptions {
  readonly configFile: string;
  readonly policyFiles: readonly string[];
  readonly concurrency: number;
  /** Plugins run as shipped, in cells. */
  readonly unsafe: boolean;
  readonly cache: DiskCache;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** 0 to 1. */
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  readonly log: (entry: LogEntry) => void;
  /** Share of one processor that a cell may use. */
  readonly cellShare: number;
  /** Folder for records of what plugins do; it exists. Null: nothing is recorded. */
  readonly record: string | null;
  /** Where spans go; null for nowhere. */
  readonly otlp: Pick<OtlpOptions, "endpoint" | "service" | "version"> | null;
  /** The gateway can't go on. */
  readonly fatal: (error: Failure) => void;
}

/** How the last try to take over a new version ended. */
export interface Reload {
  readonly time: number;
  readonly taken: boolean;
  readonly version: number;
  readonly findings: readonly Finding[];
}

const AS_SHIPPED = "it runs as shipped (--unsafe-default)";
const UP = 20_000;
const STAGE = 120_000;
const COMMIT = 20_000;
const REPORT = 500;
const LAST_RECORDS = 1_000;
/** Traces that are kept. */
const TRACES = 200;

function notStarted({ plugin, reason }: Problem): Finding {
  return finding("gateway-not-started", "error", { name: plugin, reason });
}

export class Gateway {
  readonly options: GatewayOptions;
  readonly stats = new StatMerge();
  readonly threads: ThreadHandle[] = [];
  /** By plugin name. */
  readonly cells = new Map<string, ThreadHandle>();
  readonly reasons = new Map<string, string>();
  readonly started: number;
  readonly shared = SharedRegion.allocate();
  lastReload: Reload | null = null;
  findings: readonly Finding[] = [];
  draining = false;
  readonly #region = new SharedRegion(this.shared);
  readonly #metrics = new RegionMetrics(this.#region);
  /** The last traces, oldest first. */
  readonly traces: (RequestTrace & { readonly thread: number })[] = [];
  /** What the last order still wants, for cells that are made meanwhile. */
  #traceLeft = 0;
  readonly #otlp: OtlpExporter | null;
  readonly #places: string[] = [];
  readonly #own: StatCells;
  readonly #watch: FileWatch;
  readonly #watchdog: Watchdog;
  #sockets: readonly BoundSocket[] = [];
  #version: Version | null = null;
  #versions = 0;
  #threadNumbers = 0;
  #folder: string | null = null;
  /** One thing at a time: versions and cells are taken over in order. */
  #busy: Promise<unknown> = Promise.resolve();
  #again = false;
  readonly #onStop: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    this.options = options;
    this.started = options.wall();
    this.#own = new StatCells((stat) => this.stats.accept(0, stat));
    this.#own.cell("compileFailures");
    this.#own.cell("compileSuccesses");
    const { otlp } = options;
    this.#otlp =
      otlp === null
        ? null
        : new OtlpExporter({ ...otlp, say: (text) => this.say("warning", text) });
    this.#watch = new FileWatch(() => this.reload());
    this.#watchdog = new Watchdog({
      threads: () => this.#all,
      plugin: (place) => this.#places[place] ?? "?",
      say: (text) => this.say("error", text),
    });
  }

  get version(): Version {
    return this.#version!;
  }

  get ready(): boolean {
    return this.#version !== null && !this.draining;
  }

  /** Listeners with the addresses that they really have. */
  get listeners(): { readonly name: string; readonly address: string }[] {
    return this.version.config.listeners.map(({ name }, i) => ({
      name,
      address: this.#sockets[i]!.address,
    }));
  }

  /** Every thread that serves: workers, then cells. */
  get #all(): ThreadHandle[] {
    return [...this.threads, ...this.cells.values()];
  }

  say(level: LogEntry["level"], text: string): void {
    this.options.log({ time: this.options.wall(), level, plugin: null, text });
  }

  async #read(): Promise<ReadVersion> {
    const { configFile, policyFiles, unsafe, cache, environment, random } = this.options;
    const place = (name: string): number => {
      const at = this.#places.indexOf(name);
      return at >= 0 ? at : this.#places.push(name) - 1;
    };
    const read = await readVersion({
      configFile,
      policyFiles,
      unsafe,
      cache,
      environment,
      random,
      place,
      count: (stat) => this.#own.cell(stat).add(1),
    });
    for (const { module } of read.plugins) {
      this.#own.cell(module === null ? "compileFailures" : "compileSuccesses").add(1);
    }
    return read;
  }

  /** Findings of the configuration without serving it; null as a configuration where one is an error. */
  check(): Promise<ReadVersion> {
    return this.#read();
  }

  /** Serves. Throws a Failure where it can't. */
  async start(read: ReadVersion): Promise<void> {
    const { config } = read;
    if (config === null) throw new Error("the configuration was refused");
    this.findings = read.findings;
    this.#sockets = await this.#bindAll(config);
    for (let i = 0; i < this.options.concurrency; i++) this.threads.push(this.#thread(null));
    await Promise.all(this.threads.map((one) => one.up(UP)));
    const first = this.#planned(config, read.plugins);
    const version = this.#numbered(config, read.plugins, first);
    const problems = await this.#stageAll(this.threads, version);
    for (const one of problems) this.#report(one);
    for (const { error, config: plugin } of read.plugins) {
      if (error !== null)
        this.say("error", `plugin ${plugin.name}: error[${error.code}]: ${error.message}`);
    }
    this.#version = version;
    for (const name of first) await this.#makeCell(name, AS_SHIPPED);
    await Promise.all(this.threads.map((one) => one.commit(version.number, COMMIT)));
    this.#watchdog.start();
    await this.#watch.use(read.files);
  }

  async #bindAll(config: LabConfig): Promise<BoundSocket[]> {
    const sockets: BoundSocket[] = [];
    try {
      for (const { address } of config.listeners) sockets.push(await bind(address));
      return sockets;
    } catch (error) {
      for (const one of sockets) one.close();
      throw error;
    }
  }

  /** Plugins that run as shipped have cells from the start, where they can: nothing else bounds them. */
  #planned(config: LabConfig, plugins: readonly Prepared[]): string[] {
    if (!this.options.unsafe) return [];
    const staying = tcpPlugins(config);
    for (const name of staying) {
      const why = "it filters TCP connections: as shipped, it can stop the threads that accept";
      this.say("warning", `the plugin ${name} gets no cell, because ${why}`);
    }
    const names = plugins.flatMap((one) => (one.module === null ? [] : [one.config.name]));
    return [...new Set(names)].filter((name) => !this.cells.has(name) && !staying.has(name));
  }

  #numbered(
    config: LabConfig,
    plugins: readonly Prepared[],
    planned: readonly string[] = [],
  ): Version {
    const cells = { ...this.#cellPaths() };
    // A worker never runs a plugin that will have a cell; where the cell is comes later.
    for (const name of planned) cells[name] ??= "";
    return { number: ++this.#versions, config, plugins, cells };
  }

  #cellPaths(): Record<string, string> {
    return Object.fromEntries([...this.cells].map(([name, { cell }]) => [name, cell!.path]));
  }

  #thread(cell: ThreadHandle["cell"]): ThreadHandle {
    return new ThreadHandle({
      thread: ++this.#threadNumbers,
      cell,
      sockets: cell === null ? this.#sockets.map((one) => one.fd) : [],
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
        this.#queue(() => this.#makeCell(event.plugin, event.why));
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
        this.traces.push({ thread: from.number, ...event.trace });
        if (this.traces.length > TRACES) this.traces.shift();
        if (event.trace.callbacks.length > 0) this.#traceLeft--;
        break;
    }
  }

  #ended(from: ThreadHandle, reason: string): void {
    this.stats.retire(from.number);
    if (this.draining) return;
    for (const [name, one] of this.cells) {
      if (one !== from) continue;
      this.cells.delete(name);
      this.say("error", `the cell of ${name} ended (${reason}); a new one is made`);
      this.#queue(() => this.#makeCell(name, this.reasons.get(name) ?? "it had one before"));
      return;
    }
    // A worker that is gone has closed the listening sockets, which all workers accept from.
    this.options.fatal(new Failure("gateway-thread", { thread: from.number, reason }));
  }

  #queue(act: () => Promise<void>): void {
    this.#busy = this.#busy.then(act).catch((error: unknown) => {
      this.say("error", error instanceof Error ? error.message : String(error));
    });
  }

  #report(problem: Problem): void {
    this.say("error", renderFinding(notStarted(problem)));
  }

  /** Moves a plugin into a thread of its own. */
  async #makeCell(name: string, why: string): Promise<void> {
    if (this.cells.has(name) || this.draining) return;
    this.#folder ??= await mkdtemp(join(tmpdir(), "glovebox-"));
    const path = join(this.#folder, `cell-${this.#threadNumbers + 1}.sock`);
    const share = this.options.cellShare;
    const cell = this.#thread({ plugin: name, path, share });
    try {
      await cell.up(UP);
      const version = this.version;
      for (const one of await cell.stage(version, this.options.unsafe ? 5000 : STAGE))
        this.#report(one);
      await cell.commit(version.number, COMMIT);
    } catch (error) {
      const { step } = cell.pulse();
      await cell.terminate();
      this.stats.retire(cell.number);
      this.reasons.set(name, why);
      const cells = { ...this.#cellPaths(), [name]: "" };
      for (const one of this.threads) one.send({ kind: "cells", cells });
      const reason = error instanceof Error ? error.message : String(error);
      this.say(
        "error",
        `plugin ${name} has no cell: ${reason}${step === "none" ? "" : ` (it is in ${step})`}; its requests are answered 503`,
      );
      return;
    }
    this.cells.set(name, cell);
    this.reasons.set(name, why);
    if (this.#traceLeft > 0) cell.send({ kind: "trace", requests: this.#traceLeft });
    const percent = Math.round(share * 100);
    this.say(
      "warning",
      `plugin ${name} runs in a cell of its own with ${percent} % of one processor: ${why}`,
    );
    for (const one of this.threads) one.send({ kind: "cells", cells: this.#cellPaths() });
  }

  async #stageAll(threads: readonly ThreadHandle[], version: Version): Promise<readonly Problem[]> {
    const all = await Promise.all(threads.map((one) => one.stage(version, STAGE)));
    const byPlugin = new Map(all.flat().map((one) => [one.plugin, one]));
    return [...byPlugin.values()];
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
    let read: ReadVersion;
    try {
      read = await this.#read();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#refuse([finding(error.code, "error", error.args, error.where)]);
      return;
    }
    const { config, plugins, findings, files } = read;
    await this.#watch.use(config === null ? [...new Set([...files, ...this.#files()])] : files);
    if (config === null) {
      this.#refuse(findings.filter((one) => one.level === "error"));
      return;
    }
    const old = this.version;
    if (sameVersion(old, config, plugins)) return;
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
    const planned = this.#planned(config, plugins);
    await this.#takeOver(this.#numbered(config, plugins, planned), [...findings, ...restart]);
    for (const name of planned) await this.#makeCell(name, AS_SHIPPED);
  }

  #files(): string[] {
    const paths = this.version.config.plugins.flatMap(({ code }) =>
      code.kind === "file" ? [code.path] : [],
    );
    return [this.options.configFile, ...this.options.policyFiles, ...paths];
  }

  async #takeOver(version: Version, findings: readonly Finding[]): Promise<void> {
    const all = this.#all;
    let problems: readonly Problem[] = [];
    try {
      problems = await this.#stageAll(all, version);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems = [{ plugin: "?", reason: error.message }];
    }
    // Those that had not come up before either keep nobody from taking over the rest.
    const old = new Set(
      this.version.plugins.filter((one) => one.module === null).map((one) => one.config.name),
    );
    const bad = problems.filter((one) => !old.has(one.plugin));
    if (bad.length > 0) {
      for (const one of all) one.send({ kind: "abort", number: version.number });
      this.#refuse(bad.map(notStarted));
      return;
    }
    await Promise.all(all.map((one) => one.commit(version.number, COMMIT)));
    this.#version = version;
    this.findings = findings;
    this.lastReload = { time: this.options.wall(), taken: true, version: version.number, findings };
    this.say("info", `version ${version.number} of the configuration is in use`);
    for (const one of findings) if (one.level !== "info") this.say("warning", renderFinding(one));
  }

  #refuse(findings: readonly Finding[]): void {
    const reason = findings.map((one) => one.message).join("; ") || "it has errors";
    const kept = finding("gateway-kept", "error", { reason });
    this.lastReload = {
      time: this.options.wall(),
      taken: false,
      version: this.version.number,
      findings: [kept, ...findings],
    };
    for (const one of this.lastReload.findings) this.say("error", renderFinding(one));
  }

  /** Traces the next requests of every thread. */
  trace(requests: number): void {
    this.#traceLeft = requests;
    for (const one of this.#all) one.send({ kind: "trace", requests });
  }

  /** Every statistic, those that plugins define among them. */
  samples(): Sample[] {
    const own = this.#metrics.all().map(({ name, type, value }) => customSample(name, type, value));
    return [...this.stats.samples(), ...own];
  }

  /** What each thread tells of itself; null for one that doesn't answer. */
  reports() {
    return Promise.all(
      this.#all.map(async (thread) => ({
        thread,
        report: await thread.report(REPORT),
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
      await Promise.all([...this.cells.values()].map((one) => one.drain(LAST_RECORDS)));
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
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }
}

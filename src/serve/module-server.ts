// The module server as a whole: sources are read, checked and made into versions; what is good takes the old one's place,
// what is bad is refused and the old one stays. It keeps no state that matters: whoever starts it on the same policies
// serves the same bytes.
import type { Origin } from "../contain/contain.ts";
import { Failure } from "../errors/failure.ts";
import type { Digest } from "../net/digest.ts";
import type { Policy } from "../policy/policy.ts";
import type { Consumer } from "../spec/image-layouts.ts";
import { serveLimits } from "../spec/serve.ts";
import type { Artifact } from "../supply/artifact.ts";
import { type Version, versionOf } from "./artifacts.ts";
import { Attached } from "./attached.ts";
import { Catalog } from "./catalog.ts";
import { Content } from "./content.ts";
import type { Depot } from "./depot.ts";
import { type ListenAddress, Listener } from "./listener.ts";
import type { Log } from "./log.ts";
import type { Maker } from "./make-thread.ts";
import { Memory } from "./memory.ts";
import { Metrics } from "./metrics.ts";
import { Routes } from "./routes.ts";
import { readTls, type TlsFiles, type TlsPair } from "./tls.ts";

/** A plugin by its policy, and how its source is read. */
export interface PluginSource {
  readonly name: string;
  readonly policy: Policy;
  /** Its reference, the policy or a lock says which bytes: they never change, so nobody looks again. */
  readonly pinned: boolean;
  /** Reads it and checks what the policy demands of it. */
  readonly open: () => Promise<{ readonly artifact: Artifact; readonly shown: Origin }>;
}

export interface ModuleServerOptions {
  readonly sources: readonly PluginSource[];
  readonly maker: Maker;
  readonly depot: Depot;
  readonly memory: number;
  /** Who takes what is tagged `latest`. */
  readonly latest: Consumer;
  readonly tls: TlsFiles | null;
  /** Milliseconds between two looks; null for never. */
  readonly refresh: number | null;
  readonly accessLog: boolean;
  readonly log: Log;
  readonly random: () => number;
  /** Milliseconds since 1970, and on a clock that never goes back. */
  readonly wall: () => number;
  readonly now: () => number;
}

type Result = "same" | "new" | "refused";

/** Content that is missing is made again at most once in this time. */
const REMAKE = 10_000;

export class ModuleServer {
  readonly catalog = new Catalog();
  readonly #options: ModuleServerOptions;
  readonly #metrics = new Metrics();
  readonly #memory: Memory;
  readonly #listener: Promise<Listener>;
  readonly #remade = new Map<string, { readonly done: Promise<Result>; until: number }>();
  #pair: TlsPair | null = null;
  #refreshing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #ready = false;

  constructor(options: ModuleServerOptions) {
    this.#options = options;
    this.#memory = new Memory(options.memory);
    this.#listener = this.#listen();
    // Whoever starts it is told; until then nobody waits.
    this.#listener.catch(() => {});
  }

  async #listen(): Promise<Listener> {
    const { tls, depot, log, wall, accessLog, now } = this.#options;
    if (tls !== null) this.#pair = await readTls(tls, wall());
    const { catalog } = this;
    const [metrics, memory] = [this.#metrics, this.#memory];
    let listener: Listener;
    const routes = new Routes({
      catalog,
      metrics,
      log,
      accessLog,
      now,
      content: new Content({
        ...{ memory, depot, metrics },
        remake: (plugin, digest) => this.#remake(plugin, digest),
      }),
      attached: new Attached(catalog, depot, now),
      ready: () => this.#ready,
      metricsText: () =>
        metrics.text({
          memory: memory.bytes,
          active: listener.active,
          connections: listener.connections,
          ready: this.#ready ? 1 : 0,
        }),
    });
    const refused = (reason: string): void => metrics.add("refused", Metrics.labels({ reason }));
    listener = new Listener({ tls: this.#pair, answer: routes.answer, refused });
    return listener;
  }

  /** Reads and makes every plugin. Throws what the first bad one throws. */
  async load(): Promise<void> {
    await this.#listener;
    for (const source of this.#options.sources) await this.#take(source);
  }

  /** Listens and begins to look at sources again. Throws `serve-port`. */
  async start(address: ListenAddress): Promise<ListenAddress> {
    const bound = await (await this.#listener).listen(address);
    this.#ready = true;
    this.#later();
    return bound;
  }

  #later(): void {
    const { refresh, random } = this.#options;
    if (refresh === null) return;
    // Replicas that started together don't ask together.
    const wait = refresh * (0.9 + 0.2 * random());
    this.#timer = setTimeout(() => void this.refresh().then(() => this.#later()), wait);
    this.#timer.unref();
  }

  /** Looks at what isn't pinned, and at the certificate. Never throws: what is bad is said, and the old stays. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    await this.#refreshTls();
    for (const source of this.#options.sources) {
      if (!source.pinned) await this.#retake(source);
    }
  }

  async #refreshTls(): Promise<void> {
    const { tls, log, wall } = this.#options;
    if (tls === null) return;
    try {
      const pair = await readTls(tls, wall());
      if (pair.cert === this.#pair?.cert && pair.key === this.#pair.key) return;
      (await this.#listener).replaceTls(pair);
      this.#pair = pair;
      log.say("info", "certificate-new", { certificate: tls.certificate });
    } catch (error) {
      const bug = !(error instanceof Failure);
      const code = bug ? "internal-bug" : error.code;
      const message = bug ? String(error) : error.message;
      log.say("error", "certificate-refused", { code, message });
    }
  }

  async #retake(source: PluginSource): Promise<void> {
    const { log } = this.#options;
    const plugin = source.name;
    let result: Result = "refused";
    try {
      result = await this.#take(source);
    } catch (error) {
      const bug = !(error instanceof Failure);
      const code = bug ? "internal-bug" : error.code;
      const message = bug ? String(error) : error.message;
      log.say("error", "refused", { plugin, code, message, serving: this.#sha256(plugin) });
    }
    if (result === "new") {
      const { original, source: manifest } = this.catalog.current(plugin)!;
      log.say("info", "new", { plugin, sha256: this.#sha256(plugin), original, manifest });
    }
    this.#metrics.add("refreshes", Metrics.labels({ plugin, result }));
  }

  #sha256(plugin: string): string | null {
    return this.catalog.current(plugin)?.sha256 ?? null;
  }

  /** Only what the source makes now can be had from it again; whoever asks meanwhile waits for the same. */
  async #remake(plugin: string, digest: Digest): Promise<void> {
    const { sources, now, log } = this.#options;
    const source = sources.find((one) => one.name === plugin);
    const version = this.catalog.current(plugin);
    if (source === undefined || version === undefined) return;
    if (!version.manifests.has(digest) && !version.blobs.has(digest)) return;
    const last = this.#remade.get(plugin);
    if (last !== undefined && now() < last.until) {
      await last.done;
      return;
    }
    log.say("warning", "remake", { plugin });
    const made = { done: this.#take(source, true), until: Number.POSITIVE_INFINITY };
    this.#remade.set(plugin, made);
    try {
      await made.done;
    } finally {
      made.until = now() + REMAKE;
    }
  }

  /** Throws what reading, checking and making throw; then nothing has changed. */
  async #take(source: PluginSource, again = false): Promise<Result> {
    const { maker, depot, latest, wall } = this.#options;
    const { artifact, shown } = await source.open();
    const before = this.catalog.current(source.name);
    const manifest = artifact.at?.subject.digest ?? null;
    const same = before?.original === artifact.sha256 && before.source === manifest;
    if (!same || again) {
      const made = await maker.make({ bytes: artifact.module, policy: source.policy, shown });
      const about = {
        plugin: source.name,
        original: artifact.sha256,
        source: manifest,
        before: made.before,
      };
      const version = versionOf(about, made.artifacts, made.module, latest);
      await depot.keep(source.name, made.artifacts);
      for (const { artifact: one, digest } of made.artifacts) {
        this.#memory.put(digest, one.manifest);
        for (const { descriptor, bytes } of one.blobs) this.#memory.put(descriptor.digest, bytes);
      }
      this.catalog.add(version);
      this.#describe();
    }
    const seconds = Math.round(wall() / 1000);
    this.#metrics.set("refreshed", { plugin: source.name }, seconds);
    return same ? "same" : "new";
  }

  #describe(): void {
    this.#metrics.clear("plugin");
    for (const { plugin, sha256, original, tags } of this.catalog.versions as readonly Version[]) {
      const manifest = tags.get("latest")!;
      this.#metrics.set("plugin", { plugin, sha256, manifest, original }, 1);
    }
  }

  /** Answers what is in flight, takes nothing new. */
  async drain(most: number = serveLimits.drain): Promise<void> {
    this.#ready = false;
    clearTimeout(this.#timer);
    await (await this.#listener).drain(most);
    await this.#options.maker.close();
  }

  /** Ends at once. */
  async stop(): Promise<void> {
    this.#ready = false;
    clearTimeout(this.#timer);
    await this.#listener.then(
      (listener) => listener.close(),
      () => {},
    );
    await this.#options.maker.close();
  }
}

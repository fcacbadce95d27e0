// One Envoy process: started with a bootstrap, watched until it serves, refuses, crashes or hangs. It knows no
// plugins; whoever asks it for something brings the patience.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ask } from "./client.ts";
import { type Grouped, startGroup } from "./group.ts";
import { LogLines } from "./log-lines.ts";
import { peak, resident } from "./process-memory.ts";

export type Start = "ready" | "refused" | "crashed" | "hung";

export interface End {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

const POLL = 25;
/** Of the admin, whose thread may hang in a plugin as well. */
const ADMIN_PATIENCE = 3000;
/** Bytes of a page of samples. */
const KEPT_SAMPLES = 1 << 22;

export class RunningEnvoy {
  readonly #grouped: Grouped;
  readonly #closed: Promise<void>;
  readonly #adminFile: string;
  readonly log = new LogLines();
  #end: End | null = null;
  #admin = 0;
  #peak: number | null = null;

  constructor(program: string, bootstrap: object, folder: string, levels: string) {
    const config = join(folder, "bootstrap.json");
    this.#adminFile = join(folder, "admin");
    writeFileSync(config, JSON.stringify(bootstrap));
    const args = [
      ...["-c", config, "--admin-address-path", this.#adminFile, "--concurrency", "1"],
      ...["--use-dynamic-base-id", "--disable-hot-restart", "--log-level", "warning"],
      ...["--component-log-level", levels],
    ];
    this.#grouped = startGroup(program, args, folder);
    const { child } = this.#grouped;
    child.stdout?.resume();
    child.stderr?.on("data", (piece: Buffer) => this.log.take(piece));
    this.#closed = new Promise((resolve) => {
      const over = (end: End): void => {
        this.#end ??= end;
        resolve();
      };
      child.once("error", (error) => {
        this.log.take(Buffer.from(`${error.message}\n`));
        over({ status: 127, signal: null });
      });
      child.once("close", (status, signal) => over({ status, signal }));
    });
  }

  /** How it ended by itself or by us; null while it runs. */
  get end(): End | null {
    return this.#end;
  }

  /** Settled when it has ended. */
  get gone(): Promise<void> {
    return this.#closed;
  }

  get pid(): number {
    return this.#grouped.child.pid ?? 0;
  }

  /** Waits until it serves, is gone, or the patience is over. */
  async started(patience: number): Promise<Start> {
    const until = performance.now() + patience;
    while (this.#end === null) {
      if (await this.#serves()) return "ready";
      if (performance.now() > until) return "hung";
      await pause(POLL);
    }
    return this.#end.signal === null ? "refused" : "crashed";
  }

  async #serves(): Promise<boolean> {
    try {
      this.#admin ||= Number(readFileSync(this.#adminFile, "utf8").split(":").at(-1));
    } catch {
      return false;
    }
    if (!this.#admin) return false;
    return (await ask(this.#admin, { path: "/ready" }, ADMIN_PATIENCE)).status === 200;
  }

  /** Port of each listener by its name. */
  async ports(): Promise<ReadonlyMap<string, number>> {
    const { body } = await ask(this.#admin, { path: "/listeners?format=json" }, 60_000);
    const { listener_statuses } = JSON.parse(body) as {
      listener_statuses: {
        name: string;
        local_address: { socket_address: { port_value: number } };
      }[];
    };
    return new Map(
      listener_statuses.map((one) => [one.name, one.local_address.socket_address.port_value]),
    );
  }

  /** Statistics whose name matches; empty where the admin does not answer. */
  async stats(filter: string): Promise<Readonly<Record<string, number>>> {
    const path = `/stats?filter=${encodeURIComponent(filter)}`;
    const { body } = await ask(this.#admin, { path }, ADMIN_PATIENCE);
    const lines = body.split("\n").flatMap((line) => {
      const [, name, value] = /^(\S+): (\d+)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, Number(value)] as const];
    });
    return Object.fromEntries(lines);
  }

  /** Lines of both pages of statistics, /stats and /stats/prometheus, that hold a word; histograms merged. */
  async shown(word: string): Promise<readonly string[]> {
    const page = async (path: string): Promise<string> =>
      (await ask(this.#admin, { path }, ADMIN_PATIENCE, KEPT_SAMPLES)).body;
    // Merging what histograms were told is begun by the first and done by the second.
    await page("/stats/prometheus");
    const both = [await page("/stats"), await page("/stats/prometheus")];
    const lines = both.flatMap((text) => text.split("\n"));
    return lines.filter((line) => line.includes(word) && !line.startsWith("#"));
  }

  /** MiB now, and the most since the peak was last forgotten. The peak of a process that is gone is kept. */
  memory(): { readonly now: number | null; readonly peak: number | null } {
    const now = resident(this.pid);
    this.#peak = peak(this.pid) ?? this.#peak;
    return { now, peak: this.#peak };
  }

  /** Ends it, if it still runs, and takes its folder away. */
  async stop(): Promise<void> {
    this.#grouped.end();
    await this.#closed;
  }
}

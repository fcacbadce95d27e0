// The cells of a lab: which plugins have a thread of their own and why, how they come to one, and what becomes of
// their requests where it doesn't come up. The invariant: workers are told of a cell when it serves, or when there
// will be none. It must not be asked for two things at once: the gateway sees to that.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabConfig } from "../../mesh/envoy/lab-config.ts";
import type { Prepared } from "../plugins/prepare.ts";
import { tcpPlugins } from "../tcp/staying.ts";
import type { LogEntry, Problem, Version } from "../worker/messages.ts";
import type { ThreadHandle } from "./thread-handle.ts";
import type { Patience } from "./times.ts";

export interface CellsParts {
  /** Of one processor, for each. */
  readonly share: number;
  /** Plugins run as shipped. */
  readonly unsafe: boolean;
  readonly patience: Patience;
  readonly thread: (cell: NonNullable<ThreadHandle["cell"]>) => ThreadHandle;
  /** The one in use. */
  readonly version: () => Version;
  /** Nothing new is made any more. */
  readonly over: () => boolean;
  /** Tells all workers where the requests of these plugins go. */
  readonly tell: (cells: Version["cells"]) => void;
  /** One serves. */
  readonly made: (cell: ThreadHandle) => void;
  /** One has not come up, or is not needed any more, and is gone. */
  readonly gone: (cell: ThreadHandle) => void;
  readonly report: (problem: Problem) => void;
  readonly say: (level: LogEntry["level"], text: string) => void;
}

export class Cells {
  /** By plugin name. */
  readonly threads = new Map<string, ThreadHandle>();
  /** Why a plugin has one, or was to have one. */
  readonly reasons = new Map<string, string>();
  readonly #parts: CellsParts;
  #folder: string | null = null;
  #making: ThreadHandle | null = null;
  /** Those whose plugins are in no version any more. */
  readonly #leaving = new Set<ThreadHandle>();
  /** Plugins that were to have one, which didn't come up. */
  readonly #without = new Set<string>();
  #made = 0;

  constructor(parts: CellsParts) {
    this.#parts = parts;
  }

  /** Sockets by plugin name; "" where there is none, though the plugin may run nowhere else. */
  get paths(): Record<string, string> {
    return Object.fromEntries([
      ...[...this.#without].map((name) => [name, ""]),
      ...[...this.threads].map(([name, { cell }]) => [name, cell!.path]),
    ]) as Record<string, string>;
  }

  /** Plugins that are without the cell that they were to have. */
  get without(): readonly string[] {
    return [...this.#without];
  }

  /** A version with these plugins is in use: what others have here ends with its last request. */
  keep(plugins: ReadonlySet<string>): void {
    const gone = [...this.threads].filter(([name]) => !plugins.has(name));
    const without = this.without.filter((name) => !plugins.has(name));
    if (gone.length + without.length === 0) return;
    for (const name of without) this.#without.delete(name);
    for (const [name, cell] of gone) {
      this.threads.delete(name);
      this.reasons.delete(name);
      this.#leaving.add(cell);
      void this.#leave(cell);
    }
    this.#parts.tell(this.paths);
  }

  async #leave(cell: ThreadHandle): Promise<void> {
    const { patience, gone } = this.#parts;
    const { sent, answered } = patience.lastRequests;
    await sleep(sent, null, { ref: false });
    await cell.drain(answered);
    await cell.terminate();
    this.#leaving.delete(cell);
    gone(cell);
  }

  /** Plugins that run as shipped have cells from the start, where they can: nothing else bounds them. */
  planned(config: LabConfig, plugins: readonly Prepared[]): string[] {
    const { unsafe, say } = this.#parts;
    if (!unsafe) return [];
    const staying = tcpPlugins(config);
    for (const name of staying) {
      const why = "it filters TCP connections: as shipped, it can stop the threads that accept";
      say("warning", `the plugin ${name} gets no cell, because ${why}`);
    }
    const names = plugins.flatMap((one) => (one.module === null ? [] : [one.config.name]));
    return [...new Set(names)].filter((name) => !this.threads.has(name) && !staying.has(name));
  }

  /** Moves a plugin into a thread of its own. */
  async make(name: string, why: string): Promise<void> {
    const { share, say, over, thread, made, tell } = this.#parts;
    if (this.threads.has(name) || over()) return;
    this.#folder ??= await mkdtemp(join(tmpdir(), "glovebox-"));
    if (over()) {
      await this.close();
      return;
    }
    const path = join(this.#folder, `cell-${++this.#made}.sock`);
    const cell = thread({ plugin: name, path, share });
    this.reasons.set(name, why);
    this.#making = cell;
    try {
      await this.#start(cell);
      this.threads.set(name, cell);
      this.#without.delete(name);
    } catch (error) {
      await this.#giveUp(name, cell, error);
      return;
    } finally {
      this.#making = null;
    }
    made(cell);
    const percent = Math.round(share * 100);
    say(
      "warning",
      `plugin ${name} runs in a cell of its own with ${percent} % of one processor: ${why}`,
    );
    tell(this.paths);
  }

  async #start(cell: ThreadHandle): Promise<void> {
    const { version, unsafe, report, patience } = this.#parts;
    await cell.up(patience.up);
    const now = version();
    const problems = await cell.stage(now, unsafe ? patience.stageAsShipped : patience.stage);
    for (const one of problems) report(one);
    await cell.commit(now.number, patience.commit);
  }

  async #giveUp(name: string, cell: ThreadHandle, error: unknown): Promise<void> {
    const { say, tell, gone, over } = this.#parts;
    const { step } = cell.pulse();
    await cell.terminate();
    gone(cell);
    if (over()) return;
    this.#without.add(name);
    tell(this.paths);
    const reason = error instanceof Error ? error.message : String(error);
    const where = step === "none" ? "" : ` (it is in ${step})`;
    say("error", `plugin ${name} has no cell: ${reason}${where}; its requests are answered 503`);
  }

  /** A thread has ended: the plugin whose cell it was, null for another thread. */
  ended(thread: ThreadHandle): string | null {
    for (const [name, one] of this.threads) {
      if (one !== thread) continue;
      this.threads.delete(name);
      this.#without.add(name);
      return name;
    }
    return null;
  }

  /** Ends them all, also one that is not up yet and that nobody else knows. */
  async close(): Promise<void> {
    const making = this.#making === null ? [] : [this.#making];
    const all = [...this.threads.values(), ...this.#leaving, ...making];
    await Promise.all(all.map((one) => one.terminate()));
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }
}

// A serving thread as the control thread holds it: messages that are answered become promises with a time limit,
// everything else is an event. A thread that hangs makes its promises fail, and nothing else.
import type { Worker } from "node:worker_threads";
import { Failure } from "../../errors/failure.ts";
import { ownerOf } from "../../host/shared/region.ts";
import type {
  FromThread,
  Problem,
  ThreadReport,
  ThreadStart,
  ToThread,
  Version,
} from "../worker/messages.ts";
import { newPulse, type PulseReading, readPulse } from "../worker/pulse.ts";

export type ThreadEvent = Exclude<
  FromThread,
  { readonly kind: "up" | "staged" | "committed" | "failed" | "report" | "drained" }
>;

export interface ThreadHandleParts extends Omit<ThreadStart, "pulse"> {
  /** What it runs in: nobody has told it anything yet. */
  readonly worker: Worker;
  readonly event: (event: ThreadEvent, from: ThreadHandle) => void;
  readonly ended: (from: ThreadHandle, reason: string) => void;
  /** It runs nothing any more, however it ended; `owner` is its name as a holder of the shared memory's lock. */
  readonly gone: (owner: number) => void;
}

interface Pending {
  /** Of the version that it is about; null where it is about none. */
  readonly version: number | null;
  readonly wanted: (message: FromThread) => boolean;
  readonly resolve: (message: FromThread) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

export class ThreadHandle {
  readonly number: number;
  readonly cell: ThreadStart["cell"];
  readonly #worker: Worker;
  readonly #pulse = newPulse();
  readonly #pending = new Set<Pending>();
  readonly #parts: ThreadHandleParts;
  #reports = 0;
  #stopping = false;

  constructor(parts: ThreadHandleParts) {
    const { event: _event, ended: _ended, gone, worker, ...start } = parts;
    this.number = parts.thread;
    this.cell = parts.cell;
    this.#parts = parts;
    this.#worker = worker;
    this.#worker.on("message", (message: FromThread) => this.#hear(message));
    this.#worker.on("error", (error) =>
      this.#end(error instanceof Error ? error.message : String(error)),
    );
    // Known while it lives only.
    const owner = ownerOf(this.#worker.threadId);
    this.#worker.on("exit", (code) => {
      gone(owner);
      this.#end(`it ended with code ${code}`);
    });
    const first: ThreadStart = { ...start, pulse: this.#pulse };
    worker.postMessage(first);
  }

  #hear(message: FromThread): void {
    for (const one of this.#pending) {
      if (message.kind === "failed" && message.number === one.version) {
        this.#settle(one);
        one.reject(new Failure(message.code, message.args));
        return;
      }
      if (!one.wanted(message)) continue;
      this.#settle(one);
      one.resolve(message);
      return;
    }
    const { event } = this.#parts;
    switch (message.kind) {
      case "up":
      case "staged":
      case "committed":
      case "failed":
      case "report":
      case "drained":
        return;
      default:
        event(message, this);
    }
  }

  #settle(one: Pending): void {
    clearTimeout(one.timer);
    this.#pending.delete(one);
  }

  #end(reason: string): void {
    for (const one of [...this.#pending]) {
      this.#settle(one);
      one.reject(new Failure("gateway-thread", { thread: this.number, reason }));
    }
    if (this.#stopping) return;
    this.#stopping = true;
    this.#parts.ended(this, reason);
  }

  send(message: ToThread): void {
    if (!this.#stopping) this.#worker.postMessage(message);
  }

  #ask<Kind extends FromThread["kind"]>(
    kind: Kind,
    milliseconds: number,
    message: ToThread | null,
    wanted: (answer: Extract<FromThread, { readonly kind: Kind }>) => boolean = () => true,
    version: number | null = null,
  ): Promise<Extract<FromThread, { readonly kind: Kind }>> {
    return new Promise((resolve, reject) => {
      if (this.#stopping) {
        reject(new Failure("gateway-thread", { thread: this.number, reason: "it has ended" }));
        return;
      }
      const timer = setTimeout(() => {
        this.#pending.delete(one);
        const reason = `no answer within ${milliseconds} ms`;
        reject(new Failure("gateway-thread", { thread: this.number, reason }));
      }, milliseconds);
      const one: Pending = {
        version,
        wanted: (answer) => answer.kind === kind && wanted(answer as never),
        resolve: resolve as (answer: FromThread) => void,
        reject,
        timer,
      };
      this.#pending.add(one);
      if (message !== null) this.send(message);
    });
  }

  async up(milliseconds: number): Promise<void> {
    await this.#ask("up", milliseconds, null);
  }

  /** New plugins that did not come up. */
  async stage(version: Version, milliseconds: number): Promise<readonly Problem[]> {
    const { number } = version;
    const message = { kind: "stage", version } as const;
    const own = (one: { readonly number: number }) => one.number === number;
    return (await this.#ask("staged", milliseconds, message, own, number)).problems;
  }

  /** `sockets`: what it listens on from now on, and closes when it ends. */
  async commit(
    number: number,
    milliseconds: number,
    sockets: readonly number[] = [],
  ): Promise<void> {
    const message = { kind: "commit", number, sockets } as const;
    const own = (one: { readonly number: number }) => one.number === number;
    await this.#ask("committed", milliseconds, message, own, number);
  }

  /** null where the thread doesn't answer in time. */
  async report(milliseconds: number): Promise<ThreadReport | null> {
    const id = ++this.#reports;
    try {
      return (
        await this.#ask("report", milliseconds, { kind: "report", id }, (one) => one.id === id)
      ).report;
    } catch {
      return null;
    }
  }

  /** Until what is in flight is answered, or the time is over. */
  async drain(milliseconds: number): Promise<void> {
    try {
      await this.#ask("drained", milliseconds + 1000, { kind: "drain", milliseconds });
    } catch {}
  }

  pulse(): PulseReading {
    return readPulse(this.#pulse);
  }

  async terminate(): Promise<void> {
    this.#stopping = true;
    await this.#worker.terminate();
  }
}

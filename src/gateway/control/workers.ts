// The threads that accept, and the sockets they accept from. The invariants: a socket stays open here when a thread
// ends, and each thread listens on descriptors of its own; one that ends by itself gets a successor.
import { Failure } from "../../errors/failure.ts";
import type { Address } from "../../mesh/envoy/lab-config.ts";
import type { LogEntry, Problem, Version } from "../worker/messages.ts";
import { copiesOf } from "./copies.ts";
import { type BoundSocket, bindAll } from "./sockets.ts";
import type { ThreadHandle } from "./thread-handle.ts";
import { COMMIT, STAGE, UP } from "./times.ts";

/** Threads that may end by themselves within so many milliseconds; with more the gateway can't go on. */
const LOST_AT_MOST = 5;
const LOST_WITHIN = 60_000;

export interface WorkersParts {
  readonly thread: () => ThreadHandle;
  /** The one in use, with its cells; null before the first. */
  readonly version: () => Version | null;
  /** Nothing new is made any more. */
  readonly over: () => boolean;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** Does one thing after the other. */
  readonly queue: (act: () => Promise<void>) => void;
  /** A successor serves. */
  readonly replaced: (thread: ThreadHandle, problems: readonly Problem[]) => void;
  readonly say: (level: LogEntry["level"], text: string) => void;
  readonly fatal: (error: Failure) => void;
}

export class Workers {
  readonly threads: ThreadHandle[] = [];
  readonly #parts: WorkersParts;
  #sockets: readonly BoundSocket[] = [];
  #copies: Promise<(readonly number[])[]> | null = null;
  #lost: readonly number[] = [];
  #serving = false;
  #failure: Failure | null = null;

  constructor(parts: WorkersParts) {
    this.#parts = parts;
  }

  /** Where they listen, as the system says. */
  get addresses(): string[] {
    return this.#sockets.map(({ address }) => address);
  }

  /** Binds, and makes threads that don't listen yet. Throws `gateway-port`, `gateway-thread`. */
  async start(addresses: readonly Address[], count: number): Promise<void> {
    this.#sockets = await bindAll(addresses);
    // Threads come up meanwhile.
    this.#copies = copiesOf(this.#sockets, count);
    this.#copies.catch(() => {});
    for (let i = 0; i < count; i++) this.threads.push(this.#parts.thread());
    await Promise.all(this.threads.map((one) => one.up(UP)));
  }

  /** They take over the first version, and listen. Throws `gateway-copies`, `gateway-thread`. */
  async listen(version: number): Promise<void> {
    const copies = (await this.#copies) ?? [];
    const all = this.threads.map((one, i) => one.commit(version, COMMIT, copies[i]));
    await Promise.all(all);
    if (this.#failure !== null) throw this.#failure;
    this.#serving = true;
  }

  /** One has ended that was not told to. */
  ended(thread: ThreadHandle, reason: string): void {
    const { wall, queue, say, fatal } = this.#parts;
    const place = this.threads.indexOf(thread);
    if (place >= 0) this.threads.splice(place, 1);
    const now = wall();
    this.#lost = [...this.#lost.filter((time) => time > now - LOST_WITHIN), now];
    // Before all of them listen a successor would be given no descriptors, or be told twice to listen.
    if (!this.#serving || this.#lost.length > LOST_AT_MOST) {
      this.#failure = new Failure("gateway-thread", { thread: thread.number, reason });
      fatal(this.#failure);
      return;
    }
    say("error", `thread ${thread.number} ended (${reason}); a new one takes its place`);
    queue(() => this.#replace());
  }

  async #replace(): Promise<void> {
    const { over, thread: make, version, replaced, fatal } = this.#parts;
    if (over()) return;
    let thread: ThreadHandle | null = null;
    try {
      const [own] = await copiesOf(this.#sockets, 1);
      if (over()) return;
      thread = make();
      this.threads.push(thread);
      await thread.up(UP);
      const now = version()!;
      const problems = await thread.stage(now, STAGE);
      await thread.commit(now.number, COMMIT, own);
      replaced(thread, problems);
    } catch (error) {
      // One that ended as well has been counted, and is being replaced.
      const gone = thread !== null && !this.threads.includes(thread);
      if (!over() && !gone) fatal(error as Failure);
    }
  }

  /** After the last thread has ended. */
  close(): void {
    for (const one of this.#sockets) one.close();
    this.#sockets = [];
  }
}

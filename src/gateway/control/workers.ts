// The threads that accept, and the sockets they accept from. The invariants: a socket stays open here when a thread
// ends, and each thread listens on descriptors of its own, which are gone with it; one that ends by itself gets a
// successor, tried for again and again where the system doesn't give what it needs.
import { Failure } from "../../errors/failure.ts";
import type { Address } from "../../mesh/envoy/lab-config.ts";
import type { LogEntry, Problem, Version } from "../worker/messages.ts";
import { closeLeft, copiesOf } from "./copies.ts";
import { type BoundSocket, bindAll } from "./sockets.ts";
import type { ThreadHandle } from "./thread-handle.ts";
import type { Patience } from "./times.ts";

/** Threads that may end by themselves within so many milliseconds; with more the gateway can't go on. */
const LOST_AT_MOST = 5;
const LOST_WITHIN = 60_000;
/** How long the next try for a successor waits, in milliseconds: doubled from the first to the last. */
const AGAIN = { first: 250, last: 30_000 };

export interface WorkersParts {
  readonly patience: Patience;
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
  /** One did not come up, and runs nothing any more: it has ended like any other. */
  readonly lost: (thread: ThreadHandle, reason: string) => void;
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
  readonly #waiting = new Set<NodeJS.Timeout>();

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
    const { up } = this.#parts.patience;
    await Promise.all(this.threads.map((one) => one.up(up)));
  }

  /** They take over the first version, and listen. Throws `gateway-copies`, `gateway-thread`. */
  async listen(version: number): Promise<void> {
    const copies = (await this.#copies) ?? [];
    const { commit } = this.#parts.patience;
    const all = this.threads.map((one, i) => one.commit(version, commit, copies[i]));
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

  async #replace(tries = 0): Promise<void> {
    const { over, thread: make, replaced, lost, say } = this.#parts;
    if (over()) return;
    let own: readonly number[] = [];
    let thread: ThreadHandle | null = null;
    try {
      own = (await copiesOf(this.#sockets, 1))[0] ?? [];
      if (over()) throw new Failure("gateway-thread", { thread: 0, reason: "it is not needed" });
      thread = make();
      this.threads.push(thread);
      replaced(thread, await this.#begin(thread, own));
    } catch (error) {
      // One that has ended by itself has been counted, and its own successor comes.
      const counted = thread !== null && !this.threads.includes(thread);
      await thread?.terminate();
      closeLeft(own, this.#sockets);
      if (over() || counted) return;
      if (!(error instanceof Failure)) throw error;
      if (thread !== null) {
        lost(thread, error.message);
        return;
      }
      const wait = Math.min(AGAIN.last, AGAIN.first * 2 ** tries);
      say(
        "error",
        `no successor: error[${error.code}]: ${error.message}; tried again in ${wait} ms`,
      );
      this.#later(wait, tries + 1);
    }
  }

  async #begin(thread: ThreadHandle, own: readonly number[]): Promise<readonly Problem[]> {
    const { patience, version } = this.#parts;
    await thread.up(patience.up);
    const now = version()!;
    const problems = await thread.stage(now, patience.stage);
    await thread.commit(now.number, patience.commit, own);
    return problems;
  }

  /** Others go on meanwhile: nothing waits for it. */
  #later(wait: number, tries: number): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      this.#parts.queue(() => this.#replace(tries));
    }, wait);
    this.#waiting.add(timer);
  }

  /** After the last thread has ended. */
  close(): void {
    for (const one of this.#waiting) clearTimeout(one);
    for (const one of this.#sockets) one.close();
    this.#sockets = [];
  }
}

// The thread that hardens, as a function: one job after the other, the thread made with the first and kept. A thread that
// dies fails its job and no other.
import { Worker } from "node:worker_threads";
import type { Args, Code } from "../errors/catalogue.ts";
import { Failure } from "../errors/failure.ts";
import type { Where } from "../errors/where.ts";
import type { Job, Made } from "./make.ts";

type Answer =
  | { readonly kind: "made"; readonly made: Made }
  | { readonly kind: "failed"; readonly code: Code; readonly args: Args; readonly where?: Where }
  | { readonly kind: "bug"; readonly reason: string };

export interface Maker {
  make(job: Job): Promise<Made>;
  close(): Promise<void>;
}

export class MakeThread implements Maker {
  #worker: Worker | null = null;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws what `make` throws, and `serve-thread`. */
  make(job: Job): Promise<Made> {
    const next = this.#last.then(() => this.#run(job));
    this.#last = next.catch(() => {});
    return next;
  }

  #run(job: Job): Promise<Made> {
    this.#worker ??= new Worker(new URL("./make-worker.js", import.meta.url));
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        worker.off("message", take).off("error", died).off("exit", died);
        worker.unref();
      };
      const take = (answer: Answer): void => {
        end();
        if (answer.kind === "made") resolve(answer.made);
        else if (answer.kind === "failed") {
          reject(new Failure(answer.code, answer.args, answer.where));
        } else reject(new Failure("serve-thread", { reason: answer.reason }));
      };
      const died = (why: unknown): void => {
        end();
        this.#worker = null;
        reject(new Failure("serve-thread", { reason: String(why) }));
      };
      worker.ref();
      worker.on("message", take).on("error", died).on("exit", died);
      worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = null;
  }
}

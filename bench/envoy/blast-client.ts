// The load of the blast bench, in a process of its own (blast-load.mjs), and its answers.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "../../plugins/compile.ts";

interface Counted {
  readonly sent: number;
  /** Anything but 200. */
  readonly failed: number;
}

export interface Outcome {
  readonly innocent: Counted;
  readonly neighbour: Counted;
  readonly guilty: { readonly ok: number; readonly refused: number; readonly other: number };
  /** Median of milliseconds from sending a guilty request to its answer. */
  readonly guiltyMs: number;
}

export class Client {
  readonly #child: ChildProcess = fork(join(root, "bench/envoy/blast-load.mjs"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });

  async #ask<T>(order: object): Promise<T> {
    this.#child.send(order);
    const [answer] = (await once(this.#child, "message")) as [T & { readonly error?: string }];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  /** Every `every`th request carries `x-burn: header`; a tenth as many go to the neighbour. */
  load(order: {
    port: number;
    neighbour: number;
    rate: number;
    seconds: number;
    every: number;
    header: string;
  }): Promise<Outcome> {
    return this.#ask({ does: "load", ...order });
  }

  /** Milliseconds until the first 200 after each of these guilty requests; null: not within 3 s. */
  async recovery(order: {
    port: number;
    header: string;
    times: readonly number[];
  }): Promise<readonly (number | null)[]> {
    const { after } = await this.#ask<{ readonly after: readonly (number | null)[] }>({
      does: "recovery",
      ...order,
    });
    return after;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

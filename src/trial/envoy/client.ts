// Requests by real HTTP, each on a connection of its own, and the bystanders: requests of nobody's plugin on the
// same worker, asked all the while, so that what a plugin does to others is counted.
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

export interface Ask {
  readonly path?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

export interface Answer {
  /** 0 where nothing came. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly ms: number;
  /** Why nothing came. */
  readonly lost: "reset" | "patience" | null;
}

/** Bytes of an answer that are kept where nobody says. */
const KEPT = 65_536;

/** Asks once; never throws. */
export function ask(
  port: number,
  what: Ask,
  patience: number,
  kept: number = KEPT,
): Promise<Answer> {
  const begun = performance.now();
  return new Promise((resolve) => {
    const lose = (lost: "reset" | "patience"): void => {
      resolve({ status: 0, headers: {}, body: "", ms: performance.now() - begun, lost });
    };
    const headers = Object.fromEntries(what.headers ?? []);
    const method = what.body === undefined ? "GET" : "POST";
    const asked = request({
      host: "127.0.0.1",
      port,
      method,
      path: what.path ?? "/",
      headers: { host: "service.test", ...headers },
      agent: false,
    });
    const timer = setTimeout(() => {
      lose("patience");
      asked.destroy();
    }, patience);
    asked.on("error", () => {
      clearTimeout(timer);
      lose("reset");
    });
    asked.on("response", (response) => {
      let body = "";
      response.on("data", (piece) => {
        if (body.length < kept) body += String(piece);
      });
      response.on("error", () => undefined);
      response.on("close", () => {
        clearTimeout(timer);
        const seen = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        const ms = performance.now() - begun;
        const status = response.statusCode ?? 0;
        resolve({ status, headers: Object.fromEntries(seen), body, ms, lost: null });
      });
    });
    asked.end(what.body);
  });
}

export interface Bystanders {
  readonly asked: number;
  readonly failed: number;
}

/** Milliseconds between two bystanders. */
const EVERY = 40;
/** More are not kept waiting. */
const WAITING = 50;

/** Asks until `stop` is called, then waits for the last answers. */
export function startBystanders(port: number, patience: number) {
  const waiting = new Set<Promise<void>>();
  let asked = 0;
  let failed = 0;
  let over = false;
  const one = (): void => {
    asked++;
    const answered = ask(port, {}, patience).then(({ status }) => {
      if (status !== 200) failed++;
      waiting.delete(answered);
    });
    waiting.add(answered);
  };
  const asking = (async () => {
    while (!over) {
      if (waiting.size < WAITING) one();
      await pause(EVERY);
    }
  })();
  return {
    /** What is still waiting is given `last`, which ends them or lets them end. */
    async stop(last: () => void): Promise<Bystanders> {
      over = true;
      await asking;
      last();
      await Promise.all(waiting);
      return { asked, failed };
    },
  };
}

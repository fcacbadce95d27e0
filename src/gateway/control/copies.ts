// Descriptors for threads: each gets one of its own of every listening socket, because whoever ends closes the
// number it listens on, and the system gives a closed number to the next connection of any thread. Node duplicates
// no descriptors itself; sending a socket to another process and back does (hand-back.ts).
import { type ChildProcess, fork, type SendHandle } from "node:child_process";
import { closeSync, fstatSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Failure } from "../../errors/failure.ts";
import type { Order } from "./hand-back.ts";
import type { BoundSocket, Handle } from "./sockets.ts";

/** How long it may take, in milliseconds. */
const LIMIT = 20_000;
const script = fileURLToPath(new URL("hand-back.js", import.meta.url));

/** Its message comes with the socket. */
type Copy = Pick<Order, "place">;

/**
 * Fresh descriptors: for each thread one of every socket, in the order of the sockets. Whoever listens on one closes
 * it; nobody else may. Throws `gateway-copies`.
 */
export async function copiesOf(
  sockets: readonly BoundSocket[],
  threads: number,
): Promise<(readonly number[])[]> {
  if (sockets.length === 0) return Array.from({ length: threads }, () => []);
  const child = fork(script, [], {
    execArgv: [],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  try {
    const all = await received(child, sockets, threads);
    return Array.from({ length: threads }, (_, i) => all.map((copies) => copies[i]!));
  } finally {
    child.kill("SIGKILL");
  }
}

/**
 * Closes those copies of a thread that it has not closed itself. It must run no more, and nobody may have been given
 * other copies since it was given these: a number that is one of the same socket still is the thread's then.
 */
export function closeLeft(copies: readonly number[], sockets: readonly BoundSocket[]): void {
  for (const [place, copy] of copies.entries()) {
    try {
      const [left, own] = [fstatSync(copy), fstatSync(sockets[place]!.handle.fd)];
      if (left.ino === own.ino && left.dev === own.dev) closeSync(copy);
    } catch {
      // It is closed.
    }
  }
}

function received(
  child: ChildProcess,
  sockets: readonly BoundSocket[],
  copies: number,
): Promise<number[][]> {
  const all: Handle[][] = sockets.map(() => []);
  let missing = sockets.length * copies;
  let state: "waits" | "done" | "refused" = "waits";
  return new Promise((resolve, reject) => {
    const refuse = (reason: string, cause?: unknown): void => {
      if (state !== "waits") return;
      clearTimeout(timer);
      state = "refused";
      for (const one of all.splice(0).flat()) one.close();
      reject(new Failure("gateway-copies", { reason }, undefined, cause));
    };
    const timer = setTimeout(() => refuse(`no answer within ${LIMIT} ms`), LIMIT);
    child.on("error", (error) => refuse(error.message, error));
    child.on("exit", (code, signal) => refuse(`it ended with ${signal ?? `code ${code}`}`));
    child.on("message", ({ place }: Copy, socket: unknown) => {
      if (state !== "waits") {
        (socket as Handle).close();
        return;
      }
      // From then on the object that comes with it is never closed: its number belongs to the thread.
      all[place]!.push(socket as Handle);
      if (--missing > 0) return;
      clearTimeout(timer);
      state = "done";
      resolve(all.map((handles) => handles.map(({ fd }) => fd)));
    });
    for (const [place, { handle }] of sockets.entries()) {
      const order: Order = { place, copies };
      child.send(order, handle as unknown as SendHandle);
    }
  });
}

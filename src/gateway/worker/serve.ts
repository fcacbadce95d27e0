// What a serving thread does: messages in, messages out, and the last net for our own mistakes. The first message says
// what the thread is for: it may have been made before anybody knew.
import { parentPort } from "node:worker_threads";
import { httpEngine } from "./engine.ts";
import type { FromThread, ThreadStart, ToThread } from "./messages.ts";
import { ServingThread } from "./thread.ts";

const port = parentPort!;
const send = (message: FromThread): void => port.postMessage(message);

let thread: ServingThread | null = null;
const onBug = (error: unknown): void => thread?.internalError(error);

function begin(start: ThreadStart): void {
  const serving = new ServingThread(start, send, httpEngine(start.thread, onBug));
  thread = serving;
  port.on("message", (message: ToThread) => serving.take(message));
  // An exception that nobody has caught ends one request at most, never the thread: every listener hangs on it.
  process.on("uncaughtException", onBug);
  process.on("unhandledRejection", onBug);
}

/** Waits for the first message. */
export function serve(): void {
  port.once("message", begin);
}

// The entry of a serving thread: messages in, messages out, and the last net for our own mistakes. The first message
// says what the thread is for: it may have been made before anybody knew.
import { getPriority, setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { httpEngine } from "./engine.ts";
import type { FromThread, ThreadStart, ToThread } from "./messages.ts";
import { ServingThread } from "./thread.ts";

const port = parentPort!;
const send = (message: FromThread): void => port.postMessage(message);

/** A cell's share is taken from what the others leave. */
const CELL_NICE = 10;
const LOWEST = 19;

/** Linux takes a process of number 0 for the calling thread alone; elsewhere it would be the whole process. */
function stepBack(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(Math.min(LOWEST, getPriority() + CELL_NICE));
  } catch {
    // A system that forbids it leaves all threads alike.
  }
}

let thread: ServingThread | null = null;
const onBug = (error: unknown): void => thread?.internalError(error);

function begin(start: ThreadStart): void {
  if (start.cell !== null) stepBack();
  const serving = new ServingThread(start, send, httpEngine(start.thread, onBug));
  thread = serving;
  port.on("message", (message: ToThread) => serving.take(message));
  // An exception that nobody has caught ends one request at most, never the thread: every listener hangs on it.
  process.on("uncaughtException", onBug);
  process.on("unhandledRejection", onBug);
}

port.once("message", begin);

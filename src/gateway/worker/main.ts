// The entry of a serving thread: messages in, messages out, and the last net for our own mistakes.
import { parentPort, workerData } from "node:worker_threads";
import { httpEngine } from "./engine.ts";
import type { FromThread, ThreadStart, ToThread } from "./messages.ts";
import { ServingThread } from "./thread.ts";

const port = parentPort!;
const start = workerData as ThreadStart;
const send = (message: FromThread): void => port.postMessage(message);

let thread: ServingThread | null = null;
const onBug = (error: unknown): void => thread?.internalError(error);

thread = new ServingThread(start, send, httpEngine(start.thread, onBug));

// An exception that nobody has caught ends one request at most, never the thread: every listener hangs on it.
process.on("uncaughtException", onBug);
process.on("unhandledRejection", onBug);

port.on("message", (message: ToThread) => thread.take(message));

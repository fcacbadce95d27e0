// The entry of the thread that hardens: jobs come, what was made or why it wasn't goes back. A Failure crosses as data,
// anything else as the bug that it is.
import { parentPort } from "node:worker_threads";
import { Failure } from "../errors/failure.ts";
import { type Job, make } from "./make.ts";

parentPort!.on("message", (job: Job) => {
  try {
    parentPort!.postMessage({ kind: "made", made: make(job) });
  } catch (error) {
    if (error instanceof Failure) {
      const { code, args, where } = error;
      parentPort!.postMessage({ kind: "failed", code, args, where });
    } else {
      parentPort!.postMessage({ kind: "bug", reason: String(error) });
    }
  }
});

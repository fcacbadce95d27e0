// The thread in which build.ts compiles: one job a message, one answer a job. Holds no state of its own.
import { parentPort } from "node:worker_threads";
import { Failure } from "../src/errors/failure.ts";
import { type Compiled, type CompiledLanguage, compile } from "./compile.ts";

export interface Job {
  readonly path: string;
  readonly language: CompiledLanguage;
}

/** A Failure does not survive the way between threads: its reason travels, and build.ts fails again. */
export type Answer = Compiled | { readonly reason: string };

parentPort?.on("message", async ({ path, language }: Job) => {
  let answer: Answer;
  try {
    answer = await compile(path, language);
  } catch (error) {
    const reason = error instanceof Failure ? error.args.reason : undefined;
    answer = { reason: String(reason ?? (error as Error).stack) };
  }
  parentPort?.postMessage(answer);
});

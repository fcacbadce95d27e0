// The entry of a serving thread. One that is to be a cell steps back before it loads its code: that is most of what it
// costs to make one, and it is made at the very moment when somebody misbehaves.
import { setPriority } from "node:os";
import { workerData } from "node:worker_threads";
import type { ThreadPlace } from "./messages.ts";

/** The lowest priority: a cell's share is taken from what the others leave. */
const CELL_NICE = 19;

/** Linux takes a process of number 0 for the calling thread alone; elsewhere it would be the whole process. */
function stepBack(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(CELL_NICE);
  } catch {
    // A system that forbids it leaves all threads alike.
  }
}

if ((workerData as ThreadPlace).cell) stepBack();
const { serve } = await import("./serve.ts");
serve();

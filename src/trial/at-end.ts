// What must not outlive the trial, folders and processes: undone when it is done with, and also where the trial itself
// is ended by a signal or an error that nobody caught. It knows nothing of what there is to undo.
import { rmSync } from "node:fs";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const open = new Set<() => void>();

/** Nothing in here may wait: this can be the last thing that the process does. */
function undoAll(): void {
  for (const undo of open) undo();
  open.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  undoAll();
  unwatch();
  // Nobody else listens: end as this signal ends a process.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function watch(): void {
  process.on("exit", undoAll);
  for (const signal of signals) process.on(signal, onSignal);
}

function unwatch(): void {
  process.off("exit", undoAll);
  for (const signal of signals) process.off(signal, onSignal);
}

/** Undoes it where the trial is ended before its time; the answer undoes it now, once. */
export function atEnd(undo: () => void): () => void {
  if (open.size === 0) watch();
  open.add(undo);
  return () => {
    if (!open.delete(undo)) return;
    undo();
    if (open.size === 0) unwatch();
  };
}

/** Takes a folder away at the end; the answer takes it away now. */
export function keepFolder(folder: string): () => void {
  return atEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 2 }));
}

// How much memory a process holds and held at most, where the system tells it (Linux); null elsewhere.
import { readFileSync, writeFileSync } from "node:fs";

const MIB = 1024;

function field(pid: number, name: string): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
    return kib === undefined ? null : Math.round(Number(kib) / MIB);
  } catch {
    return null;
  }
}

/** MiB held now. */
export const resident = (pid: number): number | null => field(pid, "VmRSS");

/** MiB held at most since the start, or since `forgetPeak`. */
export const peak = (pid: number): number | null => field(pid, "VmHWM");

/** The peak counts from here, so that what the start took is not taken for a request's. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // The peak then includes the start.
  }
}

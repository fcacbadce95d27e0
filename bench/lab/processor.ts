// The processor time of another process, as the operating system counts it: all its threads, in the kernel and
// outside of it. Linux only; elsewhere nothing is known.
import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds of the threads that are there now; null where the system doesn't tell. */
export function processorOf(pid: number): number | null {
  const folder = `/proc/${pid}/task`;
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(folder)) nanoseconds += scheduled(`${folder}/${thread}`);
    return nanoseconds / 1e6;
  } catch {
    return ticksOf(pid);
  }
}

/** Nanoseconds on a processor: the first number of schedstat. */
function scheduled(thread: string): number {
  return Number(readFileSync(`${thread}/schedstat`, "utf8").split(" ", 1)[0]);
}

/** utime and stime of /proc/PID/stat, which Linux counts in hundredths of a second. */
function ticksOf(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}

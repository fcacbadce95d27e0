// One hardening in a process of its own, for the memory bench: prints what the process held before it began
// and the most that it ever held. argv: the module's file; `all` or `harden` for with and without verify.
import { readFileSync } from "node:fs";
import { contain } from "../src/contain/contain.ts";
import { harden } from "../src/harden/harden.ts";
import { policyFromRole } from "../src/policy/resolve.ts";

/** The high-water mark of this very process; ru_maxrss also counts what a parent held before exec. */
function peakBytes(): number {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

const [file, what] = process.argv.slice(2);
const policy = policyFromRole("external-auth");
const idle = process.memoryUsage.rss();
const bytes = readFileSync(file!);
const { length } = (what === "harden" ? harden : contain)(bytes, policy).bytes;
process.stdout.write(
  JSON.stringify({ idle, peak: peakBytes(), input: bytes.length, output: length }),
);

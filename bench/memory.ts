// How much memory a hardening takes at its peak, beyond what the process held before: a bound, so that a
// server that hardens what it is sent can be given a limit.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { largeModule } from "../plugins/large.ts";
import { timedGood } from "./lib/process.ts";
import { megabytes, type Report, spread } from "./lib/report.ts";
import { summarise } from "./lib/stats.ts";

const script = fileURLToPath(new URL("./resident.js", import.meta.url));
const LIMIT = 8;
const SIZE = 20_000_000;
const RUNS = 5;

interface Resident {
  readonly idle: number;
  readonly peak: number;
  readonly input: number;
}

export async function benchMemory(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  try {
    const file = join(folder, "large.wasm");
    writeFileSync(file, largeModule(SIZE, 1));
    const measure = (what: string) =>
      Array.from({ length: RUNS }, () => {
        const { stdout } = timedGood(process.execPath, [script, file, what]);
        return JSON.parse(stdout) as Resident;
      });
    const sides = { "harden and verify": measure("all"), "harden alone": measure("harden") };
    const rows = Object.entries(sides).map(([name, runs]) => {
      const above = summarise(runs.map((run) => (run.peak - run.idle) / run.input));
      const peak = summarise(runs.map((run) => run.peak / 1e6));
      return { name, above, peak, input: runs[0]!.input };
    });
    return {
      name: "memory",
      means: `The most resident memory that hardening one module of ${megabytes(rows[0]!.input)} takes, above what the process held before it read it.`,
      target: `at most ${LIMIT} × the module`,
      held: rows[0]!.above.median <= LIMIT,
      head: ["What", "Peak (MB)", "Above idle, in sizes of the module"],
      rows: rows.map(({ name, above, peak }) => [
        name,
        spread(peak, "", 0),
        spread(above, " ×", 2),
      ]),
      data: sides,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

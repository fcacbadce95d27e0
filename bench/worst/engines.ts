// The engines of the worst-case bench. V8 counts twice: as its baseline compiler leaves the code, which is
// where one long loop stays (a function that runs is not replaced), and as its optimiser does.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../plugins/compile.ts";
import { wat } from "../../test/wat.ts";
import { findPrograms, WASMTIME } from "../overhead/engines.ts";
import type { Prepared } from "./prepare.ts";

export interface Sample {
  readonly name: string;
  readonly mode: string;
  /** Nanoseconds per unit, one number a round. */
  readonly samples: readonly number[];
  /** Units of one sample. */
  readonly used: number;
  readonly failed: string | null;
}

export interface Engine {
  readonly name: string;
  readonly run: (job: string) => string;
}

const script = (file: string): string => join(root, "bench/worst", file);
const run = (program: string, args: readonly string[]): string =>
  execFileSync(program, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });

const tiers = { baseline: ["--liftoff-only"], optimised: ["--no-liftoff"] } as const;

/** The engines that can be had here, and why others can't. */
export function findEngines(): {
  readonly found: readonly Engine[];
  readonly missing: readonly string[];
} {
  const { nodes, wasmtime, missing } = findPrograms();
  const found: Engine[] = nodes.flatMap(({ name, program }) =>
    Object.entries(tiers).map(([tier, flags]) => ({
      name: `${name}, ${tier}`,
      run: (job: string) => run(program, [...flags, script("run-node.mjs"), job]),
    })),
  );
  if (wasmtime !== null) {
    const name = `Wasmtime ${WASMTIME}`;
    found.push({ name, run: (job) => run(wasmtime, [script("run_wasmtime.py"), job]) });
  }
  return { found, missing };
}

const driver = `(module (import "guest" "entry" (func $entry (param i32)))
  (func (export "drive") (param $n i32)
    (loop $more (call $entry (i32.const 1))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`;

/** Samples of all cases under an engine. `least` is the least time of a sample, in nanoseconds. */
export function measure(
  engine: Engine,
  cases: readonly Prepared[],
  folder: string,
  times: { readonly rounds: number; readonly least: number },
): readonly Sample[] {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "driver.wasm");
  writeFileSync(file, wat(driver));
  const job = join(folder, "job.json");
  const rows = cases.map(({ case: { name, once }, mode, file, units }) => ({
    name,
    mode,
    file,
    units,
    ...(once === undefined ? {} : { once }),
  }));
  writeFileSync(job, JSON.stringify({ ...times, driver: file, cases: rows }));
  return JSON.parse(engine.run(job)) as Sample[];
}

// Runs test files with node's own runner: the spec report as it goes, then the skips with their reasons.
// A run in which no test executed is a failure: a test that couldn't run is not a pass.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { root } from "./tree.mjs";

/** Runs the files (relative to the root) and answers the exit code. */
export async function runTests(files, { timeout = 300_000 } = {}) {
  if (files.length === 0) {
    console.error("no test files found");
    return 1;
  }
  const skips = new Map();
  let executed = 0;
  let failed = 0;
  const stream = run({
    files: files.map((path) => join(root, path)),
    concurrency: Math.min(availableParallelism(), 4),
    timeout,
  });
  const record = (data, ok) => {
    if (data.skip !== undefined) {
      const reason =
        typeof data.skip === "string" && data.skip !== "" ? data.skip : "no reason given";
      skips.set(reason, [...(skips.get(reason) ?? []), data.name]);
    } else if (data.details?.type !== "suite") {
      executed++;
      if (!ok && data.todo === undefined) failed++;
    } else if (!ok) failed++;
  };
  stream.on("test:pass", (data) => record(data, true));
  stream.on("test:fail", (data) => record(data, false));
  const report = stream.compose(new spec());
  await new Promise((resolve, reject) => {
    report.on("end", resolve);
    report.on("error", reject);
    report.pipe(process.stdout, { end: false });
  });
  for (const [reason, names] of skips) {
    console.log(`skipped ${names.length}: ${reason}`);
    for (const name of names.slice(0, 5)) console.log(`  ${name}`);
    if (names.length > 5) console.log(`  and ${names.length - 5} more`);
  }
  if (executed === 0) console.error("no test executed");
  return failed > 0 || executed === 0 ? 1 : 0;
}

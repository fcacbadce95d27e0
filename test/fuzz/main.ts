// `npm run fuzz -- TARGET --seed N --runs N --time S`: long runs of a fuzz target; resume with the next seed.
// A failure becomes a file in test/regress/corpus, which every test run replays.
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fuzzContain } from "./contain.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "1000000" },
    time: { type: "string", default: "60" },
  },
});

const target = positionals[0] ?? "contain";
if (target !== "contain") {
  process.stderr.write(`unknown target ${target}: expected contain\n`);
  process.exitCode = 2;
} else {
  const tally = fuzzContain(Number(values.seed), Number(values.runs), Number(values.time));
  const folder = new URL("../../../test/regress/corpus/", import.meta.url);
  for (const { seed, what, bytes } of tally.failures) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL(`contain-${seed}.wasm`, folder), bytes);
    process.stdout.write(`seed ${seed}: ${what}\n`);
  }
  const next = Number(values.seed) + tally.runs;
  process.stdout.write(
    `${tally.runs} runs, ${tally.deep} deep, ${tally.contained} contained, ` +
      `${tally.failures.length} failures; go on with --seed ${next}\n`,
  );
  process.exitCode = tally.failures.length > 0 ? 1 : 0;
}

// `npm run test:mutants -- --seed N --random N --all --json [NAME…]`: mutants of hardened modules against verify. The last
// line says what was covered; exit code 1 where an accepted mutant is not shown harmless.
import { parseArgs } from "node:util";
import { corpusOf } from "./corpus.ts";
import { runMutants, summary } from "./run.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    random: { type: "string", default: "2000" },
    all: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});

const RANDOM_PROGRAMS = 6;

const corpus = await corpusOf(true, RANDOM_PROGRAMS);
for (const line of corpus.missing) process.stderr.write(`not built: ${line}\n`);
const members = corpus.members.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
const began = performance.now();
const totals = runMutants(
  { ...corpus, members },
  {
    seed: Number(values.seed),
    random: Number(values.random),
    all: values.all,
    done: ({ name }, { mutants, failures }) => {
      if (!values.verbose) return;
      const seconds = Math.round((performance.now() - began) / 1000);
      process.stderr.write(
        `${seconds} s ${name}: ${mutants} mutants, ${failures.length} failures\n`,
      );
    },
  },
);
for (const failure of totals.failures) process.stderr.write(`${failure}\n`);
process.stdout.write(
  `${values.json ? JSON.stringify({ ...totals, missing: corpus.missing }) : summary(totals)}\n`,
);
process.exitCode = totals.failures.length > 0 ? 1 : 0;

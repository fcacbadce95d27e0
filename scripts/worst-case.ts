// The paragraph of docs/security-model.md that says how long a budget can last: written from what the
// worst-case bench measured (docs/worst-case.json), so that no figure in it is typed by hand.

/** The budget of which the page speaks. */
export const BUDGET = 100_000_000;

export const MARKS = { from: "<!-- worst case: npm run docs -->", to: "<!-- end -->" } as const;

interface Point {
  readonly name: string;
  readonly family: string;
  readonly mode: string;
  readonly ns: number;
}

interface EngineRow {
  readonly engine: string;
  /** Nanoseconds per unit. */
  readonly median: number;
  readonly ratio: number;
  /** The same without loads that miss the caches. */
  readonly inCache: number;
  readonly worst: Point;
}

interface Measured {
  readonly machine: string;
  readonly reports: readonly {
    readonly name: string;
    readonly data: { readonly ratios: readonly EngineRow[]; readonly touchMs: number };
  }[];
}

const seconds = (ns: number): string => ((ns * BUDGET) / 1e9).toFixed(1);

/** The paragraph, from the text of docs/worst-case.json. */
export function worstCaseText(json: string): string {
  const { machine, reports } = JSON.parse(json) as Measured;
  const report = reports.find(({ name }) => name === "worst");
  if (report === undefined) throw new Error("the file has no report of the bench `worst`");
  const { ratios, touchMs } = report.data;
  const worst = ratios.reduce((most, row) => (row.worst.ns > most.worst.ns ? row : most));
  const rows = ratios.map(
    ({ engine, median, ratio, inCache, worst: { name, ns } }) =>
      `| ${engine} | ${median.toFixed(2)} | ${ns.toFixed(2)} | ${name} | ${ratio.toFixed(1)} | ${inCache.toFixed(1)} | ${seconds(ns)} s |`,
  );
  return `A budget of ${BUDGET.toLocaleString("en")} units lasted at most **${seconds(worst.worst.ns)} s** of CPU time on the machine measured (${worst.engine}:
${worst.worst.name}, ${worst.worst.ns.toFixed(2)} ns a unit; ${machine}), beside ${touchMs.toFixed(0)} ms for the first touch of 64 MiB of memory, once in an
instance's life, and beside what the host does in the calls that the policy allows. Written by
\`npm run --silent bench -- worst --json > docs/worst-case.json\` and \`npm run docs\`; measure your own.

| Engine | median (ns a unit) | slowest (ns a unit) | which | ratio to the median | the same without loads that miss the caches | ${BUDGET.toLocaleString("en")} units |
|---|---|---|---|---|---|---|
${rows.join("\n")}`;
}

/** The page with its paragraph renewed. Throws where the marks are not there, once each and in order. */
export function withWorstCase(page: string, json: string): string {
  const [before, rest, ...more] = page.split(MARKS.from);
  const after = rest?.split(MARKS.to);
  if (before === undefined || after?.length !== 2 || more.length > 0) {
    throw new Error(`the page needs the marks ${MARKS.from} and ${MARKS.to}, once each`);
  }
  return `${before}${MARKS.from}\n${worstCaseText(json)}\n${MARKS.to}${after[1]}`;
}

// docs/trial-envoy.md, written from docs/trial-envoy.json: what the trial measured in each release of Envoy. The
// runner is scripts/trial-envoy.mjs; nothing on the page is typed by hand.
import type { TrialReport, TrialRow, Verdict } from "../src/trial/trial.ts";

/** What is kept of one release's report. */
export interface KeptReport {
  readonly release: string;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly rows: readonly KeptRow[];
}

export interface KeptRow
  extends Pick<TrialRow, "id" | "table" | "signal" | "measurement" | "verdict" | "reason"> {
  readonly unhardened: string | null;
  readonly hardened: string | null;
  /** Lines of the proxy's statistics as they were printed; of rows about them alone. */
  readonly shown?: readonly string[];
  readonly details: readonly {
    readonly plugin: string;
    readonly unhardened: string | null;
    readonly hardened: string;
    readonly held: boolean;
  }[];
}

/** Without times: those of one moment on one machine are worth nothing on a page. */
function timeless(text: string): string {
  return text.replace(/,? (?:longest request|after|within) \d+(?:\.\d+)? m?s\b/g, "");
}

/** What the first plugin's statistics were, and those of the one that calls out. */
function shownIn(details: TrialRow["details"]): Pick<KeptRow, "shown"> {
  const lines = details
    .filter((one, i) => i === 0 || one.plugin.includes("dispatches."))
    .flatMap(({ hardened: { data } }) => (data.shown ?? []) as readonly string[]);
  return lines.length === 0 ? {} : { shown: lines };
}

/** A report as it is kept. */
export function keep(report: TrialReport): KeptReport {
  if (report.release === null) throw new Error("the report is not of an Envoy");
  const text = (cell: { readonly text: string } | null): string | null =>
    cell === null ? null : timeless(cell.text);
  const rows = report.rows.map(
    ({ id, table, signal, measurement, verdict, reason, unhardened, hardened, details }) => ({
      id,
      table,
      signal,
      measurement,
      verdict,
      reason,
      unhardened: text(unhardened),
      hardened: text(hardened),
      ...shownIn(details),
      details: details.map((one) => ({
        plugin: one.plugin,
        unhardened: text(one.unhardened),
        hardened: timeless(one.hardened.text),
        held: one.held,
      })),
    }),
  );
  return { release: report.release, counts: report.counts, rows };
}

const words: Readonly<Record<Verdict, string>> = {
  held: "held",
  broken: "**not held**",
  skipped: "skipped",
  "not-exercised": "not exercised",
};

const titles = {
  "expected-behaviour": "Expected behaviour",
  "failure-modes": "Failure modes",
  "host-safety": "Beyond the article",
} as const;

const cellText = (text: string): string => text.replace(/\|/g, "\\|").replace(/</g, "&lt;");

function matrix(reports: readonly KeptReport[]): string {
  const head = `| | ${reports.map((one) => one.release).join(" | ")} |`;
  const rule = `|---|${"---|".repeat(reports.length)}`;
  const lines = reports[0]!.rows.map(({ id, signal }) => {
    const verdicts = reports.map((one) => {
      const row = one.rows.find((other) => other.id === id);
      return row === undefined ? "" : words[row.verdict];
    });
    return `| ${cellText(signal)} | ${verdicts.join(" | ")} |`;
  });
  return [head, rule, ...lines].join("\n");
}

function rowsOf({ rows }: KeptReport): string {
  return (Object.keys(titles) as (keyof typeof titles)[])
    .map((table) => {
      const lines = rows
        .filter((row) => row.table === table)
        .map((row) => {
          const cells = [row.unhardened ?? "", row.hardened ?? "", words[row.verdict]];
          return `| ${[row.signal, ...cells].map(cellText).join(" | ")} |`;
        });
      const head = "| Signal | Default | Hardened | Promise |\n|---|---|---|---|";
      return `### ${titles[table]}\n\n${head}\n${lines.join("\n")}`;
    })
    .join("\n\n");
}

/** Where a release's default cells differ from the newest one's, as far as words go. */
function differences(reports: readonly KeptReport[]): string {
  const newest = reports.at(-1)!;
  const plain = (text: string | null): string =>
    (text ?? "").replace(/\d+(\.\d+)?/g, "n").replace(/streams?/g, "streams");
  const lines = reports.slice(0, -1).flatMap(({ release, rows }) =>
    rows.flatMap((row) =>
      row.details.flatMap((one) => {
        const same = newest.rows
          .find((other) => other.id === row.id)
          ?.details.find((other) => other.plugin === one.plugin);
        if (same === undefined || one.unhardened === null) return [];
        if (plain(same.unhardened) === plain(one.unhardened)) return [];
        const there = cellText(one.unhardened);
        return [
          `- ${release}, ${one.plugin}: ${there} (${newest.release}: ${cellText(same.unhardened ?? "")})`,
        ];
      }),
    ),
  );
  return lines.length === 0 ? "None." : lines.join("\n");
}

/** Lines of /stats and /stats/prometheus as Envoy printed them. */
function statistics({ rows }: KeptReport): string {
  const lines = rows.flatMap((row) => row.shown ?? []);
  const named = lines.filter((line) => line.startsWith("wasmcustom."));
  const samples = lines.filter((line) => !line.startsWith("wasmcustom."));
  return `\`/stats\`:\n\n\`\`\`\n${named.join("\n")}\n\`\`\`\n\n\`/stats/prometheus\`, without comments and buckets:\n\n\`\`\`\n${samples.join("\n")}\n\`\`\``;
}

/** Rows that were not held, with the reason. */
function open({ rows }: KeptReport): string {
  const lines = rows
    .filter((row) => row.reason !== null)
    .map((row) => `- ${row.signal}: ${row.reason}.`);
  return lines.length === 0 ? "None." : lines.join("\n");
}

/** The whole page; oldest release first. */
export function trialEnvoyPage(reports: readonly KeptReport[]): string {
  const newest = reports.at(-1);
  if (newest === undefined) throw new Error("no release was measured");
  return `<!-- Written by \`npm run trial:envoy\` from docs/trial-envoy.json: change the trial, not this page. -->
# The trial in a real Envoy

Every cell was measured: a release build of Envoy in a process of its own, with one worker, a bootstrap of its own,
real requests, a real upstream and a real dispatch target. **Default** is the plugin as shipped in stock
configuration, **hardened** the contained one, while Envoy itself restricts nothing and its watchdog kills nothing.
"Other streams" are requests without the plugin on the same worker, asked all the while. Memory is of the whole
process. \`glovebox trial --engine envoy\` measures it again; \`--json\` has times and statistics too.

## By release

${matrix(reports)}

## Envoy ${newest.release}

${rowsOf(newest)}

## What the statistics show

Of a header rewriter after ten requests, and of a plugin that called out twice; [the table](reference/telemetry.md) says
what each name means and which of the article's it stands for.

${statistics(newest)}

## Where older releases' default differs

${differences(reports)}

## What is not held yet

${open(newest)}
`;
}

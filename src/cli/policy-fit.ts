// `glovebox policy fit REF -p POLICY --traffic FILE`: limits from what was seen beside those of the policy, with the
// distributions as plots. It changes no file.

import { fail } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { checkFuel, type Fit, type FitRow, fitOf, measure } from "../learn/fit.ts";
import { plotLines } from "../learn/plot.ts";
import { parsePolicy } from "../policy/document.ts";
import { resolvePolicy } from "../policy/resolve.ts";
import { field } from "../policy/schema.ts";
import { show } from "../policy/values.ts";
import { mergeRecords } from "../record/merge.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import { fitOptions, playOptions, readEvidence } from "./evidence.ts";
import type { Io } from "./io.ts";
import { readText } from "./ref.ts";
import { shownPolicy, sourceOf } from "./source.ts";
import { count } from "./units.ts";

const words = {
  percentile: (p: number) => `p${p}`,
  maximum: () => "maximum",
  raised: () => "maximum, beyond the margin",
  tried: () => "least that passes",
} as const;

function table(fit: Fit, percentile: number, io: Io): readonly string[] {
  const cell = (row: FitRow, value: number | null): string =>
    value === null ? "none" : show(field(row.path)!, value);
  const head = ["limit", "current", "seen", "by", "proposed"];
  const rows = fit.limits.map((row) => [
    row.path,
    cell(row, row.current),
    cell(row, row.base),
    words[row.basis](percentile),
    cell(row, row.proposed),
  ]);
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, i) => text.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  return [io.styles.bold(line(head)), ...rows.map(line)];
}

/** `left`: requests of the traffic that were not played any more. */
function text(
  fit: Fit,
  left: number,
  { percentile, margin }: ReturnType<typeof fitOptions>,
  io: Io,
): string {
  const plots = fit.plots.filter((plot) => plot.count > 0);
  const rest = left === 0 ? "" : ` (${count(left)} more were not played)`;
  return `${[
    `${count(fit.requests)} requests${rest}, margin ${margin}`,
    "",
    ...table(fit, percentile, io),
    ...plots.flatMap((plot) => ["", ...plotLines(plot, count)]),
    ...(fit.findings.length > 0 ? ["", ...fit.findings.map(renderFinding)] : []),
  ].join("\n")}\n`;
}

export async function run({ args, flags }: InputOf<"policy fit">, io: Io): Promise<Outcome> {
  const options = fitOptions("policy fit", flags);
  const document = parsePolicy(await readText(flags.policy), flags.policy);
  const pinned = resolvePolicy(document);
  const { artifact } = await sourceOf(args.ref, pinned, { ...flags, policy: flags.policy }, io);
  const module = { ref: artifact.ref, bytes: artifact.module };
  const given = await readEvidence("policy fit", flags, module);
  const policy = shownPolicy(pinned);
  for (const record of given.records) checkFuel(record, policy);
  const playing = playOptions(module.ref, flags);
  io.progress(`watching ${module.ref}`);
  const measured =
    given.requests.length === 0
      ? null
      : measure(module.bytes, policy, given.requests, playing, options);
  const own = measured === null ? [] : [measured.record];
  const record = mergeRecords([...own, ...given.records]);
  if (record.requests === 0) fail("traffic-empty");
  const fit = fitOf(record, document, measured?.tried ?? [], options);
  const left = given.requests.length - (measured?.played.requests.length ?? 0);
  return {
    exit: 0,
    result: { ref: module.ref, policy: flags.policy, ...options, fit, record },
    text: () => text(fit, left, options, io),
  };
}

// A trial's report in the colours and the width of this terminal.
import { trialText } from "../trial/report-table.ts";
import type { TrialReport } from "../trial/trial.ts";
import type { Io } from "./io.ts";

/** Ends with a line feed. */
export function trialReportText(
  report: TrialReport,
  { styles, width }: Pick<Io, "styles" | "width">,
  details = false,
): string {
  const { bold, good, bad, dim } = styles;
  return `${trialText(report, { width, details, bold, good, bad, faint: dim })}\n`;
}

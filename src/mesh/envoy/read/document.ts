// Text → a checked message and its findings: what run, lint and generate stand on.
import type { Finding, Level } from "../../../errors/failure.ts";
import { checkMessage } from "./check.ts";
import { readText } from "./read-text.ts";
import { newReport, type Report } from "./report.ts";
import type { MessageValue } from "./value.ts";

export const BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap";

export interface ReadOptions {
  /** The message that the text is; a bootstrap unless it says otherwise. */
  readonly type?: string;
  /** What to say of the article's own forms; `info` by default. */
  readonly articleLevel?: Level;
  readonly maxBytes?: number;
}

export interface EnvoyDocument {
  readonly message: MessageValue;
  /** Findings so far; whoever reads on may add to it. */
  readonly report: Report;
}

/**
 * Reads and checks a text. What is no YAML or JSON at all is a Failure (see readText); everything else is a finding
 * of the report, at its line and column.
 */
export function readEnvoy(text: string, file: string, options: ReadOptions = {}): EnvoyDocument {
  const { source, root } = readText(text, file, options.maxBytes);
  const report = newReport(source, options.articleLevel ?? "info");
  const message = checkMessage(report, options.type ?? BOOTSTRAP, root)!;
  return { message, report };
}

/** The findings of a text alone. */
export function findingsOf(text: string, file: string, options?: ReadOptions): readonly Finding[] {
  return readEnvoy(text, file, options).report.findings();
}

// A module that is at hand and that a stock Envoy doesn't load, or that takes it down.
import type { Rule } from "../rule.ts";

export const moduleRefused: Rule = {
  id: "module-refused",
  level: "error",
  looksAt: "modules that are at hand",
  fix: null,
  summary: "a module that Envoy refuses or crashes by",
  use: (use, context, say) => {
    const report = context.module(use)?.report;
    if (report === undefined || report.stock.verdict === "loads" || report.abi.version === null)
      return;
    const first = report.findings.find((one) => one.level === "error");
    const verdict = report.stock.verdict === "crashes" ? "crashes by" : "refuses";
    say(use.code!.url.at, { verdict, why: first?.message ?? "it can't be loaded" });
  },
};

// A module that is at hand and announces no ABI version that a proxy knows.
import type { Rule } from "../rule.ts";

export const moduleAbi: Rule = {
  id: "module-abi",
  level: "error",
  looksAt: "modules that are at hand",
  fix: null,
  summary: "a module whose ABI version the proxy refuses",
  use: (use, context, say) => {
    const abi = context.module(use)?.report.abi;
    if (abi !== undefined && abi.version === null) {
      say(use.code!.url.at, { marker: abi.marker ?? "none" });
    }
  },
};

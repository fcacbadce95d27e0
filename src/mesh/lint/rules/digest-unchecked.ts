// A digest beside a local file, which nobody compares.
import type { Rule } from "../rule.ts";

export const digestUnchecked: Rule = {
  id: "digest-unchecked",
  level: "warning",
  looksAt: "code in local files",
  fix: null,
  summary: "a sha256 that is not checked, since the code is a local file",
  use: ({ code }, _, say) => {
    if (code === null || code.kind !== "file") return;
    if (code.sha256 !== null && code.sha256.value !== "")
      say(code.sha256.at, { file: code.url.value.slice(0, 120) });
  },
};

// The right digest of the wrong thing: a file's where an image's manifest is compared, or two that differ.
import type { Rule } from "../rule.ts";

export const digestOfOther: Rule = {
  id: "digest-of-other",
  level: "error",
  looksAt: "code in registries",
  fix: null,
  summary: "the digest of the file, where that of the image's manifest is compared",
  use: (use, context, say) => {
    const { code } = use;
    if (code === null || code.kind !== "oci" || code.sha256 === null) return;
    const written = code.sha256.value.toLowerCase();
    if (code.digest !== null && written !== "" && code.digest.toLowerCase() !== written) {
      say(code.sha256.at, { what: "differs from the one in the reference" });
    } else if (context.module(use)?.sha256 === written) {
      say(code.sha256.at, {
        what: "is that of the module's file, and what is compared is the image's manifest",
      });
    }
  },
};

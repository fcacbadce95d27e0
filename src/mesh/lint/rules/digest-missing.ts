// Remote code that nothing pins.
import type { CodeSource } from "../../model.ts";
import type { Rule } from "../rule.ts";

/** Whether a digest has to say what the code is. */
export const isRemote = ({ kind }: CodeSource): boolean =>
  kind === "oci" || kind === "http" || kind === "https";

export const digestMissing: Rule = {
  id: "digest-missing",
  level: "error",
  looksAt: "remote code",
  fix: null,
  summary: "remote code without a sha256 or a digest in its reference",
  use: ({ code, partial }, _, say) => {
    if (code === null || partial || !isRemote(code) || code.url.value === "") return;
    if (code.sha256 !== null && code.sha256.value !== "") return;
    if (code.digest !== null) return;
    const what =
      code.kind === "oci" ? "the digest of the image's manifest" : "what `sha256sum` prints";
    say(code.url.at, { url: code.url.value.slice(0, 120), what });
  },
};

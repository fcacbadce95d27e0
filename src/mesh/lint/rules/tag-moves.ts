// Tags that name something else tomorrow.
import type { Rule } from "../rule.ts";

const moving = /^(?:latest|main|master|dev|develop|edge|nightly|canary|stable|head|tip|rolling)$/i;

export const tagMoves: Rule = {
  id: "tag-moves",
  level: "warning",
  looksAt: "code in registries",
  fix: null,
  summary: "a reference without a tag or with one that moves",
  use: ({ code, partial }, _, say) => {
    if (
      code === null ||
      partial ||
      code.kind !== "oci" ||
      code.url.value === "" ||
      code.digest !== null
    )
      return;
    if (code.tag !== null && !moving.test(code.tag)) return;
    const what = code.tag === null ? "says no tag, which means `latest`" : `says \`${code.tag}\``;
    // Pinned, a moved tag no longer loads; unpinned, something else does.
    const pinned = (code.sha256?.value ?? "") !== "";
    const then = pinned
      ? "once it moves, the digest no longer matches and the plugin doesn't load"
      : "it names other code tomorrow";
    say(code.url.at, { what, then }, { level: pinned ? "info" : "warning" });
  },
};

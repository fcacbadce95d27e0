// Code that comes over a connection which anybody on the way may answer.
import { reword } from "../edits.ts";
import type { Fix, Rule } from "../rule.ts";

/** Inside of a cluster or a machine: still unprotected, and no stranger's network. */
const near =
  /^http:\/\/(?:localhost|127\.|\[::1\]|[a-z0-9.-]+\.svc(?:\.|:|\/|$)|[a-z0-9-]+(?::\d+)?(?:\/|$))/i;

export const plainHttp: Rule = {
  id: "plain-http",
  level: "error",
  looksAt: "remote code",
  fix: "unsafe",
  summary: "code fetched without TLS",
  use: ({ code, document }, _, say) => {
    if (code === null || code.kind !== "http") return;
    const pinned = /^[0-9a-f]{64}$/.test(code.sha256?.value ?? "");
    if (pinned && near.test(code.url.value)) return;
    const { value, at } = code.url;
    const edit = reword(document.file, at, value, value.replace(/^http:/i, "https:"));
    const fix: Fix | undefined =
      edit === undefined ? undefined : { safety: "unsafe", edits: [edit] };
    const then = pinned
      ? "the digest keeps it from being replaced, not from being watched or withheld"
      : "whoever is on the way decides what runs in the proxy";
    say(at, { url: value.slice(0, 120), then }, { fix, level: pinned ? "info" : "error" });
  },
};

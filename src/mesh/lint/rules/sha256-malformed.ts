// Digests that can match no file: too short, in capitals, or made up.
import type { CodeSource, PluginUse } from "../../model.ts";
import { shown } from "../../read/tree-access.ts";
import { reword } from "../edits.ts";
import type { Fix, Rule } from "../rule.ts";

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Why nobody's file has this digest; undefined where one may. */
function fault(value: string): string | undefined {
  if (/^[0-9a-f]{64}$/.test(value)) {
    if (value === EMPTY) return "it is that of an empty file";
    const repeated = [1, 2, 4, 8, 10, 16, 32].some((length) => {
      const piece = value.slice(0, length);
      return piece.repeat(Math.ceil(64 / length)).slice(0, 64) === value;
    });
    return repeated ? "it repeats itself, as placeholders do" : undefined;
  }
  if (/^[0-9A-F]{64}$/i.test(value)) return "it has capitals, and is compared letter by letter";
  if (/^sha256:/i.test(value)) return "it begins with `sha256:`, which doesn't belong here";
  return `it has ${value.length} characters and not 64 hex digits`;
}

function repaired({ document }: PluginUse, { sha256 }: CodeSource): Fix | undefined {
  const { value, at } = sha256!;
  const plain = value.replace(/^sha256:/i, "").toLowerCase();
  if (plain === value || fault(plain) !== undefined) return undefined;
  const edit = reword(document.file, at, value, plain);
  return edit === undefined ? undefined : { safety: "safe", edits: [edit] };
}

export const sha256Malformed: Rule = {
  id: "sha256-malformed",
  level: "error",
  looksAt: "remote code",
  fix: "safe",
  summary: "a digest that no file can have",
  use: (use, _, say) => {
    const { code } = use;
    if (code === null) return;
    const written = code.sha256?.value ?? "";
    // An agent of Istio's writes `nil` for none.
    const why = written === "" || written === "nil" ? undefined : fault(written);
    if (why !== undefined)
      say(code.sha256!.at, { digest: shown(written, 70), why }, { fix: repaired(use, code) });
    const inUrl = code.digest === null ? undefined : fault(code.digest.toLowerCase());
    if (inUrl !== undefined) say(code.url.at, { digest: shown(code.digest!, 70), why: inUrl });
  },
};

// Why a policy grants what it grants: comments in its text, for reviewers, outside of everything that is resolved.
// `# reason: …` stands on the line of what it explains or on the lines above it; `# reason NAME: …` may stand
// anywhere and names a call, a field or an item.
import type { Change } from "./diff.ts";
import type { PolicyDocument } from "./settings.ts";

const named = /#\s*reason\s+([^\s:][^:]*):\s*(\S.*)$/;
const plain = /#\s*reason:\s*(\S.*)$/;

/** The reason that a document's text gives for a change; null where it gives none. */
export function reasonFor(change: Change, document: PolicyDocument, text: string): string | null {
  const lines = text.split(/\r?\n/);
  const item = change.what.split(": ").at(-1)!;
  for (const line of lines) {
    const match = named.exec(line);
    if (match !== null && (match[1] === change.what || match[1] === item)) return match[2]!.trim();
  }
  const where = document.settings.get(change.path)?.where;
  if (where?.at !== "file" || where.line === undefined) return null;
  const first = where.line - 1;
  if (change.what === change.path) return near(lines, first);
  // An item of a list, in whatever form: the first line from the field on that names it, else the field's own.
  const word = new RegExp(`(^|[^\\w.-])${item.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}($|[^\\w.-])`);
  const at = lines.findIndex((line, i) => i >= first && word.test(line.replace(/#.*$/, "")));
  return near(lines, at < 0 ? first : at);
}

function near(lines: readonly string[], at: number): string | null {
  const own = plain.exec(lines[at] ?? "");
  if (own !== null) return own[1]!.trim();
  for (let i = at - 1; i >= 0 && /^\s*#/.test(lines[i]!); i--) {
    const above = plain.exec(lines[i]!);
    if (above !== null) return above[1]!.trim();
  }
  return null;
}

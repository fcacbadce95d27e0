// Keys of the runtime that would limit a plugin if Envoy had such limits.
import type { MeshDocument, RuntimeKey } from "../../model.ts";
import { blockEnd, ownsLine, removeEntry } from "../edits.ts";
import type { Edit, Rule } from "../rule.ts";

/** What no release of Envoy reads: its own keys about Wasm are `envoy.reloadable_features.…`. */
const invented =
  /^envoy\.wasm\.|(?:^|[._])wasm[._].*(?:heap_size|memory|fuel|cpu|limit)|(?:^|\.)fuel_consumption$/;

/** A layer of which nothing would be left, with all of it taken out. */
function emptied({ text }: MeshDocument["file"], parent: RuntimeKey["parent"]): Edit | undefined {
  const key = /static_layer:[ \t]*\r?\n[ \t]*$/.exec(text.slice(0, parent.at));
  if (key === null || !ownsLine(text, parent.at)) return undefined;
  const end = blockEnd(text, parent.entries.at(-1)!.at);
  const tail = text.slice(end - 2, end) === "\r\n" ? "\r\n" : "\n";
  return { from: key.index, to: end, text: `static_layer: {}${tail}` };
}

export const inventedRuntimeKey: Rule = {
  id: "invented-runtime-key",
  level: "error",
  looksAt: "layers of Envoy's runtime",
  fix: "safe",
  summary: "a runtime key that nobody reads",
  document: ({ runtimeKeys, file }, _, say) => {
    for (const { key, at, parent } of runtimeKeys) {
      if (!invented.test(key)) continue;
      const entry = parent.entries.find((one) => one.at === at)!;
      const others = parent.entries.some((one) => !invented.test(one.key));
      const edit = others ? removeEntry(file, parent, entry) : emptied(file, parent);
      const fix = edit === undefined ? undefined : ({ safety: "safe", edits: [edit] } as const);
      say(at, { key: key.slice(0, 120) }, { fix });
    }
  },
};

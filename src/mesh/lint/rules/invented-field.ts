// Fields that would limit a plugin if there were such fields.
import type { MapTree, Tree } from "../../envoy/read/tree.ts";
import type { MeshDocument, SchemaNote } from "../../model.ts";
import { ownsLine, removeBlock } from "../edits.ts";
import { inventedFields, restrictionFields } from "../invented.ts";
import type { Fix, Rule } from "../rule.ts";
import { consequence } from "../schema-rule.ts";

/** Wasm's own messages and kinds; elsewhere a word like `limits` is only unknown. */
const ours =
  /^(?:PluginConfig|VmConfig|CapabilityRestrictionConfig|Wasm|WasmPlugin|WasmConfig|WasmFilter|WasmService)$/;

function parentOf(tree: Tree, at: number): MapTree | undefined {
  if (tree.kind === "scalar") return undefined;
  const children = tree.kind === "list" ? tree.items : tree.entries.map((one) => one.value);
  if (tree.kind === "map" && tree.entries.some((one) => one.at === at)) return tree;
  for (const child of children) {
    const found = parentOf(child, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Envoy reads no such field, so nothing is lost without it; the last of a map has to stay. */
function removal(document: MeshDocument, { at }: SchemaNote): Fix | undefined {
  const parent = parentOf(document.root, at);
  if (parent === undefined || parent.entries.length < 2) return undefined;
  if (!ownsLine(document.file.text, at)) return undefined;
  const edit = removeBlock(document.file.text, at);
  return edit === undefined ? undefined : { safety: "safe", edits: [edit] };
}

/** What the note is about, if it is about an invention. */
function invention({ code, args }: SchemaNote): { field: string; what: string } | undefined {
  if (code === "article-concurrent") {
    const field = "max_capabilities_concurrent";
    return { field, what: inventedFields.get(field)! };
  }
  const field = String(args.field);
  const what = inventedFields.get(field);
  if (code !== "envoy-unknown-field" || what === undefined || restrictionFields.has(field)) {
    return undefined;
  }
  return ours.test(String(args.message)) ? { field, what } : undefined;
}

export const inventedField: Rule = {
  id: "invented-field",
  level: "error",
  looksAt: "every dialect",
  fix: "safe",
  summary: "a field that would limit a plugin, and that does not exist",
  document: (document, _, say) => {
    for (const note of document.notes) {
      const found = invention(note);
      if (found === undefined) continue;
      const args = { ...found, consequence: consequence(document) };
      say(note.at, args, { fix: removal(document, note) });
    }
  },
};

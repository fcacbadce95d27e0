// A list of names where Envoy has a map of them.
import type { ListTree } from "../../envoy/read/tree.ts";
import type { PluginUse } from "../../model.ts";
import { ownsLine } from "../edits.ts";
import type { Edit, Fix, Rule } from "../rule.ts";
import { refusal } from "../schema-rule.ts";

function columnOf(text: string, at: number): number {
  return at - text.lastIndexOf("\n", at - 1) - 1;
}

/** `- NAME` → `NAME: {}`, one by one; undefined for other forms. */
function asMap({ document, capabilities }: PluginUse, list: ListTree): Fix | undefined {
  const { text } = document.file;
  const key = columnOf(text, capabilities!.listAt);
  const edits: Edit[] = [];
  for (const item of list.items) {
    if (item.kind !== "scalar" || typeof item.value !== "string") return undefined;
    const dash = text.lastIndexOf("-", item.at - 1);
    const isPlain = text.startsWith(item.value, item.at) && /^- +$/.test(text.slice(dash, item.at));
    if (!isPlain || !ownsLine(text, dash)) return undefined;
    const deeper = columnOf(text, dash) > key ? "" : "  ";
    const end = item.at + item.value.length;
    edits.push({ from: dash, to: item.at, text: deeper }, { from: end, to: end, text: ": {}" });
  }
  return edits.length === 0 ? undefined : { safety: "safe", edits };
}

export const capabilityList: Rule = {
  id: "capability-list",
  level: "error",
  looksAt: "lists of capabilities",
  fix: "safe",
  summary: "`allowed_capabilities` as a list, where it is a map",
  use: (use, _, say) => {
    const { capabilities, document } = use;
    if (capabilities?.list?.kind !== "list") return;
    const args = { consequence: refusal(document) };
    say(capabilities.listAt, args, { fix: asMap(use, capabilities.list) });
  },
};

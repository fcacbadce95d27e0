// Names in a list that no host asks for.
import { alias } from "../../../spec/aliases.ts";
import { callback } from "../../../spec/callbacks.ts";
import { hostFunctionNamed } from "../../../spec/host-functions.ts";
import { closest } from "../../../util/closest.ts";
import type { PluginUse } from "../../model.ts";
import { shown } from "../../read/tree-access.ts";
import { capabilityNames, isCapability } from "../capability-names.ts";
import { reword } from "../edits.ts";
import type { Fix, Rule } from "../rule.ts";

/** `env.proxy_log` and `wasi_snapshot_preview1.fd_write` are common slips: names go without their module. */
const bare = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

function advice(name: string): { readonly hint: string; readonly meant: string | undefined } {
  if (callback(name) !== undefined || hostFunctionNamed(name) !== undefined) {
    return { hint: "Take it out: hosts never ask a list for it", meant: undefined };
  }
  const meant = isCapability(bare(name)) ? bare(name) : closest(bare(name), capabilityNames);
  const hint =
    meant === undefined ? "`glovebox inspect` lists what a module uses" : `Did you mean ${meant}?`;
  return { hint, meant };
}

function fixOf(
  { document, capabilities }: PluginUse,
  at: number,
  name: string,
  meant: string | undefined,
): Fix | undefined {
  if (meant === undefined || capabilities!.names.some((one) => one.value === meant))
    return undefined;
  const edit = reword(document.file, at, name, meant);
  return edit === undefined ? undefined : { safety: "unsafe", edits: [edit] };
}

export const capabilityUnknown: Rule = {
  id: "capability-unknown",
  level: "error",
  looksAt: "lists of capabilities",
  fix: "unsafe",
  summary: "a capability that no host has",
  use: (use, _, say) => {
    for (const { value, at } of use.capabilities?.names ?? []) {
      if (isCapability(value) || alias(value) !== undefined) continue;
      const { hint, meant } = advice(value);
      say(at, { name: shown(value), suggestion: hint }, { fix: fixOf(use, at, value, meant) });
    }
  },
};

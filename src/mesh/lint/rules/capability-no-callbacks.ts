// A list that doesn't let through the callbacks which the plugin lives on: hosts then never call it.
import { callback, callbacks } from "../../../spec/callbacks.ts";
import type { PluginUse } from "../../model.ts";
import { isCallback } from "../capability-names.ts";
import { insertAfter } from "../edits.ts";
import { realNames } from "../resolve-names.ts";
import type { Context, Fix, Rule } from "../rule.ts";

/** What a plugin may export: allowing what it doesn't has no effect. */
const usual = callbacks
  .filter(
    (row) =>
      row.gated &&
      !/foreign|queue|grpc|metadata|connection|_data$|validate|stats|dns/.test(row.name),
  )
  .map((row) => row.name);

/** Callbacks that the module exports and the list lacks; of an unknown module, all usual ones if the list has none. */
function missing(use: PluginUse, context: Context): readonly string[] {
  const listed = realNames(use.capabilities);
  const facts = context.module(use);
  if (facts !== null) {
    return facts.report.callbacks
      .filter(({ name, called }) => called && callback(name)?.gated === true && !listed.has(name))
      .map(({ name }) => name);
  }
  return [...listed].some(isCallback) ? [] : usual;
}

function added({ document, capabilities }: PluginUse, names: readonly string[]): Fix | undefined {
  const { list } = capabilities!;
  const last = list?.kind === "map" ? list.entries.at(-1) : undefined;
  if (last === undefined) return undefined;
  const edit = insertAfter(
    document.file,
    last.at,
    names.map((name) => `${name}: {}`),
  );
  return edit === undefined ? undefined : { safety: "safe", edits: [edit] };
}

export const capabilityNoCallbacks: Rule = {
  id: "capability-no-callbacks",
  level: "error",
  looksAt: "lists of capabilities",
  fix: "safe",
  summary: "a list without the callbacks that the plugin lives on, which silently bypasses it",
  use: (use, context, say) => {
    const { capabilities } = use;
    if (capabilities === null || capabilities.names.length === 0) return;
    const names = missing(use, context);
    if (names.length === 0) return;
    const known = context.module(use) !== null;
    const which = known ? names.join(", ") : "any callback";
    say(capabilities.listAt, { which }, { fix: added(use, names) });
  },
};

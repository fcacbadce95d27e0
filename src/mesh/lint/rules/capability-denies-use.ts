// A list that denies what the module, which is at hand, calls.
import { realNames } from "../resolve-names.ts";
import type { Rule } from "../rule.ts";

export const capabilityDeniesUse: Rule = {
  id: "capability-denies-use",
  level: "warning",
  looksAt: "lists of capabilities of modules that are at hand",
  fix: null,
  summary: "a list that denies a call which makes the plugin trap",
  use: (use, context, say) => {
    const { capabilities } = use;
    if (capabilities === null || capabilities.names.length === 0) return;
    const listed = realNames(capabilities);
    const denied = (context.module(use)?.report.imports ?? []).filter(
      ({ capability, reach, denialTraps }) =>
        capability !== null && reach === "reachable" && denialTraps && !listed.has(capability),
    );
    const names = [...new Set(denied.map((one) => one.name))];
    if (names.length > 0) say(capabilities.listAt, { names: names.slice(0, 8).join(", ") });
  },
};

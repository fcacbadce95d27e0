// The article's list of clusters, in the plugin's own configuration.
import type { Rule } from "../rule.ts";

const KEY = "allowed_dispatch_clusters";

export const dispatchListUnenforced: Rule = {
  id: "dispatch-list-unenforced",
  level: "warning",
  looksAt: "configurations of plugins",
  fix: null,
  summary: "a list of clusters that only the plugin itself could keep to",
  use: ({ configuration, document }, _, say) => {
    if (configuration === null || !configuration.value.includes(`"${KEY}"`)) return;
    const { text } = document.file;
    const at = text.indexOf(KEY, configuration.at);
    say(at < 0 || at > document.to ? configuration.at : at);
  },
};

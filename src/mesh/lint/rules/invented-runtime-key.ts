// Keys of the runtime that would limit a plugin if Envoy had such limits.
import { removeEntry } from "../edits.ts";
import type { Rule } from "../rule.ts";

/** What no release of Envoy reads: its own keys about Wasm are `envoy.reloadable_features.…`. */
const invented = /^envoy\.wasm\.|^wasm\.(?!$)|(?:^|\.)(?:fuel_consumption|heap_size_limit)$/;

export const inventedRuntimeKey: Rule = {
  id: "invented-runtime-key",
  level: "error",
  looksAt: "layers of Envoy's runtime",
  fix: "safe",
  summary: "a runtime key that nobody reads",
  document: ({ runtimeKeys, file }, _, say) => {
    for (const { key, at, parent } of runtimeKeys) {
      if (!invented.test(key)) continue;
      const entry = parent.entries.find((one) => one.at === at);
      const others = parent.entries.filter((one) => !invented.test(one.key)).length;
      const edit =
        entry === undefined || others === 0 ? undefined : removeEntry(file, parent, entry);
      const fix = edit === undefined ? undefined : ({ safety: "safe", edits: [edit] } as const);
      say(at, { key: key.slice(0, 120) }, { fix });
    }
  },
};

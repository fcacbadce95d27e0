// A key that nobody verifies with.
import { entryOf } from "../../read/tree-access.ts";
import type { Rule } from "../rule.ts";

export const verificationKey: Rule = {
  id: "verification-key",
  level: "error",
  looksAt: "WasmPlugin and TrafficExtension",
  fix: null,
  summary: "`verificationKey`, which Istio never implemented",
  use: ({ dialect, tree }, _, say) => {
    if (dialect !== "wasm-plugin" && dialect !== "traffic-extension") return;
    const entry = entryOf(tree, "verificationKey");
    if (entry !== undefined) say(entry.at);
  },
};

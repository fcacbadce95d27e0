// Native code out of a module's own custom section.

import { under } from "../../read/tree-access.ts";
import { replaceScalar } from "../edits.ts";
import type { Fix, Rule } from "../rule.ts";

export const allowPrecompiled: Rule = {
  id: "allow-precompiled",
  level: "error",
  looksAt: "Envoy's own configuration, wherever it stands",
  fix: "safe",
  summary: "machine code that a module brings is run unchecked",
  use: ({ allowPrecompiled: flag, tree, document, runtime }, _, say) => {
    if (flag?.value !== true || runtime?.value === "envoy.wasm.runtime.null") return;
    const value = under(tree, "vm_config", "allow_precompiled");
    const edit = value === undefined ? undefined : replaceScalar(document.file, value, "false");
    const fix: Fix | undefined = edit === undefined ? undefined : { safety: "safe", edits: [edit] };
    say(flag.at, {}, { fix });
  },
};

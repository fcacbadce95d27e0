// References to WebAssembly Hub, which nobody runs any more.
import type { Rule } from "../rule.ts";

export const registryAbandoned: Rule = {
  id: "registry-abandoned",
  level: "warning",
  looksAt: "code in registries",
  fix: null,
  summary: "a module in a registry that was given up",
  use: ({ code }, _, say) => {
    if (code !== null && /(?:^|\/\/|\.)webassemblyhub\.io(?:\/|:|$)/.test(code.url.value))
      say(code.url.at);
  },
};

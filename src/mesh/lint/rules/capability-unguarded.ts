// Calls whose argument decides how bad they are, allowed with any argument.
import { realName } from "../resolve-names.ts";
import type { Rule } from "../rule.ts";

const reaches: Readonly<Record<string, string>> = {
  proxy_http_call: "every cluster that the proxy knows, its control plane's too",
  proxy_grpc_call: "every cluster that the proxy knows, and targets that the plugin makes up",
  proxy_grpc_stream: "every cluster that the proxy knows, and targets that the plugin makes up",
  proxy_call_foreign_function: "every function of the proxy's own, whatever it does",
};

export const capabilityUnguarded: Rule = {
  id: "capability-unguarded",
  level: "warning",
  looksAt: "lists of capabilities",
  fix: null,
  summary: "a call of high risk that nothing bounds",
  use: (use, context, say) => {
    if (context.module(use)?.report.hardened === true) return;
    for (const { value, at } of use.capabilities?.names ?? []) {
      const name = realName(value);
      if (Object.hasOwn(reaches, name)) say(at, { name, reaches: reaches[name]! });
    }
  },
};

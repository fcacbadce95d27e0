// Nothing says what becomes of a plugin after a trap, so it stays dead.
import { saysAllOfEnvoy } from "../../model.ts";
import type { Rule } from "../rule.ts";
import { isBuiltIn, judge } from "../security.ts";
import { has, istioSince } from "../targets.ts";

const RELOAD_SINCE = "1.27";

export const noReload: Rule = {
  id: "no-reload",
  level: "info",
  looksAt: "plugins in the request path",
  fix: null,
  summary: "nothing says what a trap does, so one ends the plugin until a restart",
  use: (use, { targets }, say) => {
    const { failure, dialect, position, partial } = use;
    if (partial || (position !== "http-filter" && position !== "network-filter")) return;
    if (isBuiltIn(use)) return;
    if (failure.policy !== null || failure.failOpen !== null || use.code === null) return;
    const field =
      dialect === "wasm-plugin" || dialect === "traffic-extension"
        ? istioSince(targets, RELOAD_SINCE) && "failStrategy: FAIL_RELOAD"
        : saysAllOfEnvoy(dialect) &&
          has(targets, dialect, "failure-policy") &&
          "failure_policy: FAIL_RELOAD";
    if (field === false) return;
    const what = judge(use)?.security === true ? "refused" : "answered with 503";
    say(use.name.at, { name: use.name.value, what, field });
  },
};
